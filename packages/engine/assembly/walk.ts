// Scores of rows that were not part of growing a tree: evaluation sets and rows out of the bag.
// A tree is nNodes entries of 16 bytes {feature u32, table u32, left i32, right i32}; a child < 0
// is leaf ~child. `table` is the offset of 256 go-left bytes.

export function walkTree(
  score: usize, rec: usize, stride: i32, ids: usize, n: i32, nodes: usize, values: usize,
): void {
  for (let i = 0; i < n; i++) {
    const row = ids ? <usize>load<u32>(ids + (<usize>i << 2)) : <usize>i
    const bins = rec + row * <usize>stride
    let child = 0
    do {
      const node = nodes + (<usize>child << 4)
      const bin = <usize>load<u8>(bins + <usize>load<u32>(node))
      const go = <usize>load<u8>(<usize>load<u32>(node, 4) + bin)
      child = load<i32>(node + 12 - (go << 2))
    } while (child >= 0)
    const s = score + (row << 3)
    store<f64>(s, load<f64>(s) + load<f64>(values + (<usize>(~child) << 3)))
  }
}
