// 64-bit integers to vectors of their low or high words, and words to their pieces of 2 or 1 bytes.

export function lows(dst: usize, src: usize, n: i32): void {
  const end = dst + (<usize>n << 2)
  for (; dst < end; dst += 16, src += 32) {
    v128.store(dst, v128.shuffle<i32>(v128.load(src), v128.load(src, 16), 0, 2, 4, 6))
  }
}

export function highs(dst: usize, src: usize, n: i32): void {
  const end = dst + (<usize>n << 2)
  for (; dst < end; dst += 16, src += 32) {
    v128.store(dst, v128.shuffle<i32>(v128.load(src), v128.load(src, 16), 1, 3, 5, 7))
  }
}

export function narrow(dst: usize, src: usize, n: i32, nBytes: i32, shift: i32): void {
  const end = dst + <usize>n * nBytes
  if (nBytes == 4) {
    // Whole steps, as below: what follows the words is zero, and becomes the padding.
    memory.copy(dst, src, ((<usize>n << 2) + 15) & ~15)
  } else if (nBytes == 2) {
    for (; dst < end; dst += 16, src += 32) v128.store(dst, halves(src, shift))
  } else {
    const mask = i16x8.splat(0xff)
    for (; dst < end; dst += 16, src += 64) {
      const a = v128.and(halves(src, shift), mask)
      const b = v128.and(halves(src + 32, shift), mask)
      v128.store(dst, i8x16.narrow_i16x8_u(a, b))
    }
  }
}

/** The low halves of eight words, each moved down by `shift` bits. */
// @ts-ignore: decorator
@inline
function halves(src: usize, shift: i32): v128 {
  const mask = i32x4.splat(0xffff)
  const a = v128.and(i32x4.shr_u(v128.load(src), shift), mask)
  const b = v128.and(i32x4.shr_u(v128.load(src, 16), shift), mask)
  return i16x8.narrow_i32x4_u(a, b)
}
