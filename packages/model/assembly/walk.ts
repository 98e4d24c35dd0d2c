// Eight rows go down a tree side by side, so that the processor has eight chains of loads to wait
// for instead of one. No step branches: a leaf leads to itself. Nodes lie behind their parents,
// so the sum of the eight grows as long as one of them goes down.

// @ts-ignore: decorator
@inline export function next<HasSets>(node: usize, row: usize): usize {
  const key = load<i64>(<usize>load<u32>(node) + row)
  let right = <u32>(key > load<i64>(node, 8))
  if (isBoolean<HasSets>()) {
    const code = <u32>key
    const wordIdx = (code >>> 5) & load<u32>(node, 20)
    const word = load<u32>(<usize>load<u32>(node, 16) + (<usize>wordIdx << 2))
    right |= (word >>> (code & 31)) & 1
    return <usize>(load<u32>(node, 4) + (right << 5))
  }
  return <usize>(load<u32>(node, 4) + (right << 4))
}

// @ts-ignore: decorator
@inline function arrive(
  leaves: usize, scores: usize, row: usize, node: usize, leafValues: usize,
): void {
  const leaf = load<i32>(node, 8)
  store<i32>(leaves + (row >> 1), leaf)
  const score = scores + row
  store<f64>(score, load<f64>(score) + load<f64>(leafValues + (<usize>leaf << 3)))
}

// @ts-ignore: decorator
@inline function walkAll<HasSets>(
  leaves: usize, scores: usize, n: i32, root: usize, depthMin: i32, leafValues: usize,
): void {
  // Eight bytes a row, as keys and scores have.
  for (let row: usize = 0, end = <usize>n << 3; row < end; row += 64) {
    let n0 = root, n1 = root, n2 = root, n3 = root, n4 = root, n5 = root, n6 = root, n7 = root
    for (let depth = 0; depth < depthMin; depth++) {
      n0 = next<HasSets>(n0, row)
      n1 = next<HasSets>(n1, row + 8)
      n2 = next<HasSets>(n2, row + 16)
      n3 = next<HasSets>(n3, row + 24)
      n4 = next<HasSets>(n4, row + 32)
      n5 = next<HasSets>(n5, row + 40)
      n6 = next<HasSets>(n6, row + 48)
      n7 = next<HasSets>(n7, row + 56)
    }
    let sum = n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7
    let last: usize
    do {
      last = sum
      n0 = next<HasSets>(n0, row)
      n1 = next<HasSets>(n1, row + 8)
      n2 = next<HasSets>(n2, row + 16)
      n3 = next<HasSets>(n3, row + 24)
      n4 = next<HasSets>(n4, row + 32)
      n5 = next<HasSets>(n5, row + 40)
      n6 = next<HasSets>(n6, row + 48)
      n7 = next<HasSets>(n7, row + 56)
      sum = n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7
    } while (sum != last)
    arrive(leaves, scores, row, n0, leafValues)
    arrive(leaves, scores, row + 8, n1, leafValues)
    arrive(leaves, scores, row + 16, n2, leafValues)
    arrive(leaves, scores, row + 24, n3, leafValues)
    arrive(leaves, scores, row + 32, n4, leafValues)
    arrive(leaves, scores, row + 40, n5, leafValues)
    arrive(leaves, scores, row + 48, n6, leafValues)
    arrive(leaves, scores, row + 56, n7, leafValues)
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
