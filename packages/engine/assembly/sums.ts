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
