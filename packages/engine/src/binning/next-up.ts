/** One double, seen as a number and as two 32-bit words (of either byte order). */
const number = new Float64Array(1)
const words = new Uint32Array(number.buffer)

number[0] = 1
const high = words[1] === 0 ? 0 : 1
const low = 1 - high

/** The least double greater than x; NaN and Infinity stay (C's `nextafter(x, INFINITY)`). */
export function nextUp(x: number): number {
  if (x !== x || x === Infinity) return x
  if (x === 0) return Number.MIN_VALUE
  number[0] = x
  const word = words[low]!
  if (x > 0) {
    words[low] = word + 1
    if (word === 0xffff_ffff) words[high]!++
  } else {
    words[low] = word - 1
    if (word === 0) words[high]!--
  }
  return number[0]
}
