import { SIDE_BYTES } from './records'

// Two-way partition in place: rows that go left to the front, the others to the back. Only rows on
// the wrong side move, in pairs: cutting a few rows off a node costs little more than a look at the
// rest. Which rows those are is written down without a branch, since it cannot be predicted
// (Edelkamp and Weiss, "BlockQuicksort: How Branch Mispredictions don't affect Quicksort", 2016).

/** Rows looked at on either side at a time; the numbers of twice as many fit a byte. */
const BLOCK: i32 = 128

/** Exchanges two rows of `stride` bytes, a multiple of 8; without a loop where it is a constant. */
// @ts-ignore: decorator
@inline function exchange(p: usize, q: usize, stride: usize): void {
  if (stride > 64) {
    exchangeAny(p, q, stride)
    return
  }
  if (stride >= 16) exchange16(p, q, 0)
  if (stride >= 32) exchange16(p, q, 16)
  if (stride >= 48) exchange16(p, q, 32)
  if (stride == 64) exchange16(p, q, 48)
  if (stride & 8) exchange8(p, q, stride - 8)
}

// @ts-ignore: decorator
@inline function exchangeAny(p: usize, q: usize, stride: usize): void {
  let k: usize = 0
  for (; k + 16 <= stride; k += 16) exchange16(p, q, k)
  if (k < stride) exchange8(p, q, k)
}

// @ts-ignore: decorator
@inline function exchange16(p: usize, q: usize, k: usize): void {
  const a = v128.load(p + k)
  v128.store(p + k, v128.load(q + k))
  v128.store(q + k, a)
}

// @ts-ignore: decorator
@inline function exchange8(p: usize, q: usize, k: usize): void {
  const a = load<i64>(p + k)
  store<i64>(p + k, load<i64>(q + k))
  store<i64>(q + k, a)
}

// @ts-ignore: decorator
@inline function exchangeSides(p: usize, q: usize): void {
  exchange8(p, q, 0)
  const a = load<i32>(p, 8)
  store<i32>(p, load<i32>(q, 8), 8)
  store<i32>(q, a, 8)
}

/** Writes i down at `found` if the row of this bin goes right. Returns where the next one goes. */
// @ts-ignore: decorator
@inline function noteRight(found: usize, i: i32, bin: usize, table: usize): usize {
  store<u8>(found, <u8>i)
  return found + (1 - <usize>load<u8>(table + <usize>load<u8>(bin)))
}

// @ts-ignore: decorator
@inline function noteLeft(found: usize, i: i32, bin: usize, table: usize): usize {
  store<u8>(found, <u8>i)
  return found + <usize>load<u8>(table + <usize>load<u8>(bin))
}

/** Which of the n rows from `bin` on go right: their numbers. Returns how many. */
// @ts-ignore: decorator
@inline function rightGoers(out: usize, bin: usize, n: i32, stride: usize, table: usize): i32 {
  let found = out
  let i = 0
  for (; i + 4 <= n; i += 4, bin += stride << 2) {
    found = noteRight(found, i, bin, table)
    found = noteRight(found, i + 1, bin + stride, table)
    found = noteRight(found, i + 2, bin + stride * 2, table)
    found = noteRight(found, i + 3, bin + stride * 3, table)
  }
  for (; i < n; i++, bin += stride) found = noteRight(found, i, bin, table)
  return <i32>(found - out)
}

/** Which of the n rows before `bin` go left, counted backwards from 1. Returns how many. */
// @ts-ignore: decorator
@inline function leftGoers(out: usize, bin: usize, n: i32, stride: usize, table: usize): i32 {
  let found = out
  let i = 1
  for (; i + 3 <= n; i += 4) {
    bin -= stride << 2
    found = noteLeft(found, i, bin + stride * 3, table)
    found = noteLeft(found, i + 1, bin + stride * 2, table)
    found = noteLeft(found, i + 2, bin + stride, table)
    found = noteLeft(found, i + 3, bin, table)
  }
  for (; i <= n; i++) {
    bin -= stride
    found = noteLeft(found, i, bin, table)
  }
  return <i32>(found - out)
}

export function rearrange(
  rows: usize, n: i32, stride: i32, feature: i32, table: usize, work: usize,
): i32 {
  // strides that are constants to the compiler
  if (stride == 16) return rearrange16(rows, n, feature, table, work)
  if (stride == 24) return rearrange24(rows, n, feature, table, work)
  if (stride == 32) return rearrange32(rows, n, feature, table, work)
  if (stride == 40) return rearrange40(rows, n, feature, table, work)
  if (stride == 48) return rearrange48(rows, n, feature, table, work)
  return rearrangeRows(rows, 0, n, <usize>stride, feature, table, work)
}

export function rearrangeNarrow(
  rows: usize, sides: usize, n: i32, stride: i32, feature: i32, table: usize, work: usize,
): i32 {
  if (stride == 8) return rearrangeRows(rows, sides, n, 8, feature, table, work)
  return rearrangeRows(rows, sides, n, 16, feature, table, work)
}

function rearrange16(rows: usize, n: i32, feature: i32, table: usize, work: usize): i32 {
  return rearrangeRows(rows, 0, n, 16, feature, table, work)
}

function rearrange24(rows: usize, n: i32, feature: i32, table: usize, work: usize): i32 {
  return rearrangeRows(rows, 0, n, 24, feature, table, work)
}

function rearrange32(rows: usize, n: i32, feature: i32, table: usize, work: usize): i32 {
  return rearrangeRows(rows, 0, n, 32, feature, table, work)
}

function rearrange40(rows: usize, n: i32, feature: i32, table: usize, work: usize): i32 {
  return rearrangeRows(rows, 0, n, 40, feature, table, work)
}

function rearrange48(rows: usize, n: i32, feature: i32, table: usize, work: usize): i32 {
  return rearrangeRows(rows, 0, n, 48, feature, table, work)
}

/** @param sides - of SIDE_BYTES, which move along; 0: there are none apart from the rows */
// @ts-ignore: decorator
@inline function rearrangeRows(
  rows: usize, sides: usize, n: i32, size: usize, feature: i32, table: usize, work: usize,
): i32 {
  // numbers of rows that go right, from `first` on, and of rows that go left, back from `last`
  const rights = work, lefts = work + (<usize>BLOCK << 1)
  let first = rows, last = rows + <usize>n * size
  let firstSide = sides, lastSide = sides + <usize>n * SIDE_BYTES
  let nRights = 0, nLefts = 0, rightsFrom: usize = 0, leftsFrom: usize = 0
  let unknown = n
  for (let isLastTurn = false; !isLastTurn;) {
    isLastTurn = unknown <= BLOCK << 1
    let nFront = BLOCK, nBack = BLOCK
    if (isLastTurn) {
      // one side may have a block of which some rows still have to be placed
      const rest = unknown - (nRights || nLefts ? BLOCK : 0)
      nFront = nRights ? BLOCK : nLefts ? rest : rest >> 1
      nBack = nLefts ? BLOCK : nRights ? rest : rest - nFront
    }
    if (nRights == 0) {
      rightsFrom = 0
      nRights = rightGoers(rights, first + feature, nFront, size, table)
    }
    if (nLefts == 0) {
      leftsFrom = 0
      nLefts = leftGoers(lefts, last + feature, nBack, size, table)
    }
    const nPairs = min(nRights, nLefts)
    for (let k = 0; k < nPairs; k++) {
      const right = <usize>load<u8>(rights + rightsFrom)
      const left = <usize>load<u8>(lefts + leftsFrom)
      exchange(first + right * size, last - left * size, size)
      if (sides) exchangeSides(firstSide + right * SIDE_BYTES, lastSide - left * SIDE_BYTES)
      rightsFrom++
      leftsFrom++
    }
    nRights -= nPairs
    nLefts -= nPairs
    if (nRights == 0) {
      first += <usize>nFront * size
      firstSide += <usize>nFront * SIDE_BYTES
      unknown -= nFront
    }
    if (nLefts == 0) {
      last -= <usize>nBack * size
      lastSide -= <usize>nBack * SIDE_BYTES
      unknown -= nBack
    }
  }
  // at most one side has rows to place: next to where the other one begins
  if (nRights) {
    for (; nRights > 0; nRights--) {
      const right = <usize>load<u8>(rights + rightsFrom + <usize>(nRights - 1))
      last -= size
      lastSide -= SIDE_BYTES
      exchange(first + right * size, last, size)
      if (sides) exchangeSides(firstSide + right * SIDE_BYTES, lastSide)
    }
    first = last
  }
  for (; nLefts > 0; nLefts--) {
    const left = <usize>load<u8>(lefts + leftsFrom + <usize>(nLefts - 1))
    exchange(last - left * size, first, size)
    if (sides) exchangeSides(lastSide - left * SIDE_BYTES, firstSide)
    first += size
    firstSide += SIDE_BYTES
  }
  return <i32>((first - rows) / size)
}

/**
 * By the bytes that `decide` wrote (1: left): which rows of the first nLeft go right, and which of
 * the others go left. There are as many of these; returns how many.
 */
export function misplaced(
  decisions: usize, n: i32, nLeft: i32, rights: usize, lefts: usize,
): i32 {
  let found: usize = 0
  for (let i = 0; i < nLeft; i++) {
    store<u32>(rights + (found << 2), i)
    found += 1 - <usize>load<u8>(decisions + <usize>i)
  }
  let nLefts: usize = 0
  for (let i = nLeft; i < n; i++) {
    store<u32>(lefts + (nLefts << 2), i)
    nLefts += <usize>load<u8>(decisions + <usize>i)
  }
  return <i32>found
}

/** Exchanges rows rights[k] and lefts[k] of a plane, for each k < n. */
export function exchangeRows(
  rows: usize, stride: i32, rights: usize, lefts: usize, n: i32,
): void {
  // what most planes have: sides, and the bytes of a tile
  if (stride == 16) exchangeListed(rows, 16, rights, lefts, n)
  else if (stride == 64) exchangeListed(rows, 64, rights, lefts, n)
  else {
    const size = <usize>stride
    for (const end = rights + (<usize>n << 2); rights < end; rights += 4, lefts += 4) {
      exchangeAny(
        rows + <usize>load<u32>(rights) * size, rows + <usize>load<u32>(lefts) * size, size)
    }
  }
}

// @ts-ignore: decorator
@inline function exchangeListed(
  rows: usize, size: usize, rights: usize, lefts: usize, n: i32,
): void {
  for (const end = rights + (<usize>n << 2); rights < end; rights += 4, lefts += 4) {
    exchange(rows + <usize>load<u32>(rights) * size, rows + <usize>load<u32>(lefts) * size, size)
  }
}
