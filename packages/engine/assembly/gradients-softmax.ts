import { exp2 } from './exp'

// Scores are in planes, one per class, planeBytes apart; so are the results. `work` holds
// nClasses vectors.
export function softmaxGradients(
  out: usize, outPlaneBytes: i32, score: usize, scorePlaneBytes: i32, label: usize, weight: usize,
  n: i32, nClasses: i32, hessianFactor: f64, gradientScale: f64, hessianScale: f64, work: usize,
): void {
  const one = f64x2.splat(1)
  const gScale = f64x2.splat(gradientScale), hScale = f64x2.splat(hessianScale)
  const factor = f64x2.splat(hessianFactor)
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 16) {
    let max = v128.load(score + i)
    for (let k = 1; k < nClasses; k++) {
      max = f64x2.pmax(max, v128.load(score + <usize>k * <usize>scorePlaneBytes + i))
    }
    let sum = f64x2.splat(0)
    for (let k = 0; k < nClasses; k++) {
      const e = exp2(f64x2.sub(v128.load(score + <usize>k * <usize>scorePlaneBytes + i), max))
      v128.store(work + (<usize>k << 4), e)
      sum = f64x2.add(sum, e)
    }
    const y = v128.load(label + i)
    const w = weight ? v128.load(weight + i) : one
    for (let k = 0; k < nClasses; k++) {
      const p = f64x2.div(v128.load(work + (<usize>k << 4)), sum)
      const isLabel = f64x2.eq(y, f64x2.splat(<f64>k))
      const g = f64x2.mul(f64x2.sub(p, v128.and(one, isLabel)), w)
      const h = f64x2.mul(f64x2.mul(f64x2.mul(factor, p), f64x2.sub(one, p)), w)
      const gInt = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(g, gScale)))
      const hInt = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(h, hScale)))
      v128.store(out + <usize>k * <usize>outPlaneBytes + i, i32x4.shuffle(gInt, hInt, 0, 4, 1, 5))
    }
  }
}
