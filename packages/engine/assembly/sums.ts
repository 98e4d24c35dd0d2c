// Wide sums of a histogram: gradients i64[nCells], hessians i64[nCells], counts i32[nCells], in
// one run of nCells * 20 bytes. nCells is a multiple of 4.

export function addSums(dst: usize, src: usize, nCells: i32): void {
  let end = dst + (<usize>nCells << 4)
  for (; dst < end; dst += 16, src += 16) {
    v128.store(dst, i64x2.add(v128.load(dst), v128.load(src)))
  }
  end = dst + (<usize>nCells << 2)
  for (; dst < end; dst += 16, src += 16) {
    v128.store(dst, i32x4.add(v128.load(dst), v128.load(src)))
  }
}

export function subtractSums(dst: usize, src: usize, nCells: i32): void {
  let end = dst + (<usize>nCells << 4)
  for (; dst < end; dst += 16, src += 16) {
    v128.store(dst, i64x2.sub(v128.load(dst), v128.load(src)))
  }
  end = dst + (<usize>nCells << 2)
  for (; dst < end; dst += 16, src += 16) {
    v128.store(dst, i32x4.sub(v128.load(dst), v128.load(src)))
  }
}

/** Sums over n bins: an i64 each of gradients and hessians, and an i32 of counts behind them. */
export function sumBins(
  totals: usize, gradients: usize, hessians: usize, counts: usize, n: i32,
): void {
  let gradient: i64 = 0
  let hessian: i64 = 0
  let count: i32 = 0
  for (let i: usize = 0; i < <usize>n; i++) {
    gradient += load<i64>(gradients + (i << 3))
    hessian += load<i64>(hessians + (i << 3))
    count += load<i32>(counts + (i << 2))
  }
  store<i64>(totals, gradient)
  store<i64>(totals, hessian, 8)
  store<i32>(totals, count, 16)
}
