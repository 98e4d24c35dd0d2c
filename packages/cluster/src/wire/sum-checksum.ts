import type { SumMemory } from './sum-kernels.js'
import { CHECKSUM_BYTES } from './sum-layout.js'

/**
 * The checksum of packed sums: 16 running words, each of every 16th word of the bytes, by the
 * rounds of xxHash32 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md), and their mixture.
 * It depends on where bytes are, so that what is swapped is found like what is changed; a frame's
 * own checksum would take several times as long.
 */

/** Bytes that are taken in at a time; the last ones are filled up with zeros. */
const BLOCK_BYTES = 64

/** The checksum of nBytes in the memory's `packed`: of those behind the place of the checksum. */
export function computeChecksum(
  { kernels, bytes, words, stats, packed }: SumMemory, nBytes: number,
): bigint {
  const end = packed + nBytes
  bytes.fill(0, end, end + BLOCK_BYTES)
  const n = nBytes - CHECKSUM_BYTES
  kernels.checksum(stats, packed + CHECKSUM_BYTES, n)
  return mixChecksum(words.subarray(stats >> 2, (stats >> 2) + 16), n)
}

/** Mixes the 16 words, and the number of bytes, to 64 bits. */
function mixChecksum(words: ArrayLike<number>, nBytes: number): bigint {
  let hash = BigInt(nBytes)
  for (let i = 0; i < 16; i += 2) {
    const pair = BigInt(words[i]! >>> 0) | (BigInt(words[i + 1]! >>> 0) << 32n)
    hash = BigInt.asUintN(64, (hash ^ pair) * 0x9e3779b185ebca87n)
    hash ^= hash >> 29n
  }
  return hash
}

/** The naive twin of `computeChecksum`, of bytes that stand alone. */
export function referenceChecksum(bytes: Uint8Array): bigint {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES)
  whole.set(bytes)
  const view = new DataView(whole.buffer)
  const words = Int32Array.from({ length: 16 }, (_, i) => i)
  for (let at = 0; at < whole.length; at += 4) {
    const i = (at >> 2) & 15
    const sum = words[i]! + Math.imul(view.getUint32(at, true), 0x85ebca77) | 0
    words[i] = Math.imul((sum << 13) | (sum >>> 19), 0x9e3779b1)
  }
  return mixChecksum(words, bytes.length)
}
