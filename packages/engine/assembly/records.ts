// A row's side is its gradient i32, hessian u32 and row id u32. With several outputs, gradients
// are computed in row order first and put into the sides when a tree begins.

/** Of a side in a plane of its own, beside the bins of a narrow row. */
export const SIDE_BYTES: usize = 12

/** Copies n rows of `width` bytes, which lie srcStride apart, to dstStride apart. */
export function copyRows(
  dst: usize, dstStride: i32, src: usize, srcStride: i32, width: i32, n: i32,
): void {
  const size = <usize>width
  for (let i = 0; i < n; i++, dst += dstStride, src += srcStride) {
    let k: usize = 0
    for (; k + 16 <= size; k += 16) v128.store(dst + k, v128.load(src + k))
    if (size & 8) {
      store<u64>(dst + k, load<u64>(src + k))
      k += 8
    }
    if (size & 4) {
      store<u32>(dst + k, load<u32>(src + k))
      k += 4
    }
    if (size & 2) {
      store<u16>(dst + k, load<u16>(src + k))
      k += 2
    }
    if (size & 1) store<u8>(dst + k, load<u8>(src + k))
  }
}

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

/** Adds n additions to as many scores. */
export function addScores(score: usize, additions: usize, n: i32): void {
  const end = score + (<usize>n << 3)
  const whole = score + (<usize>(n & ~1) << 3)
  for (; score < whole; score += 16, additions += 16) {
    v128.store(score, f64x2.add(v128.load(score), v128.load(additions)))
  }
  if (score < end) store<f64>(score, load<f64>(score) + load<f64>(additions))
}
