/**
 * Sums of the hazards e^score of rows by the last event that they were there for, in fixed point:
 * whole numbers that may be added up anywhere, in any order.
 *
 * A hazard is relative to that of `origin`, at least the largest score: at most 1, and at least
 * e^-60 = 2^-86.6, to which smaller ones are raised. It is cut off at 2^-129, below the last bit of
 * any double of 2^-77 or more; what is lost of the smallest is less than 2^-42 of it.
 */
import { exp } from '@coppice/model'
import { assert } from '../errors.js'

/** Whole numbers of a sum, the highest first: units of 2^-21, 2^-57, 2^-93 and 2^-129. */
export const HAZARD_NUMBERS = 4

/** Sums that a tally asks for, at most: 256 KiB. */
export const HAZARDS_PER_TALLY = 8192

/** Scores further below the origin count as this far below it. */
const DEPTH = 60

const TOP = 0x20_0000
const LIMB = 0x10_0000_0000

/** Rows whose numbers of 36 bits stay below 2^53 beside one that is carried. */
const ROWS_PER_CARRY = 0x1_0000

/** The hazard of a score. */
export function hazardOf(score: number, origin: number): number {
  return exp(Math.max(Math.min(score - origin, 0), -DEPTH))
}

/** What the hazards of some events are asked with. */
export interface HazardRange {
  readonly first: number
  readonly n: number
  readonly origin: number
}

/** Asks for the `hazardSums` of events, HAZARDS_PER_TALLY at most. */
export interface HazardTally extends HazardRange {
  readonly kind: 'tally'
  readonly of: 'hazards'
}

/** Rows by the events that they were there for. */
export interface RowsOfEvents {
  /** Row indices, by ascending event. */
  readonly order: Int32Array
  /** Where the rows of each event begin in it, and where those of the last end. */
  readonly starts: Int32Array
}

/**
 * @param places - of each row its event, or -1
 * @param nEvents - events are 0 .. nEvents - 1
 */
export function orderByEvent(places: Int32Array, nEvents: number): RowsOfEvents {
  const starts = new Int32Array(nEvents + 1)
  for (const place of places) if (place >= 0) starts[place + 1]!++
  for (let event = 0; event < nEvents; event++) starts[event + 1]! += starts[event]!
  const next = starts.slice()
  const order = new Int32Array(starts[nEvents]!)
  places.forEach((place, row) => {
    if (place >= 0) order[next[place]!++] = row
  })
  return { order, starts }
}

/**
 * The sums of the rows of some events: HAZARD_NUMBERS of each, all but the first below 2^36, so
 * that those of 2^17 engines may be added. O(rows of them + events).
 */
export function hazardSums(
  scores: Float64Array, { order, starts }: RowsOfEvents,
  { first, n, origin }: HazardRange,
): Float64Array {
  const sums = new Float64Array(n * HAZARD_NUMBERS)
  for (let event = 0; event < n; event++) {
    const at = event * HAZARD_NUMBERS
    const end = starts[first + event + 1]!
    for (let begin = starts[first + event]!; begin < end; begin += ROWS_PER_CARRY) {
      addHazards(sums, at, scores, order.subarray(begin, Math.min(end, begin + ROWS_PER_CARRY)),
        origin)
      carry(sums, at)
    }
  }
  return sums
}

function addHazards(
  sums: Float64Array, at: number, scores: Float64Array, rows: Int32Array, origin: number,
): void {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let i = 0; i < rows.length; i++) {
    const units = hazardOf(scores[rows[i]!]!, origin) * TOP
    const top = Math.floor(units)
    const second = (units - top) * LIMB
    const high = Math.floor(second)
    const third = (second - high) * LIMB
    const middle = Math.floor(third)
    a += top
    b += high
    c += middle
    d += Math.floor((third - middle) * LIMB)
  }
  sums[at]! += a
  sums[at + 1]! += b
  sums[at + 2]! += c
  sums[at + 3]! += d
}

/** Brings all numbers of a sum but the first below 2^36. */
function carry(sums: Float64Array, at: number): void {
  for (let i = at + HAZARD_NUMBERS - 1; i > at; i--) {
    const over = Math.floor(sums[i]! / LIMB)
    sums[i]! -= over * LIMB
    sums[i - 1]! += over
  }
}

/**
 * Of each event the sum of the hazards of all rows that were there for it: those of its own and of
 * all later ones. Exact until each is rounded to a double.
 *
 * @param sums - HAZARD_NUMBERS of each event, as they were added up
 */
export function riskSums(sums: Float64Array): Float64Array {
  assert(sums.length % HAZARD_NUMBERS === 0, 'sums of hazards')
  const risks = new Float64Array(sums.length / HAZARD_NUMBERS)
  const total = new Float64Array(HAZARD_NUMBERS)
  for (let event = risks.length - 1; event >= 0; event--) {
    for (let i = 0; i < HAZARD_NUMBERS; i++) total[i]! += sums[event * HAZARD_NUMBERS + i]!
    carry(total, 0)
    risks[event] =
      (((total[3]! / LIMB + total[2]!) / LIMB + total[1]!) / LIMB + total[0]!) / TOP
  }
  return risks
}
