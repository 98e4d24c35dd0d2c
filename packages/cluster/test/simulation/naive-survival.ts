import type { EngineSetup, RiskTables, TallyRequest } from '@coppice/engine'
import { exp } from '@coppice/model'
import type { Derivatives } from './naive-ranking.js'

export interface TimedRow {
  /** A time; below 0 that of a censored row. */
  readonly label: number
  readonly score: number
}

type Hazards = Extract<TallyRequest, { readonly of: 'hazards' }>

/** Units of the fixed point. */
const BITS = 129n
const LIMB = 36n

/** The number that grows with scores and is above 0. */
export function keyOfScores(rows: readonly TimedRow[]): number {
  return Math.max(0, ...rows.map(({ score }) => score >= 0 ? 1 + score : 1 / (1 - score)))
}

/** Hazards of rows by the last event that they were there for, as the engine has them. */
export function tallyHazards(
  rows: readonly TimedRow[], times: ArrayLike<number>, { first, n, origin }: Hazards,
): Float64Array {
  const sums = new Array<bigint>(n).fill(0n)
  for (const { label, score } of rows) {
    const place = placeOf(label, times) - first
    if (place >= 0 && place < n) sums[place]! += whole(hazard(score, origin))
  }
  return Float64Array.from(sums.flatMap((sum) => [
    sum >> (3n * LIMB), ...[2n, 1n, 0n].map((k) => BigInt.asUintN(36, sum >> (k * LIMB))),
  ]), Number)
}

/** Gradients and hessians of Cox regression. */
export function coxDerivatives(
  { label, score }: TimedRow, { events }: EngineSetup['objective'],
  { origin, rates, squares }: RiskTables,
): Derivatives {
  const place = placeOf(label, events!.times)
  if (place < 0) return { gradient: 0, hessian: 0 }
  const h = hazard(score, origin)
  return {
    gradient: h * rates[place]! - Number(label > 0),
    hessian: Math.max(0, h * rates[place]! - h * h * squares[place]!),
  }
}

function placeOf(label: number, times: ArrayLike<number>): number {
  return Array.from(times).filter((time) => time <= Math.abs(label)).length - 1
}

function hazard(score: number, origin: number): number {
  return exp(Math.min(0, Math.max(-60, score - origin)))
}

/** A number of at most 1, cut off to a whole number of units: from its bits. */
function whole(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!
  const exponent = (bits >> 52n) - 1075n + BITS
  const mantissa = (bits & ((1n << 52n) - 1n)) | (1n << 52n)
  return exponent >= 0n ? mantissa << exponent : mantissa >> -exponent
}
