/** Data files that are elsewhere: what an address stands for, and what a manifest names. */
import { dirname, posix, resolve } from 'node:path'
import { CoppiceError } from '@coppice/model'
import picomatch from 'picomatch'
import { formatOfName } from '../input-format.js'
import type { Format } from '../reader.js'
import { DefiniteError } from './definite-error.js'
import { type Expanded, isHidden } from './expanded.js'
import { openSource, type SourceOptions } from './open-source.js'
import { existsInS3, listS3 } from './s3-source.js'
import { displayUri, localPath, parseHttp, parseS3, uriKind } from './uri.js'

/** A manifest of a million partitions is about this large. */
const manifestBytesMax = 1 << 28

/**
 * The files that an http: or s3: uri stands for.
 *
 * Rejects with CoppiceError 'IO' for what is not there, and for folders over HTTP.
 */
export async function expandRemote(uri: string, format?: Format): Promise<Expanded> {
  return uriKind(uri) === 'http' ? expandHttp(uri) : expandS3(uri, format)
}

function expandHttp(uri: string): Expanded {
  const { pathname } = parseHttp(uri)
  if (pathname.endsWith('/') || /[*[]|%7b/i.test(pathname)) {
    throw new DefiniteError(
      `cannot read ${displayUri(uri)}: web servers do not list their files; name the files, or a ` +
        `manifest (\`coppice partition\` writes one)`,
    )
  }
  return pathname.endsWith('.json') ? { manifest: uri } : { paths: [uri] }
}

async function expandS3(uri: string, format?: Format): Promise<Expanded> {
  const { bucket, key } = parseS3(uri)
  if (/[*?[{]/.test(key)) return { paths: await matchS3(bucket, key) }
  if (key === '' || key.endsWith('/')) return expandS3Folder(bucket, key, format)
  const isNamed = key.endsWith('.json') || formatOfName(key) !== null
  if (!isNamed && !(await existsInS3(uri))) return expandS3Folder(bucket, `${key}/`, format)
  return key.endsWith('.json') ? { manifest: uri } : { paths: [uri] }
}

/** Objects whose keys match a pattern. */
async function matchS3(bucket: string, pattern: string): Promise<string[]> {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => /[*?[{]/.test(part))
  const base = parts.slice(0, first).map((part) => `${part}/`).join('')
  const isMatch = picomatch(pattern, { dot: false })
  const uris = (await listS3(`s3://${bucket}/${base}`)).filter((uri) =>
    isMatch(parseS3(uri).key),
  )
  if (uris.length > 0) return uris
  throw new CoppiceError(
    'IO',
    `no object matches the pattern s3://${bucket}/${pattern} (looked in s3://${bucket}/${base}); ` +
      `check it, and quote it where a shell would expand it`,
  )
}

async function expandS3Folder(bucket: string, key: string, format?: Format): Promise<Expanded> {
  const folder = `s3://${bucket}/${key}`
  const uris = await listS3(folder)
  const manifest = `${folder}manifest.json`
  if (uris.includes(manifest)) return { manifest }
  const paths = uris
    .filter((uri) => !isHidden(uri.slice(folder.length)))
    .filter((uri) => format !== undefined || formatOfName(uri) !== null)
  if (paths.length > 0) return { paths }
  throw new CoppiceError(
    'IO',
    `there is no data file at ${folder}; put Parquet, Arrow, CSV, TSV, LibSVM or .npy files ` +
      `there, or check the address`,
  )
}

/** The text of a manifest that is elsewhere. Rejects with CoppiceError 'IO'. */
export async function readRemoteText(uri: string, options: SourceOptions): Promise<string> {
  const source = await openSource(uri, options)
  try {
    if (source.byteLength > manifestBytesMax) {
      throw new CoppiceError(
        'IO',
        `${source.name} has ${source.byteLength} bytes, too many for a manifest; data files must ` +
          `not end in .json`,
      )
    }
    return new TextDecoder().decode(await source.slice(0, source.byteLength))
  } finally {
    await source.close()
  }
}

/**
 * Where a manifest's partition is.
 *
 * Throws CoppiceError 'IO' for a manifest from elsewhere that names files of this machine.
 *
 * @param manifest - path or uri of the manifest
 */
export function resolveUri(uri: string, manifest: string): string {
  const isAbsolute = uri.startsWith('file:') || /^[a-z][a-z0-9+.-]+:\/\//i.test(uri)
  const kind = uriKind(manifest)
  if (isAbsolute && uriKind(uri) !== 'path') return uri
  if (kind === 'path') {
    return isAbsolute ? localPath(uri) : resolve(dirname(localPath(manifest)), uri)
  }
  if (isAbsolute) {
    throw new CoppiceError(
      'IO',
      `the manifest ${displayUri(manifest)} names the local file ${uri}; a manifest that is ` +
        `elsewhere may only name files that are elsewhere`,
    )
  }
  if (kind === 'http') {
    // A name is a path, in which '?', '#' and '%' mean themselves.
    const path = uri.split('/').map(encodeURIComponent).join('/')
    return new URL(path, parseHttp(manifest)).href
  }
  const { bucket, key } = parseS3(manifest)
  const target = uri.startsWith('/') ? uri.slice(1) : posix.join(posix.dirname(key), uri)
  return `s3://${bucket}/${target}`
}
