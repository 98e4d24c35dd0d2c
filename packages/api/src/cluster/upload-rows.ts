import {
  type ColumnChunk, createTableWriter, csrFile, type CsrUnit, formatManifest,
  joinBytes, type ManifestPartition,
} from '@coppice/data'
import { CoppiceError } from '@coppice/model'
import type { MemoryColumns, SparseColumns } from './memory-columns.js'

/** A partition holds about this many bytes, so that neither side holds much at a time. */
const partitionBytes = 16 << 20
/** Fewer rows are worth no partition of their own. */
const partitionRowsMin = 512
/** Small data are cut too, into so many partitions, so that every worker has some. */
const nPartitionsWanted = 8
/** Rows are read and written in steps of this many. */
const stepRows = 1 << 16

/** Guessed of a value that is not 0: its row, and few bytes of its own. */
const storedValueBytes = 4

/** Hands over a file; gives the address, whose last part is the SHA-256 of the content. */
export type Upload = (bytes: Uint8Array) => Promise<string>

/**
 * Writes rows in memory as Arrow files of about 16 MB, sparse ones without their zeros, hands them
 * over one after the other, and
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
    const { sparse } = table
    const file = sparse === null ? await arrowFile(table, start, end)
      : await sparseFile(table, sparse, start, end)
    const hash = nameOf(await upload(file))
    const format = sparse === null ? 'arrow' : 'csr'
    partitions.push({ uri: hash, format, rows: end - start, hash })
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
  { nRows, columns, sparse, mayCutAt }:
    Pick<MemoryColumns, 'nRows' | 'columns' | 'mayCutAt'> &
    { readonly sparse: Pick<SparseColumns, 'nStored'> | null },
): [start: number, end: number][] {
  const nBytes = nRows * columns.length * Float64Array.BYTES_PER_ELEMENT +
    (sparse?.nStored ?? 0) * storedValueBytes
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

function sparseFile(
  { columns }: MemoryColumns, sparse: SparseColumns, start: number, end: number,
): Promise<Uint8Array> {
  async function* units(): AsyncGenerator<CsrUnit> {
    for (let first = start; first < end;) {
      const next = sparse.endOfUnit(first, Math.min(stepRows, end - first))
      const plain: ColumnChunk[] = []
      for (const column of columns) plain.push(await column.read(first, next))
      yield { nRows: next - first, sparse: sparse.columns(sparse.indices, first, next), plain }
      first = next
    }
  }
  const { names, type, plainIndices } = sparse
  return csrFile({
    nColumns: names.length,
    names: names.every((name, i) => name === `Column_${i}`) ? null : names,
    type,
    plain: plainIndices.map((index, i) => ({ index, type: columns[i]!.type })),
  }, units())
}
