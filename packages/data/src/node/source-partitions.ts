import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { CoppiceError } from '@coppice/model'
import type { OpenPartition, PartitionAccess } from '../loading/tasks.js'
import type { ByteSource } from '../reader.js'
import { readerOf } from '../readers.js'
import { type FileSource, ioError } from './file-source.js'
import type { CacheNotice } from './cached-reader.js'
import { openSource, type SourceOptions } from './open-source.js'
import type { SourceRef } from './source-ref.js'
import { displayUri, isLocalUri, localPath } from './uri.js'

/** Bytes of a file elsewhere that are hashed at a time. */
const hashBytes = 1 << 23

/** Opens partitions by their uris; keeps the last one open, since units are dealt in order. */
export class SourcePartitions implements PartitionAccess {
  readonly #sources: readonly SourceRef[]
  readonly #onNotice: (notice: CacheNotice) => void
  #openIdx = -1
  #open: FileSource | null = null
  #isClosed = false

  constructor(
    sources: readonly SourceRef[],
    onNotice: (notice: CacheNotice) => void = () => undefined,
  ) {
    this.#sources = sources
    this.#onNotice = onNotice
  }

  async open(partitionIdx: number): Promise<OpenPartition> {
    const source = this.#sources[partitionIdx]!
    if (this.#openIdx !== partitionIdx || this.#open === null) {
      await this.#closeLast()
      const opened = await openRef(source, this.#onNotice)
      if (this.#isClosed) {
        await opened.close()
        throw new CoppiceError('ABORTED', 'loading was given up: its files were closed')
      }
      this.#open = opened
      this.#openIdx = partitionIdx
    }
    return { reader: await readerOf(source.format), source: this.#open }
  }

  hash(partitionIdx: number): Promise<string> {
    return hashSource(this.#sources[partitionIdx]!, this.#onNotice)
  }

  /** Copies a file; returns the SHA-256 of what was copied. */
  async copy(partitionIdx: number, path: string): Promise<string> {
    const source = await openRef(this.#sources[partitionIdx]!, this.#onNotice)
    const hash = createHash('sha256')
    try {
      const file = await open(path, 'w')
      try {
        for await (const bytes of bytesOf(source)) {
          hash.update(bytes)
          await file.writeFile(bytes)
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      throw ioError(`cannot copy ${source.name} to ${path}`, error)
    } finally {
      await source.close()
    }
    return hash.digest('hex')
  }

  /** Nothing can be opened any more. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#closeLast()
  }

  async #closeLast(): Promise<void> {
    const source = this.#open
    this.#open = null
    this.#openIdx = -1
    await source?.close()
  }
}

/** How threads get at files, with the headers that requests for them need. */
export function sourceRefs(
  files: readonly { readonly path: string; readonly format: SourceRef['format'] }[],
  { headersFor, http, cache }: SourceOptions,
): SourceRef[] {
  return files.map(({ path, format }) => ({
    uri: path,
    format,
    name: displayUri(path),
    headers: isLocalUri(path) ? undefined : headersFor?.(path),
    http,
    cache,
  }))
}

/** Opens a file under the name that it has in messages. */
async function openRef(
  { uri, name, headers, http, cache }: SourceRef,
  onCacheNotice: (notice: CacheNotice) => void,
): Promise<FileSource> {
  const source = await openSource(uri, { headersFor: () => headers, http, cache, onCacheNotice })
  if (name === undefined || name === source.name) return source
  return {
    name,
    byteLength: source.byteLength,
    slice: (start, end) => source.slice(start, end),
    close: () => source.close(),
    ...(source.prefetch === undefined
      ? {}
      : { prefetch: (ranges) => source.prefetch!(ranges) }),
  }
}

async function hashSource(
  ref: SourceRef,
  onNotice: (notice: CacheNotice) => void,
): Promise<string> {
  if (isLocalUri(ref.uri)) return hashFile(localPath(ref.uri))
  const source = await openRef(ref, onNotice)
  try {
    const hash = createHash('sha256')
    for await (const bytes of bytesOf(source)) hash.update(bytes)
    return hash.digest('hex')
  } finally {
    await source.close()
  }
}

/** All bytes of a source, in pieces. */
async function* bytesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < source.byteLength; start += hashBytes) {
    yield await source.slice(start, Math.min(start + hashBytes, source.byteLength))
  }
}

/** SHA-256 of a file's bytes in lower-case hex. Throws CoppiceError 'IO'. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(bytes as Uint8Array)
    }
  } catch (error) {
    throw ioError(`cannot read ${path}`, error)
  }
  return hash.digest('hex')
}
