// Two-way partition in place: rows that go left to the front, the others to the back. Only rows on
// the wrong side move, in pairs: cutting a few rows off a node costs little more than a look at the
// rest. Which rows those are is written down without a branch, since it cannot be predicted
// (Edelkamp and Weiss, "BlockQuicksort: How Branch Mispredictions don't affect Quicksort", 2016).

/** Rows looked at on either side at a time; the numbers of twice as many fit a byte. */
const BLOCK: i32 = 128

/** Exchanges two rows of `stride` bytes, a multiple of 8. */
// @ts-ignore: decorator
@inline function exchange(p: usize, q: usize, stride: usize): void {
  let k: usize = 0
  for (; k + 16 <= stride; k += 16) {
    const a = v128.load(p + k)
    v128.store(p + k, v128.load(q + k))
    v128.store(q + k, a)
  }
  if (k < stride) {
    const a = load<i64>(p + k)
    store<i64>(p + k, load<i64>(q + k))
    store<i64>(q + k, a)
  }
}

/** Which of the n rows from `bin` on go right: their numbers. Returns how many. */
// @ts-ignore: decorator
@inline function rightGoers(out: usize, bin: usize, n: i32, stride: usize, table: usize): i32 {
  let found: usize = 0
  for (let i = 0; i < n; i++, bin += stride) {
    store<u8>(out + found, <u8>i)
    found += 1 - <usize>load<u8>(table + <usize>load<u8>(bin))
  }
  return <i32>found
}

/** Which of the n rows before `bin` go left, counted backwards from 1. Returns how many. */
// @ts-ignore: decorator
@inline function leftGoers(out: usize, bin: usize, n: i32, stride: usize, table: usize): i32 {
  let found: usize = 0
  for (let i = 1; i <= n; i++) {
    bin -= stride
    store<u8>(out + found, <u8>i)
    found += <usize>load<u8>(table + <usize>load<u8>(bin))
  }
  return <i32>found
}

export function rearrange(
  rows: usize, n: i32, stride: i32, feature: i32, table: usize, work: usize,
): i32 {
  const size = <usize>stride
  // numbers of rows that go right, from `first` on, and of rows that go left, back from `last`
  const rights = work, lefts = work + (<usize>BLOCK << 1)
  let first = rows, last = rows + <usize>n * size
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
      exchange(
        first + <usize>load<u8>(rights + rightsFrom) * size,
        last - <usize>load<u8>(lefts + leftsFrom) * size, size)
      rightsFrom++
      leftsFrom++
    }
    nRights -= nPairs
    nLefts -= nPairs
    if (nRights == 0) {
      first += <usize>nFront * size
      unknown -= nFront
    }
    if (nLefts == 0) {
      last -= <usize>nBack * size
      unknown -= nBack
    }
  }
  // at most one side has rows to place: next to where the other one begins
  if (nRights) {
    for (; nRights > 0; nRights--) {
      last -= size
      exchange(
        first + <usize>load<u8>(rights + rightsFrom + <usize>(nRights - 1)) * size, last, size)
    }
    first = last
  }
  for (; nLefts > 0; nLefts--) {
    exchange(last - <usize>load<u8>(lefts + leftsFrom + <usize>(nLefts - 1)) * size, first, size)
    first += size
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
  const size = <usize>stride
  for (const end = rights + (<usize>n << 2); rights < end; rights += 4, lefts += 4) {
    exchange(rows + <usize>load<u32>(rights) * size, rows + <usize>load<u32>(lefts) * size, size)
  }
}
