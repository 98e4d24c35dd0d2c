// One row goes down eight trees side by side, as eight rows go down one in walk.ts.

import { keyOfCategory, keyOfNumber } from './keys'
import { next } from './walk'

export function keysOfRow(values: usize, columns: usize, n: i32): void {
  for (const end = columns + <usize>n * 24; columns < end; columns += 24) {
    const x = load<f64>(values + <usize>load<u32>(columns))
    const nCategories = load<i32>(columns, 8)
    store<i64>(<usize>load<u32>(columns, 4), nCategories < 0
      ? keyOfNumber(x, load<i32>(columns, 12), load<i32>(columns, 16))
      : keyOfCategory(x, nCategories))
  }
}

// @ts-ignore: decorator
@inline function walkEach<HasSets>(trees: usize, n: i32): void {
  for (const end = trees + (<usize>n << 3); trees < end; trees += 64) {
    let n0: usize = load<u32>(trees), n1: usize = load<u32>(trees, 8)
    let n2: usize = load<u32>(trees, 16), n3: usize = load<u32>(trees, 24)
    let n4: usize = load<u32>(trees, 32), n5: usize = load<u32>(trees, 40)
    let n6: usize = load<u32>(trees, 48), n7: usize = load<u32>(trees, 56)
    let sum = n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7
    let last: usize
    do {
      last = sum
      n0 = next<HasSets>(n0, 0)
      n1 = next<HasSets>(n1, 0)
      n2 = next<HasSets>(n2, 0)
      n3 = next<HasSets>(n3, 0)
      n4 = next<HasSets>(n4, 0)
      n5 = next<HasSets>(n5, 0)
      n6 = next<HasSets>(n6, 0)
      n7 = next<HasSets>(n7, 0)
      sum = n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7
    } while (sum != last)
    store<i32>(load<u32>(trees, 4), load<i32>(n0, 8))
    store<i32>(load<u32>(trees, 12), load<i32>(n1, 8))
    store<i32>(load<u32>(trees, 20), load<i32>(n2, 8))
    store<i32>(load<u32>(trees, 28), load<i32>(n3, 8))
    store<i32>(load<u32>(trees, 36), load<i32>(n4, 8))
    store<i32>(load<u32>(trees, 44), load<i32>(n5, 8))
    store<i32>(load<u32>(trees, 52), load<i32>(n6, 8))
    store<i32>(load<u32>(trees, 60), load<i32>(n7, 8))
  }
}

export function walkTrees(trees: usize, n: i32): void {
  walkEach<i32>(trees, n)
}

export function walkTreesWithSets(trees: usize, n: i32): void {
  walkEach<bool>(trees, n)
}

export function addLeaves(
  scores: usize, nOutputs: i32, leaves: usize, n: i32, leafValues: usize,
): void {
  const scoresEnd = scores + (<usize>nOutputs << 3)
  let score = scores
  for (const end = leaves + (<usize>n << 2); leaves < end; leaves += 4) {
    const value = load<f64>(leafValues + (<usize>load<u32>(leaves) << 3))
    store<f64>(score, load<f64>(score) + value)
    score += 8
    if (score == scoresEnd) score = scores
  }
}
