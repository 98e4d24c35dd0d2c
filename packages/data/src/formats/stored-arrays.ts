/** Arrays of stored numbers to arrays of doubles, by kernels: thousands at a time, by copy. */
import { type DecodingMachine, enterMachine } from './decoding-machine.js'

/** Numbers of a piece: in and out they stay in the second-level cache. */
const PIECE = 8192

/** -0 becomes +0 and every NaN the canonical one. */
export function canonicalise(values: Float32Array | Float64Array, out: Float64Array): void {
  const isSingle = values instanceof Float32Array
  inPieces(values, values.length, out, (machine, to, from, n) => {
    if (isSingle) machine.kernels.promoteSingles(to, from, n)
    else machine.kernels.copyDoubles(to, from, n)
    return n
  })
}

/**
 * Rounds 64-bit integers to doubles, up to the first that is larger than `limit` either way.
 *
 * @param words - low and high word of each value in turn
 * @param out - at least words.length / 2 doubles
 * @returns the place of that one, or how many there are
 */
export function convertLongs(
  words: Int32Array, out: Float64Array, isUnsigned: boolean, limit: number,
): number {
  return inPieces(words, words.length / 2, out, (machine, to, from, n) =>
    machine.kernels.convertLongs(to, from, n, Number(isUnsigned), limit))
}

/** @param convert - returns how many of n it has done; where these are not all, nothing follows */
function inPieces(
  values: Float32Array | Float64Array | Int32Array,
  nValues: number,
  out: Float64Array,
  convert: (machine: DecodingMachine, to: number, from: number, n: number) => number,
): number {
  const machine = enterMachine()
  try {
    const from = machine.reserve(PIECE * 8)
    const to = machine.reserve(PIECE * 8)
    const given = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const width = values.byteLength / nValues
    for (let start = 0; start < nValues; start += PIECE) {
      const n = Math.min(PIECE, nValues - start)
      const bytes = given.subarray(start * width, (start + n) * width)
      machine.bytes(from, bytes.length).set(bytes)
      const nDone = convert(machine, to, from, n)
      out.set(machine.doubles(to, nDone), start)
      if (nDone < n) return start + nDone
    }
    return nValues
  } finally {
    machine.leave()
  }
}
