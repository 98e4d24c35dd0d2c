// A row's side is its gradient i32, hessian u32 and row id u32. With several outputs, gradients
// are computed in row order first and put into the sides when a tree begins.

export function putGradients(
  sides: usize, n: i32, stride: i32, gradients: usize,
): void {
  let p = sides
  for (const end = gradients + (<usize>n << 3); gradients < end; gradients += 8, p += stride) {
    store<i64>(p, load<i64>(gradients))
  }
}

/** Adds a leaf's value to the scores of n rows. */
export function scatterLeaf(
  score: usize, ids: usize, n: i32, stride: i32, value: f64,
): void {
  let p = ids
  for (let i = 0; i < n; i++, p += stride) {
    const s = score + (<usize>load<u32>(p) << 3)
    store<f64>(s, load<f64>(s) + value)
  }
}
