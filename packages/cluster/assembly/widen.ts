// Pieces of 2 or 1 bytes to words, and words to 64-bit integers.

export function widen(
  dst: usize, src: usize, n: i32, nBytes: i32, shift: i32, isSigned: i32, add: i32,
): void {
  const end = dst + (<usize>n << 2)
  if (nBytes == 4) {
    memory.copy(dst, src, <usize>n << 2)
  } else if (nBytes == 2) {
    for (; dst < end; dst += 32, src += 16) putHalves(dst, v128.load(src), shift, isSigned, add)
  } else {
    for (; dst < end; dst += 64, src += 16) {
      const bytes = v128.load(src)
      const a = isSigned ? i16x8.extend_low_i8x16_s(bytes) : i16x8.extend_low_i8x16_u(bytes)
      const b = isSigned ? i16x8.extend_high_i8x16_s(bytes) : i16x8.extend_high_i8x16_u(bytes)
      putHalves(dst, a, shift, isSigned, add)
      putHalves(dst + 32, b, shift, isSigned, add)
    }
  }
}

// @ts-ignore: decorator
@inline
function putHalves(dst: usize, halves: v128, shift: i32, isSigned: i32, add: i32): void {
  let a = isSigned ? i32x4.extend_low_i16x8_s(halves) : i32x4.extend_low_i16x8_u(halves)
  let b = isSigned ? i32x4.extend_high_i16x8_s(halves) : i32x4.extend_high_i16x8_u(halves)
  a = i32x4.shl(a, shift)
  b = i32x4.shl(b, shift)
  if (add) {
    a = v128.or(a, v128.load(dst))
    b = v128.or(b, v128.load(dst, 16))
  }
  v128.store(dst, a)
  v128.store(dst, b, 16)
}

export function join(dst: usize, low: usize, high: usize, n: i32, isSigned: i32): void {
  const end = low + (<usize>n << 2)
  const zero = i32x4.splat(0)
  for (; low < end; low += 16, dst += 32) {
    const a = v128.load(low)
    let b = zero
    if (high) {
      b = v128.load(high)
      high += 16
    } else if (isSigned) b = i32x4.shr_s(a, 31)
    v128.store(dst, v128.shuffle<i32>(a, b, 0, 4, 1, 5))
    v128.store(dst, v128.shuffle<i32>(a, b, 2, 6, 3, 7), 16)
  }
}
