/**
 * Exact sums of doubles in any order (contract rule 7), rounded once when read.
 *
 * A superaccumulator in the manner of Kulisch, with the carry-save slots of Neal's "Fast exact
 * summation using small and large superaccumulators" (2015): slot i counts units of
 * 2^(32 i - 1088). A double is cut into 32-bit pieces, each added to its slot as an integer that
 * stays below 2^53, with carries moved up every 2^20 additions.
 */
const SLOTS = 70
const BIAS = 1088
const TWO_32 = 0x1_0000_0000

const asDouble = new Float64Array(1)
const asWords = new Uint32Array(asDouble.buffer)

export class ExactSum {
  readonly #slots = new Float64Array(SLOTS)
  #sinceCarry = 0

  /**
   * Adds a double. With one that is not finite, of either sign or none, the sum is Infinity, and
   * remains so: cells of integers cannot say more, and it must not look like a number.
   */
  add(value: number): void {
    if (value === 0) return
    asDouble[0] = value
    const high = asWords[1]!
    const exponent = (high >>> 20) & 0x7ff
    if (exponent === 0x7ff) {
      // 2^1120: more than any doubles can take away
      this.#slots[SLOTS - 1]!++
      return
    }
    // value = mantissa * 2^(e - 1075) with e = 1 for subnormals
    const top = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000
    const shift = (exponent === 0 ? 1 : exponent) - 1075 + BIAS
    const slot = shift >>> 5
    const bits = shift & 31
    const sign = high >>> 31 ? -1 : 1
    const low = asWords[0]!
    const slots = this.#slots
    if (bits === 0) {
      slots[slot]! += sign * low
      slots[slot + 1]! += sign * top
    } else {
      slots[slot]! += sign * ((low << bits) >>> 0)
      slots[slot + 1]! += sign * (((low >>> (32 - bits)) | (top << bits)) >>> 0)
      slots[slot + 2]! += sign * (top >>> (32 - bits))
    }
    if (++this.#sinceCarry >= 0x100000) this.#carry()
  }

  /** Adds what another accumulator holds. */
  merge(parts: readonly number[]): void {
    this.#carry()
    for (let i = 0; i < parts.length; i++) this.#slots[i]! += parts[i]!
    this.#carry()
  }

  /** The accumulator as plain numbers, for `merge` elsewhere. */
  parts(): number[] {
    this.#carry()
    return Array.from(this.#slots)
  }

  /** Moves whole multiples of 2^32 one slot up, so that all slots but the last are in [0, 2^32). */
  #carry(): void {
    let carry = 0
    for (let i = 0; i < SLOTS - 1; i++) {
      const value = this.#slots[i]! + carry
      carry = Math.floor(value / TWO_32)
      this.#slots[i] = value - carry * TWO_32
    }
    this.#slots[SLOTS - 1]! += carry
    this.#sinceCarry = 0
  }

  /** The sum, correctly rounded to nearest, ties to even. */
  value(): number {
    this.#carry()
    let total = 0n
    for (let i = SLOTS - 1; i >= 0; i--) total = (total << 32n) + BigInt(this.#slots[i]!)
    return scaledBigInt(total, -BIAS)
  }
}

/** value * 2^exponent, correctly rounded; results below 2^-1022 are not needed and not exact. */
export function scaledBigInt(value: bigint, exponent: number): number {
  // Number(bigint) rounds to nearest even, but overflows past 2^1024: drop bits, keep a sticky one
  const negative = value < 0n
  let magnitude = negative ? -value : value
  const length = magnitude.toString(16).length * 4
  let drop = length - 128
  if (drop > 0) {
    const rest = magnitude & ((1n << BigInt(drop)) - 1n)
    magnitude >>= BigInt(drop)
    if (rest !== 0n) magnitude |= 1n
  } else drop = 0
  let result = Number(magnitude)
  let shift = exponent + drop
  while (shift > 512) {
    result *= powerOfTwo(512)
    shift -= 512
  }
  while (shift < -512) {
    result *= powerOfTwo(-512)
    shift += 512
  }
  result *= powerOfTwo(shift)
  return negative ? -result : result
}

/** 2^n for an integer -1022 <= n <= 1023, from its bits. */
export function powerOfTwo(n: number): number {
  asWords[0] = 0
  asWords[1] = (1023 + n) << 20
  return asDouble[0]!
}

/** Whether x is a power of two, from 2^-1000 to 2^1000. */
export function isPowerOfTwo(x: number): boolean {
  return x >= powerOfTwo(-1000) && x <= powerOfTwo(1000) && ceilPowerOfTwo(x) === x
}

/** The smallest power of two >= x, for finite x >= 2^-1000. */
export function ceilPowerOfTwo(x: number): number {
  asDouble[0] = x
  const high = asWords[1]!
  const isPower = asWords[0] === 0 && (high & 0xfffff) === 0
  return powerOfTwo(((high >>> 20) & 0x7ff) - 1023 + (isPower ? 0 : 1))
}
