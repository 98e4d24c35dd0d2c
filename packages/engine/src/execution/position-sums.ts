import { assert } from '../errors.js'
import { TALLY_COUNTS } from './tally-request.js'

/** Largest position at which a row may have been shown. */
export const POSITION_MAX = 16_383

/** Whether a row may have been shown there. */
export function isPosition(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= POSITION_MAX
}

/** Of a position: two halves of each sum, and the number of rows. */
const NUMBERS = 5

/** Positions whose sums a tally has room for. */
export const POSITIONS_PER_TALLY = Math.floor(TALLY_COUNTS / NUMBERS)

/** Gradients are counted from here, so that none is below 0. */
const OFFSET = 0x8000_0000
const HALF = 0x1_0000_0000

/** Rows whose sums stay below 2^53: numbers of 32 bits. */
const ROWS_PER_CARRY = 0x10_0000

/** Gradient pairs of rows in their order, and where these were shown. */
export interface ShownGradients {
  readonly memory: ArrayBuffer
  /** Offset of the first pair: gradient i32, hessian u32. */
  readonly pairs: number
  readonly stride: number
  /** Of each row. */
  readonly shownAt: Int32Array
}

/** Exact sums over the rows of a position. */
export interface PositionSums {
  readonly gradient: bigint
  readonly hessian: bigint
  readonly nRows: number
}

/**
 * Sums of fixed-point gradients by position, as TALLY_COUNTS whole numbers of 0 or more that may
 * be added up: of each position from `first` on the high and the low 32 bits of both sums, and
 * the number of rows. O(rows + positions).
 */
export function positionTally(
  { memory, pairs, stride, shownAt }: ShownGradients, first: number,
): Float64Array {
  const view = new DataView(memory)
  const sums = new Float64Array(TALLY_COUNTS)
  for (let begin = 0; begin < shownAt.length; begin += ROWS_PER_CARRY) {
    const end = Math.min(shownAt.length, begin + ROWS_PER_CARRY)
    for (let row = begin; row < end; row++) {
      const position = shownAt[row]! - first
      if (position < 0 || position >= POSITIONS_PER_TALLY) continue
      const at = position * NUMBERS
      const pair = pairs + row * stride
      sums[at + 1]! += view.getInt32(pair, true) + OFFSET
      sums[at + 3]! += view.getUint32(pair + 4, true)
      sums[at + 4]! += 1
    }
    for (let at = 0; at < POSITIONS_PER_TALLY * NUMBERS; at += NUMBERS) {
      carry(sums, at)
      carry(sums, at + 2)
    }
  }
  return sums
}

/** Brings the low half of a sum below 2^32. */
function carry(sums: Float64Array, at: number): void {
  const over = Math.floor(sums[at + 1]! / HALF)
  sums[at]! += over
  sums[at + 1]! -= over * HALF
}

/** What tallies added up to. @param n - positions, at most POSITIONS_PER_TALLY */
export function readPositionTally(counts: Float64Array, n: number): PositionSums[] {
  assert(counts.length === TALLY_COUNTS && n <= POSITIONS_PER_TALLY, 'a tally of positions')
  const whole = (at: number): bigint => BigInt(counts[at]!) * BigInt(HALF) + BigInt(counts[at + 1]!)
  return Array.from({ length: n }, (_, position) => {
    const at = position * NUMBERS
    const nRows = counts[at + 4]!
    return {
      gradient: whole(at) - BigInt(nRows) * BigInt(OFFSET), hessian: whole(at + 2), nRows,
    }
  })
}
