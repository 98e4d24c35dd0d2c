import { areWide, exp2, expNarrow } from './exp'
import { fixedPairs } from './fixed-point'

/** Rows at a time: their powers stay in the second-level cache, and planes are walked in pieces. */
const BLOCK: i32 = 64

// @ts-ignore: decorator
@inline function addPower(power: usize, sum: usize, e: v128): void {
  v128.store(power, e)
  v128.store(sum, f64x2.add(v128.load(sum), e))
}

// Scores are in planes, one per class, planeBytes apart; so are the results. Plane by plane for a
// block of rows: row by row, every access would be in another page, 100 classes in as many.
// `work` holds nClasses + 2 blocks of doubles: the powers, then largest scores and sums.
export function softmaxGradients(
  out: usize, outPlaneBytes: i32, score: usize, scorePlaneBytes: i32, label: usize, weight: usize,
  n: i32, nClasses: i32, hessianFactor: f64, gradientScale: f64, hessianScale: f64, work: usize,
): void {
  const one = f64x2.splat(1)
  const gScale = f64x2.splat(gradientScale), hScale = f64x2.splat(hessianScale)
  const factor = f64x2.splat(hessianFactor)
  const largest = work + <usize>nClasses * (<usize>BLOCK << 3)
  const sums = largest + (<usize>BLOCK << 3)
  for (let row = 0; row < n; row += BLOCK) {
    const first = <usize>row << 3
    const end = <usize>min(n - row, BLOCK) << 3
    let plane = score + first
    for (let i: usize = 0; i < end; i += 16) {
      v128.store(largest + i, v128.load(plane + i))
      v128.store(sums + i, f64x2.splat(0))
    }
    for (let k = 1; k < nClasses; k++) {
      plane += scorePlaneBytes
      for (let i: usize = 0; i < end; i += 16) {
        v128.store(largest + i, f64x2.pmax(v128.load(largest + i), v128.load(plane + i)))
      }
    }
    plane = score + first
    let powers = work
    for (let k = 0; k < nClasses; k++, plane += scorePlaneBytes, powers += <usize>BLOCK << 3) {
      let i: usize = 0
      for (; i + 32 <= end; i += 32) {
        const x = f64x2.sub(v128.load(plane + i), v128.load(largest + i))
        const y = f64x2.sub(v128.load(plane + i, 16), v128.load(largest + i, 16))
        let ex = expNarrow(x), ey = expNarrow(y)
        if (areWide(x, y)) {
          ex = exp2(x)
          ey = exp2(y)
        }
        addPower(powers + i, sums + i, ex)
        addPower(powers + i + 16, sums + i + 16, ey)
      }
      for (; i < end; i += 16) {
        const x = f64x2.sub(v128.load(plane + i), v128.load(largest + i))
        addPower(powers + i, sums + i, exp2(x))
      }
    }
    powers = work
    plane = out + first
    for (let k = 0; k < nClasses; k++, plane += outPlaneBytes, powers += <usize>BLOCK << 3) {
      const own = f64x2.splat(<f64>k)
      for (let i: usize = 0; i < end; i += 16) {
        const w = weight ? v128.load(weight + first + i) : one
        const p = f64x2.div(v128.load(powers + i), v128.load(sums + i))
        const isLabel = f64x2.eq(v128.load(label + first + i), own)
        const g = f64x2.mul(f64x2.sub(p, v128.and(one, isLabel)), w)
        const h = f64x2.mul(f64x2.mul(f64x2.mul(factor, p), f64x2.sub(one, p)), w)
        v128.store(plane + i, fixedPairs(f64x2.mul(g, gScale), f64x2.mul(h, hScale)))
      }
    }
  }
}
