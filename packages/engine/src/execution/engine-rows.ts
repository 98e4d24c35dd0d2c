import type { BinnedDataset } from '../dataset.js'
import { assert } from '../errors.js'
import type { EngineRows } from './protocol.js'

/** The part of a labelled data set that engines need; nothing is copied. */
export function engineRows(data: BinnedDataset): EngineRows {
  assert(data.label !== null, 'the data have a label')
  return {
    nRows: data.nRows,
    nFeatures: data.features.length,
    blocks: data.blocks,
    label: data.label,
    weight: data.weight,
    initScore: data.initScore,
  }
}

/** The same rows on shared buffers: what is not shared yet is copied, once. */
export function sharedRows(rows: EngineRows): EngineRows {
  return {
    ...rows,
    blocks: rows.blocks.map((block) => ({ ...block, bins: shareBytes(block.bins) })),
    label: shareDoubles(rows.label),
    weight: rows.weight === null ? null : shareDoubles(rows.weight),
    initScore: rows.initScore === null ? null : shareDoubles(rows.initScore),
  }
}

function shareBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}

function shareDoubles(values: Float64Array): Float64Array {
  if (values.buffer instanceof SharedArrayBuffer) return values
  const shared = new Float64Array(new SharedArrayBuffer(values.length * 8))
  shared.set(values)
  return shared
}
