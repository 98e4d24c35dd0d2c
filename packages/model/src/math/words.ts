/**
 * The two 32-bit halves of a double, through one shared buffer. Safe because every use writes
 * before it reads and nothing in between yields.
 */

const buffer = new ArrayBuffer(8)
const words = new Uint32Array(buffer)

/** A one-element view: write a double here, then read its halves (or the other way round). */
export const asDouble = new Float64Array(buffer)

/** The same eight bytes as two unsigned words, at `HIGH` and `LOW`. */
export const asWords = words

asDouble[0] = 1
/** Index in `asWords` of the word that holds sign and exponent (1 on little-endian machines). */
export const HIGH = words[1] === 0x3ff00000 ? 1 : 0
/** Index in `asWords` of the low 32 bits of the mantissa. */
export const LOW = 1 - HIGH
