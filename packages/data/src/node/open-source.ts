import type { CacheSettings } from './block-cache.js'
import { cachedReader, type CacheNotice } from './cached-reader.js'
import { type FileSource, openFileSource } from './file-source.js'
import type { HttpSettings } from './http-ranges.js'
import { openHttpSource } from './http-source.js'
import type { RangeReader } from './remote-source.js'
import { openS3Source } from './s3-source.js'
import { localPath, uriKind } from './uri.js'

/** How files elsewhere are fetched. */
export interface SourceOptions {
  /**
   * Headers of the requests for a file over HTTP, such as Authorization; called once for each
   * file. Without it no header is sent that tells who asks.
   */
  readonly headersFor?:
    ((uri: string) => Readonly<Record<string, string>> | undefined) | undefined
  readonly http?: HttpSettings | undefined
  /** Where what was fetched is kept, for later and for other processes; see `prepareCache`. */
  readonly cache?: CacheSettings | undefined
  /** Hears of files that are not kept, and why; may be told the same again and again. */
  readonly onCacheNotice?: ((notice: CacheNotice) => void) | undefined
}

/**
 * Opens a file for reading in any order: a path, or a file:, http:, https: or s3: uri. Close it
 * when done.
 *
 * Rejects with CoppiceError 'IO' that names the file, when it cannot be opened; so does `slice`,
 * also when the file was changed in the meantime. s3: uris need the package @aws-sdk/client-s3.
 */
export function openSource(uri: string, options: SourceOptions = {}): Promise<FileSource> {
  const { headersFor, http, cache, onCacheNotice = () => undefined } = options
  const keep = cache === undefined ? undefined
    : (reader: RangeReader): RangeReader => cachedReader(uri, reader, cache, onCacheNotice)
  switch (uriKind(uri)) {
    case 'path':
      return openFileSource(localPath(uri))
    case 'http':
      return openHttpSource(uri, headersFor?.(uri), http, keep)
    case 's3':
      return openS3Source(uri, keep)
  }
}
