// The draws of rows: the twin of src/random.ts.

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

/** `rowDraw` of a global row id. */
// @ts-ignore: decorator
@inline export function rowDraw(hashStart: u32, row: u64): u32 {
  return finish(mixWord(mixWord(hashStart, <u32>row), <u32>(row >> 32)))
}
