import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CoppiceError, compareUtf8 } from '@coppice/model'
import { glob } from 'tinyglobby'
import { DETECT_BYTES, detectFormat } from '../formats/detect.js'
import { formatOfName } from '../input-format.js'
import { parseManifest } from '../manifest.js'
import type { Format } from '../reader.js'
import { ioError, openFileSource } from './file-source.js'

/** A data file to be loaded. */
export interface InputPartition {
  /** Path to open. */
  readonly path: string
  readonly format: Format
  /** Rows and SHA-256 that a manifest promises, or null. */
  readonly expected: { readonly rows: number; readonly hash: string } | null
}

/**
 * Expands paths, folders, glob patterns (`*`, `**`, `?`, `[a-z]`, `{a,b}`) or one manifest to an
 * ordered list of partitions: a manifest's own order, else sorted by the UTF-8 bytes of the path.
 * A folder stands for its manifest.json, or else for all data files below it.
 *
 * Throws CoppiceError 'IO' for what is missing, 'DATA' for duplicates and unknown formats.
 *
 * @param format - the format of all files, instead of what their names say
 */
export async function resolveInputs(
  inputs: string | readonly string[],
  format?: Format,
): Promise<InputPartition[]> {
  const given = typeof inputs === 'string' ? [inputs] : inputs
  if (given.length === 0) {
    throw new CoppiceError('DATA', 'no input is given: pass files, folders, patterns or a manifest')
  }
  const paths: { path: string; input: string }[] = []
  for (const input of given) {
    const expanded = await expandInput(input, format)
    if ('manifest' in expanded) {
      if (given.length === 1) return readManifest(expanded.manifest)
      throw new CoppiceError(
        'DATA',
        `the manifest ${expanded.manifest} must be the only input; list all partitions in one ` +
          `manifest, or pass data files only`,
      )
    }
    for (const path of expanded.paths) paths.push({ path, input })
  }
  paths.sort((a, b) => compareUtf8(sortKey(a.path), sortKey(b.path)))
  await refuseDuplicates(paths)
  const partitions: InputPartition[] = []
  for (const { path } of paths) {
    partitions.push({ path, format: format ?? (await lookInto(path)), expected: null })
  }
  return partitions
}

async function lookInto(path: string): Promise<Format> {
  const source = await openFileSource(path)
  try {
    return detectFormat(path, await source.slice(0, Math.min(DETECT_BYTES, source.byteLength)))
  } finally {
    await source.close()
  }
}

type Expanded = { readonly paths: readonly string[] } | { readonly manifest: string }

async function expandInput(input: string, format?: Format): Promise<Expanded> {
  const path = input.startsWith('file:') ? fileURLToPath(input) : input
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new CoppiceError(
      'IO',
      `cannot read ${input}: only local files are read; copy it to a local disk or mount it`,
    )
  }
  const kind = await kindOf(path)
  if (kind === 'folder') return expandFolder(path, format)
  if (kind === 'file') return path.endsWith('.json') ? { manifest: path } : { paths: [path] }
  if (/[*?[{]/.test(path)) return { paths: await expandGlob(path) }
  throw new CoppiceError(
    'IO',
    `cannot read ${path}: no such file or folder (looked in ${process.cwd()}); check the path`,
  )
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw ioError(`cannot read ${path}`, error)
  }
}

async function expandFolder(folder: string, format?: Format): Promise<Expanded> {
  const manifest = join(folder, 'manifest.json')
  if ((await kindOf(manifest)) === 'file') return { manifest }
  let entries
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    throw ioError(`cannot list ${folder}`, error)
  }
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !isHidden(relative(folder, path)))
    .filter((path) => format !== undefined || formatOfName(path) !== null)
  if (paths.length > 0) return { paths }
  throw new CoppiceError(
    'IO',
    `the folder ${resolve(folder)} holds no data file; put Parquet, Arrow, CSV, TSV, LibSVM or ` +
      `.npy files there or pass another folder`,
  )
}

/** Names that begin with '.' or '_' are not data (as in Spark and Hive). */
function isHidden(path: string): boolean {
  return path.split(/[/\\]/).some((part) => part.startsWith('.') || part.startsWith('_'))
}

async function expandGlob(pattern: string): Promise<string[]> {
  let paths
  try {
    paths = await glob(pattern, { expandDirectories: false, onlyFiles: true, dot: false })
  } catch (error) {
    throw ioError(`cannot expand ${pattern}`, error)
  }
  if (paths.length > 0) return paths
  throw new CoppiceError(
    'IO',
    `no file matches the pattern ${pattern} (looked in ${resolve(globBase(pattern))}); check it, ` +
      `and quote it where a shell would expand it`,
  )
}

/** The folder before the first part that has a special character. */
function globBase(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => /[*?[{]/.test(part))
  const base = parts.slice(0, first).join('/')
  return base === '' ? (pattern.startsWith('/') ? '/' : '.') : base
}

function sortKey(path: string): string {
  return resolve(path).replaceAll('\\', '/')
}

async function refuseDuplicates(paths: readonly { path: string; input: string }[]): Promise<void> {
  const seen = new Map<string, string>()
  for (const { path, input } of paths) {
    let real
    try {
      real = await realpath(path)
    } catch (error) {
      throw ioError(`cannot read ${path}`, error)
    }
    const twin = seen.get(real)
    if (twin !== undefined) {
      throw new CoppiceError(
        'DATA',
        `${path} is given twice, by '${twin}' and by '${input}'; its rows would count double: ` +
          `name each file once`,
      )
    }
    seen.set(real, input)
  }
}

async function readManifest(path: string): Promise<InputPartition[]> {
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read the manifest ${path}`, error)
  }
  const folder = dirname(path)
  const partitions = parseManifest(text, path).partitions.map(({ uri, format, rows, hash }) => {
    const target = uri.startsWith('file:') ? fileURLToPath(uri) : resolve(folder, uri)
    return { path: target, format, expected: { rows, hash } }
  })
  const missing = []
  for (const { path: target } of partitions) {
    if ((await kindOf(target)) !== 'file') missing.push(target)
  }
  if (missing.length > 0) {
    throw new CoppiceError(
      'IO',
      `the manifest ${path} names ${missing[0]}, which is not there (${missing.length} of ` +
        `${partitions.length} partitions are missing); copy the partitions beside the manifest`,
    )
  }
  await refuseDuplicates(partitions.map(({ path: target }) => ({ path: target, input: path })))
  return partitions
}
