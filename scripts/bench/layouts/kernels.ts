/**
 * AssemblyScript: candidate layouts of row records and histograms, for `npm run bench -- layouts`
 * only. The engine's kernels are in packages/engine/assembly.
 *
 * A record is nWords words of four bins, then what the candidate carries. A gradient pair is an
 * i32 gradient and a u32 hessian, in the record or in row order. All histograms but the packed one
 * obey the contract of the engine: exact i64 sums and true counts, in cells of 16 bytes,
 * [sum of gradients, sum of hessians << 16 | count], 256 cells per feature. Bins are uniform here,
 * so no cell sees 2^16 rows; the engine empties such cells into wider ones before they overflow.
 */

/** Adds v to bin b of the feature whose cells begin at h. */
@inline function add(h: usize, b: u32, v: v128): void {
  const a = h + (<usize>b << 4)
  v128.store(a, i64x2.add(v128.load(a), v))
}

@inline function addWord(h: usize, w: u32, v: v128): void {
  add(h, w & 255, v)
  add(h + 4096, (w >> 8) & 255, v)
  add(h + 8192, (w >> 16) & 255, v)
  add(h + 12288, w >> 24, v)
}

/** What a row with the gradient pair at p adds to its cells. */
@inline function pair(p: usize): v128 {
  const hessianAndCount = ((<i64>load<u32>(p, 4)) << 16) | 1
  return i64x2.replace_lane(i64x2.splat(<i64>load<i32>(p)), 1, hessianAndCount)
}

/** The pair sits in the record, behind the bins. */
export function histCarried(hist: usize, rec: usize, n: i32, stride: i32, nWords: i32): void {
  for (let i = 0; i < n; i++, rec += stride) {
    const end = rec + (<usize>nWords << 2)
    const v = pair(end)
    let h = hist
    for (let p = rec; p < end; p += 4, h += 16384) addWord(h, load<u32>(p), v)
  }
}

/** As histCarried, one load per bin instead of one per word. */
export function histBytes(hist: usize, rec: usize, n: i32, stride: i32, nWords: i32): void {
  for (let i = 0; i < n; i++, rec += stride) {
    const end = rec + (<usize>nWords << 2)
    const v = pair(end)
    let h = hist
    for (let p = rec; p < end; p += 4, h += 16384) addBytes(h, p, v)
  }
}

@inline function addBytes(h: usize, p: usize, v: v128): void {
  add(h, load<u8>(p), v)
  add(h + 4096, load<u8>(p, 1), v)
  add(h + 8192, load<u8>(p, 2), v)
  add(h + 12288, load<u8>(p, 3), v)
}

/** As histBytes for 28 features: no inner loop. */
export function histBytes28(hist: usize, rec: usize, n: i32, stride: i32): void {
  for (let i = 0; i < n; i++, rec += stride) {
    const v = pair(rec + 28)
    addBytes(hist, rec, v)
    addBytes(hist + 16384, rec + 4, v)
    addBytes(hist + 32768, rec + 8, v)
    addBytes(hist + 49152, rec + 12, v)
    addBytes(hist + 65536, rec + 16, v)
    addBytes(hist + 81920, rec + 20, v)
    addBytes(hist + 98304, rec + 24, v)
  }
}

/** The pair is fetched from row order by the row id behind the bins; words [w0, w1) only. */
export function histGather(
  hist: usize, rec: usize, n: i32, stride: i32, nWords: i32, w0: i32, w1: i32, pairs: usize,
): void {
  for (let i = 0; i < n; i++, rec += stride) {
    const v = pair(pairs + (<usize>load<u32>(rec + (<usize>nWords << 2)) << 3))
    const end = rec + (<usize>w1 << 2)
    let h = hist + <usize>w0 * 16384
    for (let p = rec + (<usize>w0 << 2); p < end; p += 4, h += 16384) addWord(h, load<u32>(p), v)
  }
}

/** Records stay where they are; the leaf is a list of row ids. Words [w0, w1) only. */
export function histIndex(
  hist: usize, ids: usize, n: i32, rec: usize, stride: i32, w0: i32, w1: i32, pairs: usize,
): void {
  for (let i = 0; i < n; i++) {
    const id = <usize>load<u32>(ids + (<usize>i << 2))
    const v = pair(pairs + (id << 3))
    const base = rec + id * <usize>stride
    const end = base + (<usize>w1 << 2)
    let h = hist + <usize>w0 * 16384
    for (let p = base + (<usize>w0 << 2); p < end; p += 4, h += 16384) addWord(h, load<u32>(p), v)
  }
}

/** Outside the contract: 16-bit gradient and hessian in one i64 cell of 8 bytes, no count. */
export function histPacked(hist: usize, rec: usize, n: i32, stride: i32, nWords: i32): void {
  for (let i = 0; i < n; i++, rec += stride) {
    const end = rec + (<usize>nWords << 2)
    const x = load<i32>(end)
    const v = (<i64>(x >> 16) << 32) + <i64>(x & 0xffff)
    let h = hist
    for (let p = rec; p < end; p += 4, h += 8192) {
      const w = load<u32>(p)
      addPacked(h, w & 255, v)
      addPacked(h + 2048, (w >> 8) & 255, v)
      addPacked(h + 4096, (w >> 16) & 255, v)
      addPacked(h + 6144, w >> 24, v)
    }
  }
}

@inline function addPacked(h: usize, b: u32, v: i64): void {
  const a = h + (<usize>b << 3)
  store<i64>(a, load<i64>(a) + v)
}

/** 1 where the row's bin of feature f goes left; `table` has a byte per bin. */
@inline function goesLeft(rec: usize, f: usize, table: usize): usize {
  return <usize>load<u8>(table + <usize>load<u8>(rec + f))
}

/** Moves n records of 40 bytes: left ones from dst upwards, right ones downwards. No branch. */
export function part40(dst: usize, src: usize, n: i32, f: usize, table: usize): i32 {
  let left = dst, right = dst + <usize>(n - 1) * 40
  for (let i = 0; i < n; i++, src += 40) {
    const a = v128.load(src), b = v128.load(src, 16), c = load<i64>(src, 32)
    const go = goesLeft(src, f, table)
    v128.store(left, a)
    v128.store(left, b, 16)
    store<i64>(left, c, 32)
    v128.store(right, a)
    v128.store(right, b, 16)
    store<i64>(right, c, 32)
    left += go * 40
    right -= (1 - go) * 40
  }
  return <i32>((left - dst) / 40)
}

/** As part40 for 48 bytes. */
export function part48(dst: usize, src: usize, n: i32, f: usize, table: usize): i32 {
  let left = dst, right = dst + <usize>(n - 1) * 48
  for (let i = 0; i < n; i++, src += 48) {
    const a = v128.load(src), b = v128.load(src, 16), c = v128.load(src, 32)
    const go = goesLeft(src, f, table)
    v128.store(left, a)
    v128.store(left, b, 16)
    v128.store(left, c, 32)
    v128.store(right, a)
    v128.store(right, b, 16)
    v128.store(right, c, 32)
    left += go * 48
    right -= (1 - go) * 48
  }
  return <i32>((left - dst) / 48)
}

/** As part40 for 32 bytes, and 8 bytes beside each record unless side is 0. */
export function part32(
  dst: usize, src: usize, n: i32, f: usize, table: usize, sideDst: usize, side: usize,
): i32 {
  let l: usize = 0, r: usize = <usize>n - 1
  for (let i: usize = 0; i < <usize>n; i++, src += 32) {
    const a = v128.load(src), b = v128.load(src, 16)
    const go = goesLeft(src, f, table)
    const left = dst + (l << 5), right = dst + (r << 5)
    v128.store(left, a)
    v128.store(left, b, 16)
    v128.store(right, a)
    v128.store(right, b, 16)
    if (side) {
      const c = load<i64>(side + (i << 3))
      store<i64>(sideDst + (l << 3), c)
      store<i64>(sideDst + (r << 3), c)
    }
    l += go
    r -= 1 - go
  }
  return <i32>l
}

/** Records of any multiple of 8 bytes, copied once to where the branch says; side as in part32. */
export function partLong(
  dst: usize, src: usize, n: i32, stride: i32, f: usize, table: usize, sideDst: usize, side: usize,
): i32 {
  let l: usize = 0, r: usize = <usize>n - 1
  const end = <usize>stride & ~15
  for (let i: usize = 0; i < <usize>n; i++, src += stride) {
    const go = goesLeft(src, f, table)
    const to = go ? l : r
    const d = dst + to * <usize>stride
    for (let k: usize = 0; k < end; k += 16) v128.store(d + k, v128.load(src + k))
    if (stride & 8) store<i64>(d + end, load<i64>(src + end))
    if (side) store<i64>(sideDst + (to << 3), load<i64>(side + (i << 3)))
    l += go
    r -= 1 - go
  }
  return <i32>l
}

/** Row ids instead of records; bin of row i at bins + i * stride: row- or column-major. */
export function partIndex(
  dst: usize, src: usize, n: i32, bins: usize, stride: i32, table: usize,
): i32 {
  let l: usize = 0, r: usize = <usize>n - 1
  for (let i: usize = 0; i < <usize>n; i++) {
    const id = load<u32>(src + (i << 2))
    const go = <usize>load<u8>(table + <usize>load<u8>(bins + <usize>id * <usize>stride))
    store<u32>(dst + (l << 2), id)
    store<u32>(dst + (r << 2), id)
    l += go
    r -= 1 - go
  }
  return <i32>l
}
