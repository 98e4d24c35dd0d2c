import type { BinnedBlock } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { powerOfTwo } from '../numeric/exact-sum.js'
import type { EngineRows, FeatureLayout } from './protocol.js'
import { type Stripe, visitBlocks } from './row-dealing.js'

/** Larger values take no part in fits: their squares, or sums of them, could be infinite. */
export const RAW_MAX = powerOfTwo(500)

/** Features that have raw values: those whose values a linear leaf may have, ascending. */
export function rawFeatures(
  features: readonly Pick<FeatureLayout, 'nBins' | 'isCategorical'>[],
): number[] {
  return features.flatMap(({ nBins, isCategorical }, f) => isCategorical || nBins < 2 ? [] : [f])
}

/**
 * Of each raw column the largest magnitude up to RAW_MAX; 0 where there is none. Empty where there
 * are no rows.
 */
export function rawExtents(blocks: readonly BinnedBlock[]): number[] {
  const extents: number[] = []
  for (const { raw, nRows } of blocks) {
    if (raw === undefined || nRows === 0) continue
    const nColumns = raw.length / nRows
    while (extents.length < nColumns) extents.push(0)
    for (let at = 0; at < raw.length; at += nColumns) {
      for (let c = 0; c < nColumns; c++) {
        const magnitude = Math.abs(raw[at + c]!)
        if (magnitude > extents[c]! && magnitude <= RAW_MAX) extents[c] = magnitude
      }
    }
  }
  return extents
}

/** Rows that follow each other in a block. */
export interface RawPiece {
  readonly raw: Float64Array
  /** Index in `raw` of the first row's first value. */
  readonly at: number
  /** Local row of the first, and behind the last. */
  readonly begin: number
  readonly end: number
}

/** Local rows are looked up by so many. */
const LOOKUP_BITS = 8

/** The raw values of one thread's rows, where they are: nothing is copied. */
export class RawRows {
  readonly pieces: readonly RawPiece[]
  /** Values of a row. */
  readonly nColumns: number
  /** Of each feature its place among a row's values, or -1. */
  readonly columnOf: Int32Array
  /** Of each 2^LOOKUP_BITS local rows, the piece of the first. */
  readonly #lookup: Int32Array

  /**
   * @param stripes - the thread's rows
   * @throws CoppiceError 'DATA' for rows without raw values
   */
  constructor(data: EngineRows, stripes: readonly Stripe[], features: readonly FeatureLayout[]) {
    const raw = rawFeatures(features)
    this.columnOf = new Int32Array(features.length).fill(-1)
    raw.forEach((f, column) => { this.columnOf[f] = column })
    this.nColumns = raw.length
    const pieces: RawPiece[] = []
    visitBlocks(data, stripes, (block, blockRow, nRows, localRow) => {
      if (block.raw === undefined || block.raw.length !== block.nRows * raw.length) {
        throw new CoppiceError('DATA',
          'linear_tree = true needs the values of numeric features beside their bins, and the ' +
          'rows do not have them; load the data with linear_tree = true')
      }
      const piece = {
        raw: block.raw, at: blockRow * raw.length, begin: localRow, end: localRow + nRows,
      }
      const last = pieces.at(-1)
      const goesOn = last !== undefined && last.raw === piece.raw && last.end === piece.begin &&
        last.at + (last.end - last.begin) * raw.length === piece.at
      if (goesOn) pieces[pieces.length - 1] = { ...last, end: piece.end }
      else pieces.push(piece)
    })
    this.pieces = pieces
    const nRows = pieces.at(-1)?.end ?? 0
    this.#lookup = new Int32Array(Math.ceil(nRows / (1 << LOOKUP_BITS)))
    let piece = 0
    for (let i = 0; i < this.#lookup.length; i++) {
      while (pieces[piece]!.end <= i << LOOKUP_BITS) piece++
      this.#lookup[i] = piece
    }
  }

  /** The piece that a local row is in. */
  pieceOf(row: number): RawPiece {
    let piece = this.#lookup[row >>> LOOKUP_BITS]!
    while (this.pieces[piece]!.end <= row) piece++
    return this.pieces[piece]!
  }
}
