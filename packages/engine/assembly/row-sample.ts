import { copyRow } from './copy-row'
import { rowDraw } from './draw'

// Rows that are drawn by what they are: by the class of the label, or by the size of the gradient
// (GOSS). A row has a *mark*: 0 out of the bag, 1 in the bag, 2 in the bag and weighted.

/**
 * GOSS: how much a row matters, the sum over outputs of |gradient x hessian| in fixed-point units,
 * rounded to f32 whose bits are the key: keys of larger sums are larger.
 *
 * factors: an f64 for each output, that its share is multiplied with, or 0: all are 1.
 */
export function importanceKeys(
  keys: usize, pairs: usize, pairStride: i32, planeBytes: i32, nOutputs: i32, n: i32,
  factors: usize,
): void {
  for (let i = 0; i < n; i++, pairs += pairStride) {
    let sum: f64 = 0
    for (let k = 0; k < nOutputs; k++) {
      const at = pairs + <usize>k * planeBytes
      const share = abs(<f64>load<i32>(at)) * <f64>load<u32>(at, 4)
      sum += factors == 0 ? share : share * load<f64>(factors + (<usize>k << 3))
    }
    store<u32>(keys + (<usize>i << 2), reinterpret<u32>(<f32>sum))
  }
}

/**
 * Adds the number of keys of each digit, bits [shift, shift + bits), to the doubles at `counts`,
 * among those whose higher bits are `prefix`.
 */
export function tallyKeys(
  counts: usize, keys: usize, n: i32, shift: i32, bits: i32, prefix: u32,
): void {
  const digits: u32 = (1 << bits) - 1
  for (let i = 0; i < n; i++) {
    const key = <u64>load<u32>(keys + (<usize>i << 2))
    if (<u32>(key >> (shift + bits)) != prefix) continue
    const at = counts + ((<usize>(key >> shift) & digits) << 3)
    store<f64>(at, load<f64>(at) + 1)
  }
}

/** Keys from `threshold` on: 1; of the others those of a draw below `limit`: 2. */
export function markByKey(
  marks: usize, keys: usize, n: i32, threshold: u32, hashStart: u32, firstRow: f64, limit: f64,
): void {
  const bound = <u64>limit
  let row = <u64>firstRow
  // all draw, also those of large keys: which ones these are is hard to predict
  for (let i = 0; i < n; i++, row++) {
    const other = <u32>(<u64>rowDraw(hashStart, row) < bound) << 1
    const isLarge = load<u32>(keys + (<usize>i << 2)) >= threshold
    store<u8>(marks + <usize>i, <u8>select<u32>(1, other, isLarge))
  }
}

/** 1 for rows whose draw is below the limit of their class: of label 0, or of all others. */
export function markByClass(
  marks: usize, labels: usize, n: i32, hashStart: u32, firstRow: f64, limitNegative: f64,
  limitPositive: f64,
): void {
  const negative = <u64>limitNegative, positive = <u64>limitPositive
  let row = <u64>firstRow
  for (let i = 0; i < n; i++, row++) {
    const bound = select<u64>(negative, positive, load<f64>(labels + (<usize>i << 3)) == 0)
    store<u8>(marks + <usize>i, <u8>(<u64>rowDraw(hashStart, row) < bound))
  }
}

/**
 * Copies records of rows with a mark from src to dst and writes the local row ids of the others to
 * `outside`. Returns the number of records that were copied.
 */
export function keepMarked(
  dst: usize, outside: usize, src: usize, n: i32, stride: i32, rowIdOffset: i32, marks: usize,
): i32 {
  let kept = 0
  for (let i = 0; i < n; i++, src += stride) {
    const isIn = <i32>(load<u8>(marks + <usize>i) != 0)
    copyRow(dst, src, <usize>stride)
    store<u32>(outside, load<u32>(src + rowIdOffset))
    dst += isIn ? <usize>stride : 0
    outside += isIn ? 0 : 4
    kept += isIn
  }
  return kept
}

/** Multiplies the gradients and hessians of n sides whose rows are marked 2, rounding to even. */
export function weighMarked(
  sides: usize, n: i32, stride: i32, rowIdOffset: i32, marks: usize, factor: f64,
): void {
  for (let i = 0; i < n; i++, sides += stride) {
    if (load<u8>(marks + <usize>load<u32>(sides + rowIdOffset)) != 2) continue
    store<i32>(sides, <i32>nearest<f64>(<f64>load<i32>(sides) * factor))
    store<u32>(sides, <u32>nearest<f64>(<f64>load<u32>(sides, 4) * factor), 4)
  }
}

/** The sample that bins are found from: see `drawRows` in ../src/kernels/api.ts. */
export function drawRows(
  offsets: usize, n: i32, hashStart: u32, firstRow: f64, limit: f64,
): i32 {
  const bound = <u64>limit
  let row = <u64>firstRow
  const first = offsets
  for (let i = 0; i < n; i++, row++) {
    // Written always, kept only when drawn: no branch to predict.
    store<i32>(offsets, i)
    offsets += <usize>(<u64>rowDraw(hashStart, row) < bound) << 2
  }
  return <i32>((offsets - first) >> 2)
}
