/** One double, seen as a number and as two 32-bit words. */
const number = Float64Array.of(1)
const words = new Uint32Array(number.buffer)

/** Index of the word with sign and exponent: 1, or 0 on machines of the other byte order. */
export const highWord = words[1] === 0 ? 0 : 1
/** Index of the word with the last 32 bits of the mantissa. */
export const lowWord = 1 - highWord

/** The least double greater than x; NaN and Infinity stay (C's `nextafter(x, INFINITY)`). */
export function nextUp(x: number): number {
  if (x !== x || x === Infinity) return x
  if (x === 0) return Number.MIN_VALUE
  number[0] = x
  const word = words[lowWord]!
  if (x > 0) {
    words[lowWord] = word + 1
    if (word === 0xffff_ffff) words[highWord]!++
  } else {
    words[lowWord] = word - 1
    if (word === 0) words[highWord]!--
  }
  return number[0]
}
