// The row draws of bagging: the twin of src/random.ts.

// @ts-ignore: decorator
@inline export function mixWord(hash: u32, word: u32): u32 {
  const k = rotl<u32>(word * 0xcc9e2d51, 15) * 0x1b873593
  return rotl<u32>(hash ^ k, 13) * 5 + 0xe6546b64
}

// @ts-ignore: decorator
@inline export function finish(h: u32): u32 {
  h ^= h >> 16
  h *= 0x85ebca6b
  h ^= h >> 13
  h *= 0xc2b2ae35
  return h ^ (h >> 16)
}

/**
 * Copies the records in the bag from src to dst and writes the local row ids of the others to
 * `outside`. Returns the number of records in the bag. Rows are consecutive global rows from
 * firstRow; a row is in the bag if its draw is below `limit` (0 .. 2^32).
 */
export function bag(
  dst: usize, outside: usize, src: usize, n: i32, stride: i32, rowIdOffset: i32,
  hashStart: u32, firstRow: f64, limit: f64,
): i32 {
  let kept = 0
  const bound = <u64>limit
  let row = <u64>firstRow
  for (let i = 0; i < n; i++, row++, src += stride) {
    const draw = finish(mixWord(mixWord(hashStart, <u32>row), <u32>(row >> 32)))
    const isIn = <i32>(<u64>draw < bound)
    memory.copy(dst, src, stride)
    store<u32>(outside, load<u32>(src + rowIdOffset))
    dst += isIn ? <usize>stride : 0
    outside += isIn ? 0 : 4
    kept += isIn
  }
  return kept
}
