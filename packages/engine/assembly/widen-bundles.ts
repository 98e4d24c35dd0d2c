// As widen.ts where columns may hold bundles of features: a bundled feature's cells are some of its
// column's, and its default bin has what the others leave of all rows.

// an entry of 16 bytes per feature: byte offset of its first cell; its default bin, or -1 where the
// column is its own
const MEMBER_CELLS: usize = 0
const MEMBER_DEFAULT: usize = 4

// sums of all cells of the first column: of all rows
let allG: i64 = 0
let allH: i64 = 0
let allN: i64 = 0

function sumCells(cells: usize, n: i32): void {
  allG = 0
  allH = 0
  allN = 0
  for (const end = cells + (<usize>n << 4); cells < end; cells += 16) {
    const packed = load<i64>(cells, 8)
    allG += load<i64>(cells)
    allH += packed >>> 16
    allN += packed & 0xffff
  }
}

// @ts-ignore: decorator
@inline function put(g: usize, h: usize, c: usize, G: i64, H: i64, N: i64, add: i32): void {
  store<i64>(g, add ? load<i64>(g) + G : G)
  store<i64>(h, add ? load<i64>(h) + H : H)
  store<i32>(c, add ? load<i32>(c) + <i32>N : <i32>N)
}

export function widenBundles(
  gradients: usize, hessians: usize, counts: usize, hist: usize, nValues: i32,
  layout: usize, members: usize, firstFeature: i32, lastFeature: i32, add: i32,
): void {
  sumCells(hist, nValues)
  for (let f = firstFeature; f < lastFeature; f++) {
    const entry = layout + (<usize>f << 4)
    const offset = <usize>load<i32>(entry)
    const nBins = load<i32>(entry, 4)
    const member = members + (<usize>f << 4)
    let cell = hist + <usize>load<u32>(member, MEMBER_CELLS)
    const defaultBin = load<i32>(member, MEMBER_DEFAULT)
    const g = gradients + (offset << 3), h = hessians + (offset << 3), c = counts + (offset << 2)
    let G = allG, H = allH, N = allN
    for (let b = 0; b < nBins; b++) {
      if (b == defaultBin) continue
      const packed = load<i64>(cell, 8)
      const cellG = load<i64>(cell), cellH = packed >>> 16, cellN = packed & 0xffff
      const at = <usize>b << 3
      put(g + at, h + at, c + (at >> 1), cellG, cellH, cellN, add)
      G -= cellG
      H -= cellH
      N -= cellN
      cell += 16
    }
    if (defaultBin >= 0) {
      const at = <usize>defaultBin << 3
      put(g + at, h + at, c + (at >> 1), G, H, N, add)
    }
    // bins are padded to pairs
    if ((nBins & 1) && !add) {
      const at = <usize>nBins << 3
      put(g + at, h + at, c + (at >> 1), 0, 0, 0, 0)
    }
  }
}
