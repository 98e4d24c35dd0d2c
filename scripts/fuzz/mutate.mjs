/** Bytes that are nearly right. */

/** Numbers at which lengths, counts and widths change their meaning. */
const edges = [0, 1, 2, 4, 7, 8, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0xf_ffff,
  0x10_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]

/** Heads of MessagePack values, and of values that announce more than there is. */
const heads = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc7, 0xc9, 0xca, 0xcb, 0xcf,
  0xd3, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0]

/**
 * A changed copy.
 *
 * @param {import('@coppice/testkit').TestRandom} random
 * @param {Uint8Array} bytes
 * @param {readonly Uint8Array[]} others - parts of them may be put in
 * @returns {Uint8Array}
 */
export function mutate(random, bytes, others) {
  let copy = bytes.slice()
  const n = 1 + random.below(random.below(4) === 0 ? 12 : 3)
  for (let i = 0; i < n; i++) copy = mutations[random.below(mutations.length)](random, copy, others)
  return copy
}

/** Bytes without any sense, short more often than long. */
export function randomBytes(random) {
  const n = random.below(1 << random.below(12))
  return Uint8Array.from({ length: n }, () => random.below(256))
}

const mutations = [
  function flipBit(random, bytes) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] ^= 1 << random.below(8)
    return bytes
  },
  function setByte(random, bytes) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },
  function setHead(random, bytes) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = heads[random.below(heads.length)]
    return bytes
  },
  function setWord(random, bytes) {
    if (bytes.length < 4) return bytes
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const isAligned = random.below(2) === 0
    const at = random.below(isAligned ? bytes.length >> 2 : bytes.length - 3) * (isAligned ? 4 : 1)
    view.setUint32(at, edges[random.below(edges.length)], random.below(2) === 0)
    return bytes
  },
  function cutEnd(random, bytes) {
    return bytes.slice(0, random.below(bytes.length + 1))
  },
  function cutMiddle(random, bytes) {
    const [start, end] = rangeOf(random, bytes)
    return concat(bytes.subarray(0, start), bytes.subarray(end))
  },
  function repeat(random, bytes) {
    const [start, end] = rangeOf(random, bytes)
    return concat(bytes.subarray(0, end), bytes.subarray(start))
  },
  function insertOther(random, bytes, others) {
    const other = others[random.below(others.length)]
    const [start, end] = rangeOf(random, other)
    const at = random.below(bytes.length + 1)
    return concat(bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at))
  },
  function insertRandom(random, bytes) {
    const at = random.below(bytes.length + 1)
    return concat(bytes.subarray(0, at), randomBytes(random).subarray(0, 64), bytes.subarray(at))
  },
]

/** A range, short more often than long. */
function rangeOf(random, bytes) {
  const start = random.below(bytes.length + 1)
  const length = Math.min(bytes.length - start, random.below(1 << random.below(14)))
  return [start, start + length]
}

function concat(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
