import type { EngineRequest, EngineSetup } from '@coppice/engine'
import { nearestEven } from '@coppice/testkit'

type Moments = Extract<EngineRequest, { kind: 'moments' }>
type Tree = Extract<EngineRequest, { kind: 'commit' }>['tree']

/** A row as linear leaves see it. */
export interface LinearRow {
  readonly raw: readonly number[]
  readonly gradient: number
  readonly hessian: number
}

/** A store's sums, one row and one product at a time, written from the contract of the engine. */
export function sumNaively(
  { leaves }: Moments, { coarse, fine, exponents }: NonNullable<EngineSetup['linear']>,
  rowsOf: (node: number) => readonly LinearRow[],
): BigInt64Array {
  return BigInt64Array.from(leaves.flatMap(({ node, features }) => {
    const rows = rowsOf(node)
    const whole = rows.filter(({ raw }) => features.every((f) => !Number.isNaN(raw[f])))
    const products = whole.map(({ raw, gradient, hessian }) => {
      const x = [...features.map((f) => raw[f]! * 2 ** -exponents[f]!), 1]
      return [
        ...x.flatMap((a, m) => x.slice(m).map((b) => hessian * a * b)),
        ...x.map((a) => gradient * a),
      ]
    })
    const nSums = (features.length + 1) * (features.length + 2) / 2 + features.length + 1
    const sums = new Array<bigint>(2 * nSums).fill(0n)
    for (const own of products) {
      own.forEach((product, i) => {
        const units = nearestEven(product / 2 ** coarse)
        sums[i]! += BigInt(units)
        sums[nSums + i]! += BigInt(nearestEven((product - units * 2 ** coarse) / 2 ** fine))
      })
    }
    return [BigInt(rows.length), BigInt(whole.length), ...sums]
  }))
}

/** What a leaf adds to a row's score. */
export function outputNaively(
  { leafValue, linear }: Tree, leaf: number, raw: readonly number[], quantum: number,
): number {
  if (linear === undefined) return leafValue[leaf]!
  const features = linear.features[leaf]!
  const sum = features.reduce(
    (left, f, i) => left + linear.coefficients[leaf]![i]! * raw[f]!, linear.constant[leaf]!)
  if (!Number.isFinite(sum)) return leafValue[leaf]!
  const { limit } = linear
  return nearestEven(Math.max(-limit, Math.min(limit, sum)) / quantum) * quantum
}
