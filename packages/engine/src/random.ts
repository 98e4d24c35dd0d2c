/**
 * Every random draw of a training is a hash of what it is for (contract rule 4): there is no
 * generator state to keep in step between threads, machines or speculated expansions.
 *
 * The mixer is MurmurHash3's 32-bit round and finaliser (Appleby, public domain), over words.
 * `assembly/bag.ts` holds a twin of `mixWord` and `finish` for the row draws of bagging.
 */

/** What a draw is for. Values are part of the model's bytes: append, never renumber. */
export const Purpose = {
  binSample: 1,
  bagging: 2,
  featureFractionTree: 3,
  featureFractionNode: 4,
  split: 5,
  extraThreshold: 40,
  goss: 41,
  dartSkip: 42,
  dartDrop: 43,
  /** Of no training: they have numbers of their own, far from those of trainings. */
  folds: 1001,
  tuning: 1002,
} as const
export type Purpose = (typeof Purpose)[keyof typeof Purpose]

/** Mixes one 32-bit word into a running hash. */
export function mixWord(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  k = Math.imul(k, 0x1b873593)
  let h = hash ^ k
  h = (h << 13) | (h >>> 19)
  return (Math.imul(h, 5) + 0xe6546b64) | 0
}

/** Finaliser: avalanches a running hash into an unsigned 32-bit number. */
export function finish(hash: number): number {
  let h = hash
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}

/** Starts a hash: the seed (an integer, |seed| < 2^53) and the purpose. */
export function startHash(seed: number, purpose: Purpose): number {
  return mixNumber(mixWord(0, purpose), seed)
}

/** Mixes an integer below 2^53 in magnitude (row ids, seeds) as two words. */
export function mixNumber(hash: number, value: number): number {
  return mixWord(mixWord(hash, value >>> 0), Math.floor(value / 0x1_0000_0000) | 0)
}

/**
 * The 32-bit draw of one row: `finish(mixNumber(startHash(seed, purpose) + words, rowId))`.
 *
 * @param start - a hash that already holds seed, purpose and any words such as the iteration
 * @param rowId - global row id, 0 <= rowId < 2^53
 */
export function rowDraw(start: number, rowId: number): number {
  return finish(mixNumber(start, rowId))
}

/** The largest draw (exclusive, at most 2^32) that a fraction in [0, 1] keeps. */
export function fractionLimit(fraction: number): number {
  return Math.min(0x1_0000_0000, Math.ceil(fraction * 0x1_0000_0000))
}
