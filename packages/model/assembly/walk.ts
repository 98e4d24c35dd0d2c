// Eight rows go down a tree side by side, so that the processor has eight chains of loads to wait
// for instead of one. No step branches: a leaf leads to itself. Nodes lie behind their parents,
// so the sum of the eight grows as long as one of them goes down.

// More than any code; what is above it at a leaf is the number of the leaf.
const LEAF: i32 = 0x1_0000

// @ts-ignore: decorator
@inline function next<HasSets>(node: usize, row: usize): usize {
  const code = <i32>load<u16>(<usize>load<u32>(node) + row)
  let right = <u32>(code > load<i32>(node, 4))
  if (isBoolean<HasSets>()) {
    const word = load<u32>(<usize>load<u32>(node, 12) + (<usize>(code >>> 5) << 2))
    right |= (word >>> (code & 31)) & 1
  }
  return <usize>(load<u32>(node, 8) + (right << 4))
}

// @ts-ignore: decorator
@inline function arrive(
  leaves: usize, scores: usize, row: usize, node: usize, leafValues: usize,
): void {
  const leaf = load<i32>(node, 4) - LEAF
  store<i32>(leaves + (row << 1), leaf)
  const score = scores + (row << 2)
  store<f64>(score, load<f64>(score) + load<f64>(leafValues + (<usize>leaf << 3)))
}

// @ts-ignore: decorator
@inline function walkAll<HasSets>(
  leaves: usize, scores: usize, n: i32, root: usize, depthMin: i32, leafValues: usize,
): void {
  // Two bytes a row, as codes have.
  for (let row: usize = 0, end = <usize>n << 1; row < end; row += 16) {
    let n0 = root, n1 = root, n2 = root, n3 = root, n4 = root, n5 = root, n6 = root, n7 = root
    for (let depth = 0; depth < depthMin; depth++) {
      n0 = next<HasSets>(n0, row)
      n1 = next<HasSets>(n1, row + 2)
      n2 = next<HasSets>(n2, row + 4)
      n3 = next<HasSets>(n3, row + 6)
      n4 = next<HasSets>(n4, row + 8)
      n5 = next<HasSets>(n5, row + 10)
      n6 = next<HasSets>(n6, row + 12)
      n7 = next<HasSets>(n7, row + 14)
    }
    let sum = n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7
    let last: usize
    do {
      last = sum
      n0 = next<HasSets>(n0, row)
      n1 = next<HasSets>(n1, row + 2)
      n2 = next<HasSets>(n2, row + 4)
      n3 = next<HasSets>(n3, row + 6)
      n4 = next<HasSets>(n4, row + 8)
      n5 = next<HasSets>(n5, row + 10)
      n6 = next<HasSets>(n6, row + 12)
      n7 = next<HasSets>(n7, row + 14)
      sum = n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7
    } while (sum != last)
    arrive(leaves, scores, row, n0, leafValues)
    arrive(leaves, scores, row + 2, n1, leafValues)
    arrive(leaves, scores, row + 4, n2, leafValues)
    arrive(leaves, scores, row + 6, n3, leafValues)
    arrive(leaves, scores, row + 8, n4, leafValues)
    arrive(leaves, scores, row + 10, n5, leafValues)
    arrive(leaves, scores, row + 12, n6, leafValues)
    arrive(leaves, scores, row + 14, n7, leafValues)
  }
}

export function walk(
  leaves: usize, scores: usize, n: i32, root: usize, depthMin: i32, leafValues: usize,
): void {
  walkAll<i32>(leaves, scores, n, root, depthMin, leafValues)
}

export function walkSets(
  leaves: usize, scores: usize, n: i32, root: usize, depthMin: i32, leafValues: usize,
): void {
  walkAll<bool>(leaves, scores, n, root, depthMin, leafValues)
}
