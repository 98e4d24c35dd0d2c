// Scores of rows that were not part of growing a tree: evaluation sets and rows out of the bag.
// A tree is nNodes >= 1 entries of 16 bytes {feature u32, table u32, left i32, right i32}; a child
// < 0 is leaf ~child. `table` is the offset of 256 go-left bytes. In the wide form it may be odd:
// then the feature has more bins, of two bytes, and a go-left bit for each at the offset before.

import { bitAt } from './bit-at'

// @ts-ignore: decorator
@inline function nextWide(node: usize, bins: usize): i32 {
  const table = load<u32>(node, 4)
  const at = bins + <usize>load<u32>(node)
  const go = table & 1 ? bitAt(<usize>(table - 1), load<u16>(at))
    : <i32>load<u8>(<usize>table + <usize>load<u8>(at))
  return load<i32>(node + 12 - (<usize>go << 2))
}

// @ts-ignore: decorator
@inline function next(nodes: usize, child: i32, bins: usize, isWide: bool): i32 {
  const node = nodes + (<usize>child << 4)
  if (isWide) return nextWide(node, bins)
  const bin = <usize>load<u8>(bins + <usize>load<u32>(node))
  const go = <usize>load<u8>(<usize>load<u32>(node, 4) + bin)
  return load<i32>(node + 12 - (go << 2))
}

// @ts-ignore: decorator
@inline function addLeaf(score: usize, row: usize, values: usize, child: i32): void {
  const s = score + (row << 3)
  store<f64>(s, load<f64>(s) + load<f64>(values + (<usize>(~child) << 3)))
}

// @ts-ignore: decorator
@inline function rowAt(ids: usize, i: i32): usize {
  return ids ? <usize>load<u32>(ids + (<usize>i << 2)) : <usize>i
}

// @ts-ignore: decorator
@inline function walk(
  score: usize, rec: usize, stride: i32, ids: usize, n: i32, nodes: usize, values: usize,
  isWide: bool,
): void {
  let i = 0
  // four rows at a time: their loads overlap, one row's steps cannot
  for (; i + 4 <= n; i += 4) {
    const r0 = rowAt(ids, i), r1 = rowAt(ids, i + 1), r2 = rowAt(ids, i + 2), r3 = rowAt(ids, i + 3)
    const b0 = rec + r0 * <usize>stride, b1 = rec + r1 * <usize>stride
    const b2 = rec + r2 * <usize>stride, b3 = rec + r3 * <usize>stride
    let c0 = next(nodes, 0, b0, isWide), c1 = next(nodes, 0, b1, isWide)
    let c2 = next(nodes, 0, b2, isWide), c3 = next(nodes, 0, b3, isWide)
    // the sign of the conjunction: all are leaves
    while ((c0 & c1 & c2 & c3) >= 0) {
      if (c0 >= 0) c0 = next(nodes, c0, b0, isWide)
      if (c1 >= 0) c1 = next(nodes, c1, b1, isWide)
      if (c2 >= 0) c2 = next(nodes, c2, b2, isWide)
      if (c3 >= 0) c3 = next(nodes, c3, b3, isWide)
    }
    addLeaf(score, r0, values, c0)
    addLeaf(score, r1, values, c1)
    addLeaf(score, r2, values, c2)
    addLeaf(score, r3, values, c3)
  }
  for (; i < n; i++) {
    const row = rowAt(ids, i)
    const bins = rec + row * <usize>stride
    let child = 0
    do child = next(nodes, child, bins, isWide)
    while (child >= 0)
    addLeaf(score, row, values, child)
  }
}

export function walkTree(
  score: usize, rec: usize, stride: i32, ids: usize, n: i32, nodes: usize, values: usize,
): void {
  walk(score, rec, stride, ids, n, nodes, values, false)
}

/** As `walkTree`, where some features have more than 256 bins. */
export function walkTreeWide(
  score: usize, rec: usize, stride: i32, ids: usize, n: i32, nodes: usize, values: usize,
): void {
  walk(score, rec, stride, ids, n, nodes, values, true)
}
