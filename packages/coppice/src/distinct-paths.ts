/** No file that is read may be written to: found out before the work. */
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Format } from '@coppice/api'
import { resolveInputs } from '@coppice/api/command'
import { UsageError } from './exit-codes.js'

/** A file and the flag that names it. */
export interface NamedFile {
  /** With its dashes: `--data`. */
  readonly flag: string
  readonly path: string
}

/**
 * The files that a flag for rows stands for: those that its folders and patterns hold, and the
 * manifest where there is one.
 *
 * @param flag - with its dashes
 * @throws CoppiceError 'IO' or 'DATA' for inputs that cannot be used
 */
export async function filesOf(
  flag: string, inputs: readonly string[], format: Format | undefined,
): Promise<NamedFile[]> {
  const partitions = await resolveInputs(inputs, format)
  const given = inputs.map(localPath)
  return [...partitions.map(({ path }) => path), ...given,
    ...given.map((path) => join(path, 'manifest.json'))].map((path) => ({ flag, path }))
}

/**
 * Refuses an output that is an input, or another output, under whatever name: the one would
 * overwrite the other. Links are followed.
 *
 * @param mayShare - pairs of flags that may name one file
 * @throws UsageError that names both flags
 */
export async function requireDistinct(
  outputs: readonly NamedFile[], inputs: readonly NamedFile[],
  mayShare: readonly (readonly [output: string, input: string])[] = [],
): Promise<void> {
  const read: (NamedFile & { readonly identity: string })[] = []
  for (const input of inputs) read.push({ ...input, identity: await identify(input.path) })
  const outputOf = new Map<string, NamedFile>()
  for (const output of outputs) {
    const { flag, path } = output
    const identity = await identify(path)
    const other = outputOf.get(identity)
    if (other !== undefined) {
      throw new UsageError(`${other.flag} and ${flag} would both write ${path}; ` +
        'give them different files')
    }
    outputOf.set(identity, output)
    const input = read.find((each) => each.identity === identity &&
      !mayShare.some(([from, to]) => from === flag && to === each.flag))
    if (input !== undefined) {
      throw new UsageError(`${flag} ${path} would overwrite what ${input.flag} reads; ` +
        'name another file')
    }
  }
}

/**
 * Refuses a folder to write to that lies in a folder (or pattern) that is read: the next run
 * would read what this one wrote.
 * @throws UsageError that names both
 */
export async function requireOutside(
  output: NamedFile, flag: string, inputs: readonly string[],
): Promise<void> {
  const folder = await realLocation(output.path)
  for (const input of inputs) {
    const base = await folderOf(localPath(input))
    if (base === null) continue
    const way = relative(base, folder)
    if (way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way) continue
    throw new UsageError(`${output.flag} ${output.path} lies in ${input}, which ${flag} reads; ` +
      'write to a folder outside of it')
  }
}

/** The folder whose files, at any depth, an input stands for; null for other inputs. */
async function folderOf(input: string): Promise<string | null> {
  const found = await stat(input).catch(() => null)
  if (found !== null) return found.isDirectory() ? realpath(input) : null
  const deep = input.indexOf('**')
  if (deep < 0) return null
  const fixed = input.slice(0, deep).split('/').slice(0, -1)
  const special = fixed.findIndex((part) => /[*?[{]/.test(part))
  const base = (special < 0 ? fixed : fixed.slice(0, special)).join('/')
  return realLocation(base === '' && !input.startsWith('/') ? '.' : base || '/')
}

function localPath(input: string): string {
  return input.startsWith('file:') ? fileURLToPath(input) : input
}

/** The same for two paths exactly when they are the same file, also by hard links. */
async function identify(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null)
  return found === null ? await realLocation(path) : `${found.dev}:${found.ino}`
}

/** The absolute path, with the links of that part of it that exists followed. */
async function realLocation(path: string): Promise<string> {
  let rest = ''
  for (let at = resolve(path); ; at = dirname(at)) {
    const real = await realpath(at).catch(() => null)
    if (real !== null) return join(real, rest)
    if (at === dirname(at)) return resolve(path)
    rest = join(basename(at), rest)
  }
}
