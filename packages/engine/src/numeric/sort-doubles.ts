import { highWord, lowWord } from './next-up.js'

/** Below this many values the native sort is as fast. */
const nativeBelow = 4096

const nDigits = 6
const nBuckets = 2048

/** Digit d of a 64-bit key: 11 bits, the lowest first (9 in the last). */
function digitOf(digit: number, low: number, high: number): number {
  switch (digit) {
    case 0:
      return low & 2047
    case 1:
      return (low >>> 11) & 2047
    case 2:
      return (low >>> 22) | ((high & 1) << 10)
    case 3:
      return (high >>> 1) & 2047
    case 4:
      return (high >>> 12) & 2047
    default:
      return high >>> 23
  }
}

/**
 * Replaces the words of doubles by those of keys in the same order, and counts the digits. A
 * double's bits order positive numbers already; negative ones run backwards, so all of their bits
 * are flipped, and the sign bit of positive ones is set to put them above.
 *
 * @param words - in: the doubles, out: (low, high) of each key
 * @returns nDigits x nBuckets counts
 */
function toKeys(words: Uint32Array): Uint32Array {
  const counts = new Uint32Array(nDigits * nBuckets)
  for (let i = 0; i < words.length; i += 2) {
    const high = words[i + highWord]!
    const flip = high >> 31
    const keyLow = (words[i + lowWord]! ^ flip) >>> 0
    const keyHigh = (high ^ (flip | 0x8000_0000)) >>> 0
    words[i] = keyLow
    words[i + 1] = keyHigh
    counts[keyLow & 2047]!++
    counts[nBuckets + ((keyLow >>> 11) & 2047)]!++
    counts[2 * nBuckets + ((keyLow >>> 22) | ((keyHigh & 1) << 10))]!++
    counts[3 * nBuckets + ((keyHigh >>> 1) & 2047)]!++
    counts[4 * nBuckets + ((keyHigh >>> 12) & 2047)]!++
    counts[5 * nBuckets + (keyHigh >>> 23)]!++
  }
  return counts
}

/** Turns keys back into doubles, in place. */
function fromKeys(words: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i]!
    const high = words[i + 1]!
    const flip = ~(high >> 31)
    words[i + lowWord] = low ^ flip
    words[i + highWord] = high ^ (flip | 0x8000_0000)
  }
}

/** Whether all keys have the same digit, so that a pass would change nothing. */
function isConstant(counts: Uint32Array, nKeys: number): boolean {
  const most = counts.findIndex(count => count > 0)
  return counts[most] === nKeys
}

/** One stable pass: keys go from `from` to `to` by one digit. */
function scatter(from: Uint32Array, to: Uint32Array, digit: number, counts: Uint32Array): void {
  const next = counts
  let sum = 0
  for (let bucket = 0; bucket < nBuckets; bucket++) {
    const count = next[bucket]!
    next[bucket] = sum
    sum += count
  }
  for (let i = 0; i < from.length; i += 2) {
    const low = from[i]!
    const high = from[i + 1]!
    const bucket = digitOf(digit, low, high)
    const at = 2 * next[bucket]!
    next[bucket]!++
    to[at] = low
    to[at + 1] = high
  }
}

/**
 * Sorts doubles other than NaN and -0 in ascending order, in place. O(n): a radix sort from the
 * lowest digit, which skips digits that are alike in all values; integers and float32 values
 * have several of them.
 */
export function sortDoubles(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const nValues = values.length
  if (nValues < nativeBelow) return values.sort()
  const own = new Uint32Array(values.buffer, values.byteOffset, 2 * nValues)
  let from = own
  let to = new Uint32Array(2 * nValues)
  const counts = toKeys(from)
  for (let digit = 0; digit < nDigits; digit++) {
    const digitCounts = counts.subarray(digit * nBuckets, (digit + 1) * nBuckets)
    if (isConstant(digitCounts, nValues)) continue
    scatter(from, to, digit, digitCounts)
    const swap = from
    from = to
    to = swap
  }
  if (from !== own) own.set(from)
  fromKeys(own)
  return values
}
