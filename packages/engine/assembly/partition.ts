import { copyRow } from './copy-row'
import { SIDE_BYTES } from './records'

// Branch-free two-ended partition: every record is stored at both ends and only one end moves.
// The right side comes out in reverse order, which integer sums permit.
//
//   src  a B c D e      (small: left, capital: right)
//   dst  a c e D B

function partition16(src: usize, dst: usize, n: i32, feature: usize, table: usize): i32 {
  let l = dst, r = dst + (<usize>(n - 1) << 4)
  for (const end = src + (<usize>n << 4); src < end; src += 16) {
    const a = v128.load(src)
    const go = <usize>load<u8>(table + <usize>load<u8>(src + feature))
    v128.store(l, a)
    v128.store(r, a)
    l += go << 4
    r -= (1 - go) << 4
  }
  return <i32>((l - dst) >> 4)
}

function partition24(src: usize, dst: usize, n: i32, feature: usize, table: usize): i32 {
  let l = dst, r = dst + <usize>(n - 1) * 24
  for (const end = src + <usize>n * 24; src < end; src += 24) {
    const a = v128.load(src), b = load<i64>(src, 16)
    const go = <usize>load<u8>(table + <usize>load<u8>(src + feature))
    v128.store(l, a)
    store<i64>(l, b, 16)
    v128.store(r, a)
    store<i64>(r, b, 16)
    l += go * 24
    r -= (1 - go) * 24
  }
  return <i32>((l - dst) / 24)
}

function partition32(src: usize, dst: usize, n: i32, feature: usize, table: usize): i32 {
  let l = dst, r = dst + (<usize>(n - 1) << 5)
  for (const end = src + (<usize>n << 5); src < end; src += 32) {
    const a = v128.load(src), b = v128.load(src, 16)
    const go = <usize>load<u8>(table + <usize>load<u8>(src + feature))
    v128.store(l, a)
    v128.store(l, b, 16)
    v128.store(r, a)
    v128.store(r, b, 16)
    l += go << 5
    r -= (1 - go) << 5
  }
  return <i32>((l - dst) >> 5)
}

function partition40(src: usize, dst: usize, n: i32, feature: usize, table: usize): i32 {
  let l = dst, r = dst + <usize>(n - 1) * 40
  for (const end = src + <usize>n * 40; src < end; src += 40) {
    const a = v128.load(src), b = v128.load(src, 16), c = load<i64>(src, 32)
    const go = <usize>load<u8>(table + <usize>load<u8>(src + feature))
    v128.store(l, a)
    v128.store(l, b, 16)
    store<i64>(l, c, 32)
    v128.store(r, a)
    v128.store(r, b, 16)
    store<i64>(r, c, 32)
    l += go * 40
    r -= (1 - go) * 40
  }
  return <i32>((l - dst) / 40)
}

function partition48(src: usize, dst: usize, n: i32, feature: usize, table: usize): i32 {
  let l = dst, r = dst + <usize>(n - 1) * 48
  for (const end = src + <usize>n * 48; src < end; src += 48) {
    const a = v128.load(src), b = v128.load(src, 16), c = v128.load(src, 32)
    const go = <usize>load<u8>(table + <usize>load<u8>(src + feature))
    v128.store(l, a)
    v128.store(l, b, 16)
    v128.store(l, c, 32)
    v128.store(r, a)
    v128.store(r, b, 16)
    v128.store(r, c, 32)
    l += go * 48
    r -= (1 - go) * 48
  }
  return <i32>((l - dst) / 48)
}

// Wide records: a branch costs less than storing every record twice.
function partitionWide(
  src: usize, dst: usize, n: i32, stride: usize, feature: usize, table: usize,
): i32 {
  let l = dst, r = dst + <usize>(n - 1) * stride
  for (const end = src + <usize>n * stride; src < end; src += stride) {
    if (load<u8>(table + <usize>load<u8>(src + feature))) {
      copyRow(l, src, stride)
      l += stride
    } else {
      copyRow(r, src, stride)
      r -= stride
    }
  }
  return <i32>((l - dst) / stride)
}

/** Rows of 8 or 16 bytes of bins, and sides in a plane of their own. */
// @ts-ignore: decorator
@inline function partitionPlanes(
  src: usize, srcSides: usize, dst: usize, dstSides: usize, n: i32, size: usize, feature: usize,
  table: usize,
): i32 {
  let l = dst, r = dst + <usize>(n - 1) * size
  let ls = dstSides, rs = dstSides + <usize>(n - 1) * SIDE_BYTES
  for (const end = src + <usize>n * size; src < end; src += size, srcSides += SIDE_BYTES) {
    const go = <usize>load<u8>(table + <usize>load<u8>(src + feature))
    if (size == 8) {
      const a = load<i64>(src)
      store<i64>(l, a)
      store<i64>(r, a)
    } else {
      const a = v128.load(src)
      v128.store(l, a)
      v128.store(r, a)
    }
    const pair = load<i64>(srcSides), id = load<i32>(srcSides, 8)
    store<i64>(ls, pair)
    store<i32>(ls, id, 8)
    store<i64>(rs, pair)
    store<i32>(rs, id, 8)
    l += go * size
    r -= (1 - go) * size
    ls += go * SIDE_BYTES
    rs -= (1 - go) * SIDE_BYTES
  }
  return <i32>((l - dst) / size)
}

export function partitionNarrow(
  dst: usize, dstSides: usize, src: usize, srcSides: usize, n: i32, stride: i32, feature: i32,
  table: usize,
): i32 {
  if (stride == 8) return partitionPlanes(src, srcSides, dst, dstSides, n, 8, feature, table)
  return partitionPlanes(src, srcSides, dst, dstSides, n, 16, feature, table)
}

export function partition(
  dst: usize, src: usize, n: i32, stride: i32, feature: i32, table: usize,
): i32 {
  if (stride == 16) return partition16(src, dst, n, feature, table)
  if (stride == 24) return partition24(src, dst, n, feature, table)
  if (stride == 32) return partition32(src, dst, n, feature, table)
  if (stride == 40) return partition40(src, dst, n, feature, table)
  if (stride == 48) return partition48(src, dst, n, feature, table)
  return partitionWide(src, dst, n, stride, feature, table)
}
