// As widen.ts where columns may hold bundles of features: a bundled feature's cells are some of its
// column's, and its default bin has what the others leave of all of the column's rows.

// an entry of 16 bytes per feature: byte offset of its first cell; its default bin, or -1 where the
// column is its own; byte offset of the column's totals
const MEMBER_CELLS: usize = 0
const MEMBER_DEFAULT: usize = 4
const MEMBER_TOTALS: usize = 8

/** Bytes of a column's totals: gradients, hessians and count, i64 each. */
const TOTALS: usize = 24

export function sumColumns(totals: usize, hist: usize, columns: usize, nColumns: i32): void {
  for (const end = columns + (<usize>nColumns << 3); columns < end; columns += 8) {
    let cells = hist + <usize>load<u32>(columns)
    let G: i64 = 0, H: i64 = 0, N: i64 = 0
    for (const last = cells + (<usize>load<u32>(columns, 4) << 4); cells < last; cells += 16) {
      const packed = load<i64>(cells, 8)
      G += load<i64>(cells)
      H += packed >>> 16
      N += packed & 0xffff
    }
    store<i64>(totals, G)
    store<i64>(totals, H, 8)
    store<i64>(totals, N, 16)
    totals += TOTALS
  }
}

// @ts-ignore: decorator
@inline function put(g: usize, h: usize, c: usize, G: i64, H: i64, N: i64, add: i32): void {
  store<i64>(g, add ? load<i64>(g) + G : G)
  store<i64>(h, add ? load<i64>(h) + H : H)
  store<i32>(c, add ? load<i32>(c) + <i32>N : <i32>N)
}

/** Both bins of a feature that is 0 by default and else 1: each plane's at once. */
// @ts-ignore: decorator
@inline function putFlag(g: usize, h: usize, c: usize, cell: usize, totals: usize, add: i32): void {
  const packed = v128.load(cell)
  const ones = i64x2.shuffle(packed, i64x2.shr_u(packed, 16), 0, 3)
  const zeros = i64x2.sub(v128.load(totals), ones)
  const n = load<i64>(cell, 8) & 0xffff
  let gs = i64x2.shuffle(zeros, ones, 0, 2), hs = i64x2.shuffle(zeros, ones, 1, 3)
  let ns = (load<i64>(totals, 16) - n) | (n << 32)
  if (add) {
    gs = i64x2.add(gs, v128.load(g))
    hs = i64x2.add(hs, v128.load(h))
    ns += load<i64>(c)
  }
  v128.store(g, gs)
  v128.store(h, hs)
  store<i64>(c, ns)
}

export function widenBundles(
  gradients: usize, hessians: usize, counts: usize, hist: usize, totals: usize,
  layout: usize, members: usize, firstFeature: i32, lastFeature: i32, add: i32,
): void {
  for (let f = firstFeature; f < lastFeature; f++) {
    const entry = layout + (<usize>f << 4)
    const offset = <usize>load<i32>(entry)
    const nBins = load<i32>(entry, 4)
    const member = members + (<usize>f << 4)
    let cell = hist + <usize>load<u32>(member, MEMBER_CELLS)
    const defaultBin = load<i32>(member, MEMBER_DEFAULT)
    const g = gradients + (offset << 3), h = hessians + (offset << 3), c = counts + (offset << 2)
    const own = totals + <usize>load<u32>(member, MEMBER_TOTALS)
    if (nBins == 2 && defaultBin == 0) {
      putFlag(g, h, c, cell, own, add)
      continue
    }
    let G = load<i64>(own), H = load<i64>(own, 8), N = load<i64>(own, 16)
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
