// Cells of the pass over rows (16 bytes, packed) to wide sums in three planes. The 16-bit count
// and 48-bit hessian sum hold for 65,535 rows of 30-bit hessians: the caller widens before that.

/** Bytes of a feature's cells, see `cellsOf` in src/kernels/cells.ts. */
// @ts-ignore: decorator
@inline function cellBytes(nBins: usize): usize {
  return (((nBins + 3) >> 2) | 1) << 6
}

export function widen(
  gradients: usize, hessians: usize, counts: usize, hist: usize,
  layout: usize, firstFeature: i32, lastFeature: i32, add: i32,
): void {
  for (let f = firstFeature; f < lastFeature; f++) {
    const entry = layout + (<usize>f << 4)
    const offset = <usize>load<i32>(entry)
    const nBins = <usize>load<i32>(entry, 4)
    let src = hist
    hist += cellBytes(nBins)
    let g = gradients + (offset << 3)
    let h = hessians + (offset << 3)
    let c = counts + (offset << 2)
    // bins are padded to pairs: the cell behind an odd number of bins is zero
    const end = src + (((nBins + 1) & ~1) << 4)
    if (add) {
      for (; src < end; src += 32, g += 16, h += 16, c += 8) {
        const a = v128.load(src), b = v128.load(src, 16)
        const packed = i64x2.shuffle(a, b, 1, 3)
        v128.store(g, i64x2.add(v128.load(g), i64x2.shuffle(a, b, 0, 2)))
        v128.store(h, i64x2.add(v128.load(h), i64x2.shr_u(packed, 16)))
        const n = v128.and(packed, i64x2.splat(0xffff))
        const n32 = i32x4.shuffle(n, n, 0, 2, 0, 2)
        store<i64>(c, i64x2.extract_lane(i32x4.add(v128.load64_zero(c), n32), 0))
      }
    } else {
      for (; src < end; src += 32, g += 16, h += 16, c += 8) {
        const a = v128.load(src), b = v128.load(src, 16)
        const packed = i64x2.shuffle(a, b, 1, 3)
        v128.store(g, i64x2.shuffle(a, b, 0, 2))
        v128.store(h, i64x2.shr_u(packed, 16))
        const n = v128.and(packed, i64x2.splat(0xffff))
        store<i64>(c, i64x2.extract_lane(i32x4.shuffle(n, n, 0, 2, 0, 2), 0))
      }
    }
  }
}

/** Bytes of a feature's half cells. */
// @ts-ignore: decorator
@inline function halfCellBytes(nBins: usize): usize {
  return (((nBins + 7) >> 3) | 1) << 6
}

export function widenHalf(
  gradients: usize, hessians: usize, counts: usize, hist: usize,
  layout: usize, firstFeature: i32, lastFeature: i32, add: i32, hessian: i32,
): void {
  const each = i32x4.splat(hessian)
  for (let f = firstFeature; f < lastFeature; f++) {
    const entry = layout + (<usize>f << 4)
    const offset = <usize>load<i32>(entry)
    const nBins = <usize>load<i32>(entry, 4)
    let src = hist
    hist += halfCellBytes(nBins)
    let g = gradients + (offset << 3)
    let h = hessians + (offset << 3)
    let c = counts + (offset << 2)
    // bins are padded to pairs: the cell behind an odd number of bins is zero
    for (const end = src + (((nBins + 1) & ~1) << 3); src < end; src += 16) {
      const cells = v128.load(src)
      const low = v128.and(cells, i64x2.splat(0xffff))
      let G = i64x2.shr_s(cells, 16), N = i32x4.shuffle(low, low, 0, 2, 0, 2)
      let H = i64x2.extmul_low_i32x4_u(N, each)
      if (add) {
        G = i64x2.add(v128.load(g), G)
        H = i64x2.add(v128.load(h), H)
        N = i32x4.add(v128.load64_zero(c), N)
      }
      v128.store(g, G)
      v128.store(h, H)
      v128.store64_lane(c, N, 0)
      g += 16
      h += 16
      c += 8
    }
  }
}
