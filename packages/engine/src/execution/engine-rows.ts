import type { BinnedBlock, BinnedDataset } from '../dataset.js'
import { assert } from '../errors.js'
import { rowBytesOf } from '../row-bytes.js'
import type { EngineBlock, EngineRows } from './protocol.js'

/** The part of a labelled data set that engines need; nothing is copied. */
export function engineRows(data: BinnedDataset): EngineRows {
  assert(data.label !== null, 'the data have a label')
  return {
    nRows: data.nRows,
    rowBytes: rowBytesOf(data.features),
    blocks: data.blocks.map((block) => ({ ...block, position: block.firstRow })),
    label: data.label,
    weight: data.weight,
    initScore: data.initScore,
    groupSizes: data.groupSizes,
    shownAt: data.shownAt ?? null,
  }
}

/** Bytes of all that there is by row. */
export function bytesOfRows(
  { blocks, label, weight, initScore, groupSizes }:
    Pick<BinnedDataset, 'blocks' | 'label' | 'weight' | 'initScore' | 'groupSizes'>,
): number {
  return [label, weight, initScore, groupSizes, ...blocks.flatMap(({ bins, raw }) => [bins, raw])]
    .reduce((sum, array) => sum + (array?.byteLength ?? 0), 0)
}

/** The rows of one partition. Its blocks carry row ids of the whole data set. */
export interface PartitionRows {
  readonly nRows: number
  readonly blocks: readonly BinnedBlock[]
  /** nRows numbers. */
  readonly label: Float64Array
  /** nRows numbers, or null in all partitions of a data set. */
  readonly weight: Float64Array | null
  /** nRows x nOutputs numbers, row-major, or null in all partitions of a data set. */
  readonly initScore: Float64Array | null
  /** Row counts of the query groups; absent or null where there are none. */
  readonly groupSizes?: Uint32Array | null
  /** nRows positions at which rows were shown; absent or null in all partitions of a data set. */
  readonly shownAt?: Float64Array | null
}

/**
 * Partitions of a data set, in any order and from anywhere in it, as the rows of one store; their
 * positions follow the given order. Bins are not copied; what is by row is, to shared buffers,
 * unless there is one partition only.
 *
 * @param partitions - may be empty: no rows
 * @param rowBytes - bytes of a row that is not packed, see `rowBytes`
 */
export function joinRows(partitions: readonly PartitionRows[], rowBytes: number): EngineRows {
  const blocks: EngineBlock[] = []
  let nRows = 0
  for (const partition of partitions) {
    let position = nRows
    for (const block of partition.blocks) {
      blocks.push({ ...block, position })
      position += block.nRows
    }
    nRows += partition.nRows
    assert(position === nRows, 'a partition\'s blocks hold all of its rows')
  }
  return {
    nRows,
    rowBytes,
    blocks,
    label: joinDoubles(partitions.map(({ label }) => label)),
    weight: joinSome(partitions.map(({ weight }) => weight)),
    initScore: joinSome(partitions.map(({ initScore }) => initScore)),
    groupSizes: joinGroups(partitions),
    shownAt: joinSome(partitions.map(({ shownAt = null }) => shownAt)),
  }
}

/** Queries lie within partitions, so that those of all partitions follow each other. */
function joinGroups(partitions: readonly PartitionRows[]): Uint32Array | null {
  const all = partitions.flatMap(({ groupSizes }) => groupSizes ?? [])
  if (all.length === 0) return null
  assert(all.length === partitions.length, 'all partitions of a data set have the same columns')
  const joined = new Uint32Array(all.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const sizes of all) {
    joined.set(sizes, at)
    at += sizes.length
  }
  return joined
}

function joinSome(arrays: readonly (Float64Array | null)[]): Float64Array | null {
  const present = arrays.filter((array) => array !== null)
  if (present.length === 0) return null
  assert(present.length === arrays.length, 'all partitions of a data set have the same columns')
  return joinDoubles(present)
}

function joinDoubles(arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0]!
  const length = arrays.reduce((sum, array) => sum + array.length, 0)
  const joined = new Float64Array(new SharedArrayBuffer(length * 8))
  let at = 0
  for (const array of arrays) {
    joined.set(array, at)
    at += array.length
  }
  return joined
}

/** The same rows on shared buffers: what is not shared yet is copied, once. */
export function sharedRows(rows: EngineRows): EngineRows {
  const { shownAt = null } = rows
  return {
    ...rows,
    blocks: rows.blocks.map((block) => ({
      ...block,
      bins: shareBytes(block.bins),
      ...(block.raw === undefined ? {} : { raw: shareDoubles(block.raw) }),
    })),
    label: shareDoubles(rows.label),
    weight: rows.weight === null ? null : shareDoubles(rows.weight),
    initScore: rows.initScore === null ? null : shareDoubles(rows.initScore),
    groupSizes: rows.groupSizes === null ? null : shareWords(rows.groupSizes),
    shownAt: shownAt === null ? null : shareDoubles(shownAt),
  }
}

function shareBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}

function shareWords(values: Uint32Array): Uint32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values
  const shared = new Uint32Array(new SharedArrayBuffer(values.length * 4))
  shared.set(values)
  return shared
}

function shareDoubles(values: Float64Array): Float64Array {
  if (values.buffer instanceof SharedArrayBuffer) return values
  const shared = new Float64Array(new SharedArrayBuffer(values.length * 8))
  shared.set(values)
  return shared
}
