import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { CoppiceError, compareUtf8 } from '@coppice/model'
import { glob } from 'tinyglobby'
import { DETECT_BYTES, detectFormat } from '../formats/detect.js'
import { formatOfName } from '../input-format.js'
import { parseManifest } from '../manifest.js'
import type { Format } from '../reader.js'
import { ioError } from './file-source.js'
import { allInOrder } from './all-in-order.js'
import { type Expanded, isHidden } from './expanded.js'
import { openSource, type SourceOptions } from './open-source.js'
import { expandRemote, readRemoteText, resolveUri } from './remote-inputs.js'
import { displayUri, isLocalUri, localPath, parseHttp, uriKind } from './uri.js'

/** A data file to be loaded. */
export interface InputPartition {
  /** Path to open, or its http:, https: or s3: uri. */
  readonly path: string
  readonly format: Format
  /** Rows and SHA-256 that a manifest promises, or null. */
  readonly expected: { readonly rows: number; readonly hash: string } | null
}

/** Files elsewhere that are looked into at a time. */
const nLooks = 16

/**
 * Expands paths, folders, glob patterns (`*`, `**`, `?`, `[a-z]`, `{a,b}`) or one manifest to an
 * ordered list of partitions: a manifest's own order, else sorted by the UTF-8 bytes of the path.
 * A folder stands for its manifest.json, or else for all data files below it.
 *
 * Uris are taken too: file:, http: and https: of files and of manifests (what they name is found
 * relative to them), s3: of objects, folders, patterns and manifests.
 *
 * Throws CoppiceError 'IO' for what is missing, 'DATA' for duplicates and unknown formats.
 *
 * @param format - the format of all files, instead of what their names say
 * @param options - how files elsewhere are fetched
 */
export async function resolveInputs(
  inputs: string | readonly string[],
  format?: Format,
  options: SourceOptions = {},
): Promise<InputPartition[]> {
  const given = typeof inputs === 'string' ? [inputs] : inputs
  if (given.length === 0) {
    throw new CoppiceError('DATA', 'no input is given: pass files, folders, patterns or a manifest')
  }
  const paths: { path: string; input: string }[] = []
  for (const input of given) {
    const expanded = await expandInput(input, format)
    if ('manifest' in expanded) {
      if (given.length === 1) return readManifest(expanded.manifest, options)
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
  for (let i = 0; i < paths.length; i += nLooks) {
    const looks = paths.slice(i, i + nLooks).map(async ({ path }) => {
      return { path, format: format ?? (await lookInto(path, options)), expected: null }
    })
    partitions.push(...(await allInOrder(looks)))
  }
  return partitions
}

async function lookInto(path: string, options: SourceOptions): Promise<Format> {
  const source = await openSource(path, options)
  const name = uriKind(path) === 'http' ? parseHttp(path).pathname : path
  try {
    return detectFormat(name, await source.slice(0, Math.min(DETECT_BYTES, source.byteLength)))
  } finally {
    await source.close()
  }
}

async function expandInput(input: string, format?: Format): Promise<Expanded> {
  if (!isLocalUri(input)) return expandRemote(input, format)
  const path = localPath(input)
  const kind = await kindOf(path)
  if (kind === 'folder') return expandFolder(path, format)
  if (kind === 'file') return path.endsWith('.json') ? { manifest: path } : { paths: [path] }
  if (/[*?[{]/.test(path)) return { paths: await expandGlob(path) }
  throw new CoppiceError(
    'IO',
    `cannot read ${path}: no such file or folder${lookedIn(path, '.')}; check the path`,
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
    `no file matches the pattern ${pattern}${lookedIn(pattern, globBase(pattern))}; check it, ` +
      `and quote it where a shell would expand it`,
  )
}

/** Where what was given relative to this process's folder was looked for. */
function lookedIn(path: string, folder: string): string {
  return isAbsolute(path) ? '' : ` (looked in ${resolve(folder)})`
}

/** The folder before the first part that has a special character. */
function globBase(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => /[*?[{]/.test(part))
  const base = parts.slice(0, first).join('/')
  return base === '' ? (pattern.startsWith('/') ? '/' : '.') : base
}

function sortKey(path: string): string {
  if (!isLocalUri(path)) return path
  return resolve(path).replaceAll('\\', '/')
}

async function refuseDuplicates(paths: readonly { path: string; input: string }[]): Promise<void> {
  const seen = new Map<string, string>()
  for (const { path, input } of paths) {
    const identity = await identityOf(path)
    const twin = seen.get(identity)
    if (twin !== undefined) {
      throw new CoppiceError(
        'DATA',
        `${displayUri(path)} is given twice, by '${displayUri(twin)}' and by ` +
          `'${displayUri(input)}'; its rows would count double: name each file once`,
      )
    }
    seen.set(identity, input)
  }
}

/** The same for two names of one file. */
async function identityOf(path: string): Promise<string> {
  const kind = uriKind(path)
  if (kind === 'http') return parseHttp(path).href
  if (kind === 's3') return path
  try {
    return await realpath(path)
  } catch (error) {
    throw ioError(`cannot read ${path}`, error)
  }
}

async function readManifest(at: string, options: SourceOptions): Promise<InputPartition[]> {
  const text = isLocalUri(at) ? await readText(at) : await readRemoteText(at, options)
  const name = displayUri(at)
  const partitions = parseManifest(text, name).partitions.map(({ uri, format, rows, hash }) => {
    return { path: resolveUri(uri, at), format, expected: { rows, hash } }
  })
  const missing = []
  for (const { path } of partitions) {
    // What is elsewhere is found out when it is opened.
    if (isLocalUri(path) && (await kindOf(path)) !== 'file') missing.push(path)
  }
  if (missing.length > 0) {
    throw new CoppiceError(
      'IO',
      `the manifest ${name} names ${missing[0]}, which is not there (${missing.length} of ` +
        `${partitions.length} partitions are missing); copy the partitions beside the manifest`,
    )
  }
  await refuseDuplicates(partitions.map(({ path }) => ({ path, input: at })))
  return partitions
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read the manifest ${path}`, error)
  }
}
