import { assert } from '../errors.js'
import { FIXED_POINT_BITS } from '../kernels/api.js'
import { ceilPowerOfTwo, powerOfTwo } from '../numeric/exact-sum.js'

/** Powers of two that gradients and hessians are multiplied with. */
export interface FixedPointScales {
  readonly gradient: number
  readonly hessian: number
}

/** The power of two that brings values up to `bound` to at most FIXED_POINT_BITS bits. */
export function fixedPointScale(bound: number): number {
  assert(bound > 0, 'a bound above 0')
  return powerOfTwo(FIXED_POINT_BITS) / ceilPowerOfTwo(Math.max(bound, powerOfTwo(-900)))
}

/** Of numbers; 0 of none. */
export function largestMagnitude(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}
