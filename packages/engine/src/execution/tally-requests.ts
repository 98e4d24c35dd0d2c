import type { HazardTally } from '../survival/hazard-sums.js'

/** Whole numbers of the training rows, 0 or more, to be added up: `tallyCounts` of them. */
export type TallyRequest = KeyTally | PositionTally | HazardTally | AskedTally

/**
 * Count the training rows by a digit of the key of their gradients (`importanceKeys`), among those
 * whose higher digits are `prefix`; those of digits that do not occur are 0.
 */
export interface KeyTally {
  readonly kind: 'tally'
  readonly of?: never
  /** Which digit: an index of TALLY_DIGITS. */
  readonly digit: number
  readonly prefix: number
}

/** Digits of a key, the highest first: place of the lowest bit, and number of bits. */
export const TALLY_DIGITS = [
  { shift: 20, bits: 11 }, { shift: 10, bits: 10 }, { shift: 0, bits: 10 },
] as const
/** Counts of a tally, but of hazards. */
export const TALLY_COUNTS = 2048

/** Sum the gradients by the position of rows, see `positionSums`. */
export interface PositionTally {
  readonly kind: 'tally'
  readonly of: 'positions'
  /** The first position; so many of those that follow as there is room for. */
  readonly first: number
}

/**
 * Count a node's rows that no committed tree has asked for a feature: of the features of
 * `EngineSetup.asked`, from the first one told on.
 */
export interface AskedTally {
  readonly kind: 'tally'
  readonly of: 'asked'
  readonly node: number
  readonly first: number
}
