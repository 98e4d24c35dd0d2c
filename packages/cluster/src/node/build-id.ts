import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROTOCOL_VERSION } from '../protocol/messages.js'

/** A package, and what of its programs decides bytes. */
export interface BuildPackage {
  readonly name: string
  /** The folder of its package.json, as a file: uri that ends in a slash. */
  readonly root: string
  /** Folders below `dist/src/` that count; '' is all of it. */
  readonly folders: readonly string[]
  /** Folders of these that do not. */
  readonly without?: readonly string[]
}

let known: string | null = null

/**
 * What decides the bytes of a model, as 16 hex digits: the versions of the packages that compute,
 * their programs (the kernels' WebAssembly among them, which is a file of JavaScript), and the
 * protocol. Coordinator and workers must have the same. The programs are read as modules
 * (dist/src), of which the files that run (dist/lib) are made: in these it is not seen what decides
 * bytes and what does not. It does not depend on where the packages are installed. Computed once:
 * it reads a megabyte, which takes some 30 ms.
 */
export function buildId(): string {
  known ??= buildIdOf(buildPackages())
  return known
}

/** The packages as they are installed for this process. */
export function buildPackages(): BuildPackage[] {
  const rootOf = (name: string): string =>
    new URL('../../', import.meta.resolve(`@coppice/${name}`)).href
  return [
    { name: 'model', root: rootOf('model'), folders: [''] },
    { name: 'engine', root: rootOf('engine'), folders: [''] },
    { name: 'data', root: rootOf('data'), folders: [''], without: ['writers'] },
    { name: 'cluster', root: rootOf('cluster'), folders: ['reduce', 'wire'] },
  ]
}

/** The build of these packages. @throws the system's error where a file cannot be read */
export function buildIdOf(packages: readonly BuildPackage[]): string {
  const hash = createHash('sha256').update(`protocol ${PROTOCOL_VERSION}\n`)
  for (const { name, root, folders, without = [] } of packages) {
    const path = fileURLToPath(root)
    const manifest = readFileSync(join(path, 'package.json'), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    hash.update(`@coppice/${name} ${version}\n`)
    for (const folder of folders) {
      const below = folder === '' ? 'dist/src/' : `dist/src/${folder}/`
      for (const file of programsIn(join(path, below))) {
        if (without.some((left) => `${folder}/${file}`.startsWith(`${folder}/${left}/`))) continue
        const program = normalised(readFileSync(join(path, below, file), 'utf8'))
        // lengths, so that no two lists of files make the same text
        hash.update(`${below}${file} ${program.length}\n${program}`)
      }
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** Names of all programs below a folder, with slashes, in the order of their code units. */
function programsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.js'))
    .sort((a, b) => (a < b ? -1 : 1))
}

const mapLine = '\n//# sourceMappingURL='

/** Without what says nothing of what a program does: ends of lines, and where its map is. */
function normalised(program: string): string {
  const text = program.includes('\r') ? program.replaceAll('\r\n', '\n') : program
  const map = text.lastIndexOf(mapLine)
  const isLast = map >= 0 && !/\s\S/.test(text.slice(map + mapLine.length))
  return isLast ? text.slice(0, map + 1) : text
}
