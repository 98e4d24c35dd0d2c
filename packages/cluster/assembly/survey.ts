// One pass over a chunk: which cells are not all zero, and which bits occur in each plane.

export function survey(
  out: usize, bitmap: usize, gradients: usize, hessians: usize, counts: usize, n: i32,
): i32 {
  const zero = i64x2.splat(0)
  let signless = zero
  let gradientBits = zero
  let hessianBits = zero
  let countBits = zero
  let nFilled = 0
  // Eight cells make a byte of the bitmap; n is a multiple of 4.
  for (let c = 0; c < n; c += 8, bitmap++) {
    let bits = 0
    const last = min(c + 8, n) - c
    for (let i = 0; i < last; i += 4, gradients += 32, hessians += 32, counts += 16) {
      const g0 = v128.load(gradients), g1 = v128.load(gradients, 16)
      const h0 = v128.load(hessians), h1 = v128.load(hessians, 16)
      const k = v128.load(counts)
      const g = v128.or(g0, g1)
      gradientBits = v128.or(gradientBits, g)
      signless = v128.or(signless, v128.or(
        v128.xor(g0, i64x2.shr_s(g0, 63)), v128.xor(g1, i64x2.shr_s(g1, 63))))
      hessianBits = v128.or(hessianBits, v128.or(h0, h1))
      countBits = v128.or(countBits, k)
      const any0 = v128.or(v128.or(g0, h0), i64x2.extend_low_i32x4_u(k))
      const any1 = v128.or(v128.or(g1, h1), i64x2.extend_high_i32x4_u(k))
      const low = i64x2.bitmask(i64x2.ne(any0, zero))
      const high = i64x2.bitmask(i64x2.ne(any1, zero))
      bits |= (low | (high << 2)) << i
    }
    store<u8>(bitmap, <u8>bits)
    nFilled += popcnt(bits)
  }
  store<i64>(out, i64x2.extract_lane(signless, 0) | i64x2.extract_lane(signless, 1))
  store<i64>(out, i64x2.extract_lane(gradientBits, 0) | i64x2.extract_lane(gradientBits, 1), 8)
  store<i64>(out, i64x2.extract_lane(hessianBits, 0) | i64x2.extract_lane(hessianBits, 1), 16)
  const c64 = i64x2.extract_lane(countBits, 0) | i64x2.extract_lane(countBits, 1)
  store<i64>(out, (c64 | (c64 >> 32)) & 0xffff_ffff, 24)
  return nFilled
}
