// Sorting the rows of a query by their scores, the best first, rows with equal scores in their
// order. Scores and numbers of rows move together: i32 numbers, f64 scores.

const RUN: i32 = 16

// @ts-ignore: decorator
@inline function at(list: usize, i: i32): usize {
  return list + (<usize>i << 2)
}

// @ts-ignore: decorator
@inline function scoreAt(list: usize, i: i32): usize {
  return list + (<usize>i << 3)
}

function insert(scores: usize, rows: usize, begin: i32, end: i32): void {
  for (let i = begin + 1; i < end; i++) {
    const score = load<f64>(scoreAt(scores, i))
    const row = load<i32>(at(rows, i))
    let j = i - 1
    for (; j >= begin && load<f64>(scoreAt(scores, j)) < score; j--) {
      store<f64>(scoreAt(scores, j + 1), load<f64>(scoreAt(scores, j)))
      store<i32>(at(rows, j + 1), load<i32>(at(rows, j)))
    }
    store<f64>(scoreAt(scores, j + 1), score)
    store<i32>(at(rows, j + 1), row)
  }
}

function merge(
  toScores: usize, toRows: usize, scores: usize, rows: usize, begin: i32, middle: i32, end: i32,
): void {
  let i = begin, j = middle
  for (let k = begin; k < end; k++) {
    const takesLeft = j >= end ||
      (i < middle && load<f64>(scoreAt(scores, i)) >= load<f64>(scoreAt(scores, j)))
    const from = takesLeft ? i++ : j++
    store<f64>(scoreAt(toScores, k), load<f64>(scoreAt(scores, from)))
    store<i32>(at(toRows, k), load<i32>(at(rows, from)))
  }
}

/** Sorts n scores and rows in place; `spareScores` and `spareRows` are of the same size. */
export function sortRows(
  scores: usize, rows: usize, spareScores: usize, spareRows: usize, n: i32,
): void {
  for (let begin = 0; begin < n; begin += RUN) insert(scores, rows, begin, min(begin + RUN, n))
  let fromScores = scores, fromRows = rows, toScores = spareScores, toRows = spareRows
  for (let run = RUN; run < n; run <<= 1) {
    for (let begin = 0; begin < n; begin += run << 1) {
      const middle = min(begin + run, n)
      merge(toScores, toRows, fromScores, fromRows, begin, middle, min(middle + run, n))
    }
    const lastScores = fromScores, lastRows = fromRows
    fromScores = toScores
    fromRows = toRows
    toScores = lastScores
    toRows = lastRows
  }
  if (fromScores == scores) return
  memory.copy(scores, fromScores, <usize>n << 3)
  memory.copy(rows, fromRows, <usize>n << 2)
}
