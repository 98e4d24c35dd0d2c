import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { OpenPartition, PartitionAccess } from '../loading/tasks.js'
import { readerOf } from '../readers.js'
import { type FileSource, ioError, openFileSource } from './file-source.js'
import type { InputPartition } from './inputs.js'

/** Opens partitions that are files; keeps the last one open, since units are dealt in order. */
export class FilePartitions implements PartitionAccess {
  readonly #partitions: readonly InputPartition[]
  #openIdx = -1
  #open: FileSource | null = null

  constructor(partitions: readonly InputPartition[]) {
    this.#partitions = partitions
  }

  async open(partitionIdx: number): Promise<OpenPartition> {
    const { path, format } = this.#partitions[partitionIdx]!
    if (this.#openIdx !== partitionIdx || this.#open === null) {
      await this.close()
      this.#open = await openFileSource(path)
      this.#openIdx = partitionIdx
    }
    return { reader: await readerOf(format), source: this.#open }
  }

  hash(partitionIdx: number): Promise<string> {
    return hashFile(this.#partitions[partitionIdx]!.path)
  }

  async close(): Promise<void> {
    const source = this.#open
    this.#open = null
    this.#openIdx = -1
    await source?.close()
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
