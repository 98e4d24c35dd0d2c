import { exp2 } from './exp'
import { fixedPairs } from './fixed-point'

// Two rows at a time. The arrays are padded to an even number of rows; what is computed for the
// row behind an odd n is written to the padding. Results go straight into records, outStride apart.
export function binaryGradients(
  out: usize, outStride: i32, score: usize, label: usize, weight: usize, n: i32,
  sigmoid: f64, weightNegative: f64, weightPositive: f64, gradientScale: f64, hessianScale: f64,
): void {
  const one = f64x2.splat(1)
  const half = f64x2.splat(0.5)
  const sig = f64x2.splat(sigmoid)
  const wNeg = f64x2.splat(weightNegative), wPos = f64x2.splat(weightPositive)
  const gScale = f64x2.splat(gradientScale), hScale = f64x2.splat(hessianScale)
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 16) {
    const isPositive = f64x2.gt(v128.load(label + i), half)
    // sign is +1 for positive rows and -1 for negative ones
    const sign = v128.bitselect(one, f64x2.neg(one), isPositive)
    const z = f64x2.mul(f64x2.mul(sign, sig), v128.load(score + i))
    const response = f64x2.div(sig, f64x2.add(one, exp2(z)))
    let w = v128.bitselect(wPos, wNeg, isPositive)
    if (weight) w = f64x2.mul(w, v128.load(weight + i))
    const g = f64x2.mul(f64x2.mul(f64x2.neg(sign), response), w)
    const h = f64x2.mul(f64x2.mul(response, f64x2.sub(sig, response)), w)
    const pairs = fixedPairs(f64x2.mul(g, gScale), f64x2.mul(h, hScale))
    v128.store64_lane(out, pairs, 0)
    v128.store64_lane(out + outStride, pairs, 1)
    out += <usize>outStride << 1
  }
}
