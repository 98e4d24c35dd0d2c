// Records hold a row's bins, then gradient i32, hessian u32 and row id u32. Gradients are
// computed in row order and put into the records of the tree's root.

export function putGradients(
  rec: usize, n: i32, stride: i32, gradientOffset: i32, gradients: usize,
): void {
  let p = rec + gradientOffset
  for (const end = gradients + (<usize>n << 3); gradients < end; gradients += 8, p += stride) {
    store<i64>(p, load<i64>(gradients))
  }
}

/** Adds a leaf's value to the scores of the rows of n records. */
export function scatterLeaf(
  score: usize, rec: usize, n: i32, stride: i32, rowIdOffset: i32, value: f64,
): void {
  let p = rec + rowIdOffset
  for (let i = 0; i < n; i++, p += stride) {
    const s = score + (<usize>load<u32>(p) << 3)
    store<f64>(s, load<f64>(s) + value)
  }
}
