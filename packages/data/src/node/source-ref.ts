import type { Format } from '../reader.js'
import type { CacheSettings } from './block-cache.js'
import type { HttpSettings } from './http-ranges.js'

/** How a thread gets at a file. Plain data. */
export interface SourceRef {
  /** Path, or file:, http:, https: or s3: uri. */
  readonly uri: string
  readonly format: Format
  /** What the file is called in messages; default: the uri. */
  readonly name?: string | undefined
  /** Headers of requests, where it is fetched over HTTP. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly http?: HttpSettings | undefined
  /** Where it is kept once it is fetched. */
  readonly cache?: CacheSettings | undefined
}

/** Where a partition is, and what a manifest promises of it. */
export interface PartitionSource {
  /** Path, or file:, http:, https: or s3: uri. */
  readonly uri: string
  readonly format: Format
  readonly expected: { readonly rows: number; readonly hash: string } | null
}
