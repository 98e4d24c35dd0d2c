import { highWord, lowWord } from './next-up.js'

/** Below this many values the native sort is as fast. */
const nativeBelow = 1024

/** Up to this many keys with one high word are sorted by insertion. */
const insertionMost = 256

/** Where the words of a key stand. */
const LOW = 0
const HIGH = 1

/** A word is sorted by three digits: bits 0-10, 11-21, 22-31. */
const nBuckets = 2048
const digitMask = nBuckets - 1
const secondShift = 11
const thirdShift = 22

const signBit = 0x8000_0000 | 0

/**
 * Replaces the words of doubles by those of keys in the same order. A double's bits order positive
 * numbers already; negative ones run backwards, so all of their bits are flipped, and the sign bit
 * of positive ones is set to put them above.
 *
 * @param words - in: the doubles, out: (low, high) of each key
 */
function toKeys(words: Int32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i + lowWord]!
    const high = words[i + highWord]!
    const flip = high >> 31
    words[i] = low ^ flip
    words[i + 1] = high ^ (flip | signBit)
  }
}

/** Turns keys back into doubles, in place. */
function fromKeys(words: Int32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i]!
    const high = words[i + 1]!
    const flip = ~(high >> 31)
    words[i + lowWord] = low ^ flip
    words[i + highWord] = high ^ (flip | signBit)
  }
}

/** How often each of the three digits of a word occurs: 3 x nBuckets. */
function countDigits(keys: Int32Array, word: number): Int32Array {
  const counts = new Int32Array(3 * nBuckets)
  for (let i = word; i < keys.length; i += 2) {
    const value = keys[i]!
    counts[value & digitMask]!++
    counts[nBuckets + ((value >>> secondShift) & digitMask)]!++
    counts[2 * nBuckets + (value >>> thirdShift)]!++
  }
  return counts
}

/** One stable pass: keys go from `from` to `to` by one digit. `counts` is used up. */
function scatter(
  from: Int32Array, to: Int32Array, word: number, shift: number, counts: Int32Array,
): void {
  let sum = 0
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket]!
    counts[bucket] = sum
    sum += 2 * count
  }
  for (let i = 0; i < from.length; i += 2) {
    const bucket = (from[i + word]! >>> shift) & digitMask
    const at = counts[bucket]!
    counts[bucket] = at + 2
    to[at] = from[i]!
    to[at + 1] = from[i + 1]!
  }
}

/**
 * Sorts keys by one of their words, from its lowest digit; digits that are alike in all keys are
 * skipped. Uses both arrays; returns the one that has the result.
 */
function sortByWord(keys: Int32Array, scratch: Int32Array, word: number): Int32Array {
  const counts = countDigits(keys, word)
  let from = keys
  let to = scratch
  for (let digit = 0; digit < 3; digit++) {
    const shift = digit * secondShift
    const digitCounts = counts.subarray(digit * nBuckets, (digit + 1) * nBuckets)
    const first = (from[word]! >>> shift) & digitMask
    if (2 * digitCounts[first]! === from.length) continue
    scatter(from, to, word, shift, digitCounts)
    const swap = from
    from = to
    to = swap
  }
  return from
}

/** Sorts keys that have the same high word, in place. */
function sortByLow(keys: Int32Array): void {
  if (keys.length > 2 * insertionMost) {
    const sorted = sortByWord(keys, new Int32Array(keys.length), LOW)
    if (sorted !== keys) keys.set(sorted)
    return
  }
  for (let i = 2; i < keys.length; i += 2) {
    const low = keys[i]!
    let at = i
    while (at > 0 && keys[at - 2]! >>> 0 > low >>> 0) {
      keys[at] = keys[at - 2]!
      at -= 2
    }
    keys[at] = low
  }
}

/** Puts keys in order that are so by their high words. Most have a high word of their own. */
function sortEqualHighs(keys: Int32Array): void {
  for (let start = 0; start < keys.length; ) {
    const high = keys[start + 1]!
    let isSorted = true
    let end = start + 2
    for (; end < keys.length && keys[end + 1] === high; end += 2) {
      if (keys[end - 2]! >>> 0 > keys[end]! >>> 0) isSorted = false
    }
    if (!isSorted) sortByLow(keys.subarray(start, end))
    start = end
  }
}

/**
 * Sorts doubles other than NaN and -0 in ascending order, in place. O(n): a radix sort by the high
 * word, after which few are left out of order; those by the low one.
 */
export function sortDoubles(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const nValues = values.length
  if (nValues < nativeBelow) return values.sort()
  const own = new Int32Array(values.buffer, values.byteOffset, 2 * nValues)
  toKeys(own)
  const keys = sortByWord(own, new Int32Array(2 * nValues), HIGH)
  sortEqualHighs(keys)
  if (keys !== own) own.set(keys)
  fromKeys(own)
  return values
}
