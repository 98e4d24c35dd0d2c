// Gives equal texts equal codes, without a string being made of any.
import { firstBytes, QUOTE, SPACE, TAB } from './bytes'

// The fields of a dictionary, i32 each; see ../src/formats/csv-kernels.ts.
const SLOTS: usize = 0
const N_SLOTS: usize = 4
const COUNT: usize = 8
const COUNT_MAX: usize = 12
const OFFSETS: usize = 16
const FIRSTS: usize = 20
const ARENA: usize = 24
const ARENA_BYTES: usize = 28

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15

// @ts-ignore: decorator
@inline
function mixed(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * MULTIPLIER
  return product ^ (product >> 32)
}

/** Bytes in [at, at + length); up to seven behind them may be read, none of them counts. */
// @ts-ignore: decorator
@inline
function hashOf(at: usize, length: usize): u32 {
  if (length <= 8) return <u32>mixed(length, firstBytes(load<u64>(at), length))
  let hash: u64 = length
  const last = at + length - 8
  for (; at < last; at += 8) hash = mixed(hash, load<u64>(at))
  return <u32>mixed(hash, load<u64>(last))
}

// @ts-ignore: decorator
@inline
function areEqual(a: usize, b: usize, length: usize): bool {
  if (length <= 8) return firstBytes(load<u64>(a) ^ load<u64>(b), length) == 0
  const last = a + length - 8
  for (; a < last; a += 8, b += 8) if (load<u64>(a) != load<u64>(b)) return false
  // The last eight bytes, of which some were compared before.
  return load<u64>(last) == load<u64>(b - (a - last))
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u32): bool {
  return byte == SPACE || byte == TAB
}

/** Copies bytes, and up to seven behind them: most texts are too short for memory.copy to pay. */
// @ts-ignore: decorator
@inline
function copyWords(to: usize, from: usize, length: usize): void {
  for (const end = from + length; from < end; from += 8, to += 8) {
    store<u64>(to, load<u64>(from))
  }
}

/** Copies quoted text with its doubled quotes made single; returns its end. */
function unquote(to: usize, from: usize, end: usize): usize {
  for (; from < end; from++) {
    store<u8>(to++, load<u8>(from))
    if (<u32>load<u8>(from) == QUOTE) from++
  }
  return to
}

export function internTexts(
  codes: usize, dictionary: usize, text: usize, starts: usize, ends: usize, row: i32, n: i32,
  base: i32,
): i32 {
  const slots = <usize>load<i32>(dictionary, SLOTS)
  const mask = <u32>load<i32>(dictionary, N_SLOTS) - 1
  const offsets = <usize>load<i32>(dictionary, OFFSETS)
  const arena = <usize>load<i32>(dictionary, ARENA)
  const countMax = load<i32>(dictionary, COUNT_MAX)
  const arenaBytes = <usize>load<i32>(dictionary, ARENA_BYTES)
  let count = load<i32>(dictionary, COUNT)
  let arenaEnd = <usize>load<i32>(offsets + (<usize>count << 2))
  for (; row < n; row++) {
    const cell = <usize>row << 2
    let at = text + <usize>load<i32>(starts + cell)
    let end = text + <usize>load<i32>(ends + cell)
    while (at < end && isSpace(<u32>load<u8>(at))) at++
    while (at < end && isSpace(<u32>load<u8>(end - 1))) end--
    // Room for a new text is needed in any case: quotes are taken out where it would go.
    if (count == countMax || arenaEnd + (end - at) > arenaBytes) break
    const place = arena + arenaEnd
    if (at < end && <u32>load<u8>(at) == QUOTE) {
      at++
      end = max(at, end - 1)
      let p = at
      while (p < end && <u32>load<u8>(p) != QUOTE) p++
      if (p < end) {
        end = unquote(place, at, end)
        at = place
      }
    }
    const length = end - at
    const hash = hashOf(at, length)
    let slot = hash & mask
    let code: i32
    for (;;) {
      const entry = slots + (<usize>slot << 3)
      code = load<i32>(entry) - 1
      if (code < 0) {
        code = count++
        store<i32>(entry, count)
        store<u32>(entry, hash, 4)
        if (at != place) copyWords(place, at, length)
        arenaEnd += length
        store<i32>(offsets + (<usize>count << 2), <i32>arenaEnd)
        store<i32>(<usize>load<i32>(dictionary, FIRSTS) + (<usize>code << 2),
          base + load<i32>(starts + cell))
        break
      }
      if (load<u32>(entry, 4) == hash) {
        const known = offsets + (<usize>code << 2)
        const offset = <usize>load<i32>(known)
        if (<usize>load<i32>(known, 4) - offset == length &&
          areEqual(arena + offset, at, length)) break
      }
      slot = (slot + 1) & mask
    }
    store<i32>(codes + cell, code)
  }
  store<i32>(dictionary, count, COUNT)
  return row
}

export function rehashTexts(to: usize, nTo: i32, from: usize, nFrom: i32): void {
  const mask = <u32>nTo - 1
  for (let i = 0; i < nFrom; i++) {
    const entry = load<u64>(from + (<usize>i << 3))
    if (entry == 0) continue
    let slot = <u32>(entry >> 32) & mask
    while (load<u64>(to + (<usize>slot << 3)) != 0) slot = (slot + 1) & mask
    store<u64>(to + (<usize>slot << 3), entry)
  }
}
