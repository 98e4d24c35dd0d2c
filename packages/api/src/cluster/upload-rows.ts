import { type ColumnChunk, createTableWriter, formatManifest, type ManifestPartition }
  from '@coppice/data'
import { CoppiceError } from '@coppice/model'
import type { MemoryColumns } from './memory-columns.js'

/** A partition holds about this many bytes, so that neither side holds much at a time. */
const partitionBytes = 16 << 20
/** Fewer rows are worth no partition of their own. */
const partitionRowsMin = 512
/** Small data are cut too, into so many partitions, so that every worker has some. */
const nPartitionsWanted = 8
/** Rows are read and written in steps of this many. */
const stepRows = 1 << 16

/** Hands over a file; gives the address, whose last part is the SHA-256 of the content. */
export type Upload = (bytes: Uint8Array) => Promise<string>

/**
 * Writes rows in memory as Arrow files of about 16 MB, hands them over one after the other, and
 * gives the address of their manifest. Equal rows give equal files, so what a coordinator has
 * already is not sent again.
 *
 * @throws CoppiceError 'ABORTED' by the signal; whatever `upload` rejects with
 */
export async function uploadRows(
  table: MemoryColumns, upload: Upload, signal: AbortSignal | undefined,
): Promise<string> {
  const partitions: ManifestPartition[] = []
  for (const [start, end] of cutRows(table)) {
    if (signal?.aborted === true) {
      throw new CoppiceError('ABORTED', 'sending the rows was aborted by the caller',
        { cause: signal.reason })
    }
    const hash = nameOf(await upload(await arrowFile(table, start, end)))
    partitions.push({ uri: hash, format: 'arrow', rows: end - start, hash })
  }
  return `${await upload(new TextEncoder().encode(formatManifest(partitions)))}.json`
}

/** The last part of an address: relative to the manifest, it finds the partition beside it. */
function nameOf(uri: string): string {
  return /([0-9a-f]{64})$/.exec(uri)![1]!
}

/**
 * Ranges of rows, one per partition. No two have the same length: files of equal content have one
 * address, and a data set must not name a file twice.
 */
export function cutRows(
  { nRows, columns, mayCutAt }: Pick<MemoryColumns, 'nRows' | 'columns' | 'mayCutAt'>,
): [start: number, end: number][] {
  const nBytes = nRows * columns.length * Float64Array.BYTES_PER_ELEMENT
  const nWanted = Math.max(Math.ceil(nBytes / partitionBytes),
    Math.min(nPartitionsWanted, Math.floor(nRows / partitionRowsMin)), 1)
  const ranges: [number, number][] = []
  const lengths = new Set<number>()
  for (let start = 0; start < nRows;) {
    // Each is meant to have one row more than the one before; the last takes the rest.
    const i = ranges.length
    const nMeant = Math.floor(nRows / nWanted) + i - Math.floor(nWanted / 2)
    let end = i + 1 >= nWanted ? nRows : Math.min(nRows, start + Math.max(1, nMeant))
    while (end < nRows && !(mayCutAt(end) && !lengths.has(end - start))) end++
    if (lengths.has(end - start)) [start, end] = joinLast(ranges, lengths, end)
    ranges.push([start, end])
    lengths.add(end - start)
    start = end
  }
  return ranges
}

/** What is left has the length of an earlier range: it joins those before it until it has not. */
function joinLast(
  ranges: [number, number][], lengths: Set<number>, end: number,
): [start: number, end: number] {
  for (;;) {
    const [start, before] = ranges.pop()!
    lengths.delete(before - start)
    if (!lengths.has(end - start)) return [start, end]
  }
}

async function arrowFile(
  { columns }: MemoryColumns, start: number, end: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const sink = {
    write: (bytes: Uint8Array) => {
      parts.push(bytes)
      return Promise.resolve()
    },
  }
  const outputs = columns.map(({ name, type }) => ({ name, type }))
  const writer = await createTableWriter('arrow', sink, outputs, end - start)
  for (let row = start; row < end; row += stepRows) {
    const chunks: ColumnChunk[] = []
    for (const column of columns) {
      chunks.push(await column.read(row, Math.min(row + stepRows, end)))
    }
    await writer.write(chunks)
  }
  await writer.finish()
  return joinBytes(parts)
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
