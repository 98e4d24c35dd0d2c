/** What the address of a file says: where it is, and what to call it in messages. */
import { fileURLToPath } from 'node:url'
import { CoppiceError } from '@coppice/model'
import { DefiniteError } from './definite-error.js'

/** The kinds of addresses that can be read. */
export type UriKind = 'path' | 'http' | 's3'

const scheme = /^([a-z][a-z0-9+.-]+):\/\//i

/**
 * What kind of address this is; `file:` uris are paths.
 *
 * Throws a DefiniteError for schemes that are not read, and for credentials in a URL.
 */
export function uriKind(uri: string): UriKind {
  const name = scheme.exec(uri)?.[1]?.toLowerCase() ?? 'file'
  if (name === 'file' || uri.startsWith('file:')) return 'path'
  if (name === 's3') return 's3'
  if (name !== 'http' && name !== 'https') {
    throw new DefiniteError(
      `cannot read ${uri}: only local files, http://, https:// and s3:// are read; copy it to ` +
        `one of these or mount it`,
    )
  }
  parseHttp(uri)
  return 'http'
}

/** Whether a file is read from this machine's file system. */
export function isLocalUri(uri: string): boolean {
  return uriKind(uri) === 'path'
}

/** The path of a local file. */
export function localPath(uri: string): string {
  if (!uri.startsWith('file:')) return uri
  try {
    return fileURLToPath(uri)
  } catch (error) {
    throw new CoppiceError('IO', `cannot read ${uri}: it is not the uri of a local file`, {
      cause: error,
    })
  }
}

/** The URL of a file on a web server. Throws a DefiniteError when it is none. */
export function parseHttp(uri: string): URL {
  let url: URL
  try {
    url = new URL(uri)
  } catch (error) {
    throw new DefiniteError(`cannot read ${uri}: it is not a URL`, { cause: error })
  }
  if (url.username === '' && url.password === '') return url
  throw new DefiniteError(
    `cannot read from ${url.host}: URLs with a user and password are not taken, since they end ` +
      `up in logs; give them as a header, or use a signed URL`,
  )
}

/** Bucket and key of an s3: uri; the key may be empty. Throws a DefiniteError. */
export function parseS3(uri: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/is.exec(uri) ?? []
  if (bucket !== undefined && key !== undefined) return { bucket, key }
  throw new DefiniteError(`cannot read ${uri}: it must be s3://BUCKET/KEY`)
}

/**
 * Whether a URL is of a server on whatever machine asks, so that each may get another answer.
 *
 * @param url - of WHATWG form, in which addresses have one spelling
 */
export function isLoopback({ hostname }: URL): boolean {
  return /^(.*\.)?localhost\.?$|^127(\.\d+){3}$|^\[::1\]$|^\[::ffff:7f[0-9a-f]{2}:/.test(hostname)
}

/** Names of query parameters that let anybody in who knows them. */
const secret = /(sig|token|credential|password|secret|key)/i

/** What a file is called in messages: its address, without the secrets of a signed URL. */
export function displayUri(uri: string): string {
  if (uriKind(uri) !== 'http') return uri
  const query = uri.indexOf('?')
  if (query < 0) return uri
  const shown = uri.slice(query + 1).split('&').map((part) => {
    const [name] = part.split('=', 1)
    return secret.test(name!) ? `${name}=...` : part
  })
  return `${uri.slice(0, query)}?${shown.join('&')}`
}
