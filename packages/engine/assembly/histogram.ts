// One cell: 16 bytes, i64 sum of gradients, i64 sum of hessians << 16 | row count.
// Features have 256 cells each, so that a bin's cell is at a constant offset from its feature.

// @ts-ignore: decorator
@inline function addCell(h: usize, bin: u32, v: v128): void {
  const a = h + (<usize>bin << 4)
  v128.store(a, i64x2.add(v128.load(a), v))
}

// @ts-ignore: decorator
@inline function addWord(h: usize, bins: u32, v: v128): void {
  addCell(h, bins & 255, v)
  addCell(h + 4096, (bins >> 8) & 255, v)
  addCell(h + 8192, (bins >> 16) & 255, v)
  addCell(h + 12288, bins >> 24, v)
}

export function histogram(
  hist: usize, rec: usize, n: i32, stride: i32, nFeatures: i32, gradientOffset: i32,
): void {
  const words = <usize>(nFeatures >> 2) << 2
  const rest = <usize>(nFeatures & 3)
  for (let i = 0; i < n; i++, rec += stride) {
    const g = rec + gradientOffset
    const v = i64x2.replace_lane(
      i64x2.splat(<i64>load<i32>(g)), 1, ((<i64>load<u32>(g, 4)) << 16) | 1,
    )
    let h = hist
    let p = rec
    for (const end = rec + words; p < end; p += 4, h += 16384) addWord(h, load<u32>(p), v)
    for (const end = p + rest; p < end; p++, h += 4096) addCell(h, <u32>load<u8>(p), v)
  }
}
