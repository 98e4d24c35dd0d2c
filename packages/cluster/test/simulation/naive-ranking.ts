import { type EngineSetup, TALLY_COUNTS } from '@coppice/engine'
import { exp, log } from '@coppice/model'

type Ranking = NonNullable<EngineSetup['objective']['ranking']>

/** A row of a query of two, the first of which is shown first. */
export interface RankedRow {
  readonly label: number
  /** With its position's bias. */
  readonly score: number
}

export interface Derivatives {
  readonly gradient: number
  readonly hessian: number
}

/** LambdaRank of queries of two rows, without norms: one pair each. In row order. */
export function lambdasOfTwo(
  [first, second]: readonly [RankedRow, RankedRow], { labelGain, sigmoid }: Ranking,
): readonly [Derivatives, Derivatives] {
  const discount = (rank: number): number => 0.6931471805599453 / log(2 + rank)
  const gain = ({ label }: RankedRow): number => labelGain[label]!
  const isSwapped = second.score > first.score
  const [above, below] = isSwapped ? [second, first] : [first, second]
  const [high, low] = gain(first) > gain(second) ? [first, second] : [second, first]
  if (first.label === second.label) {
    return [{ gradient: 0, hessian: 0 }, { gradient: 0, hessian: 0 }]
  }
  const best = gain(high) * discount(0) + gain(low) * discount(1)
  const sign = above.label < below.label ? -1 : 1
  const delta = Math.abs(gain(above) - gain(below)) * Math.abs(discount(0) - discount(1)) *
    (1 / best)
  const p = 1 / (1 + exp(sign * (above.score - below.score) * sigmoid))
  const hessian = p * (1 - p) * (sigmoid * sigmoid * delta)
  const gradient = sign * (p * (-sigmoid * delta))
  const derivatives = [{ gradient, hessian }, { gradient: -gradient, hessian }] as const
  return isSwapped ? [derivatives[1], derivatives[0]] : derivatives
}

/** Fixed-point gradients by position, as the engine's tally of positions has them. */
export function tallyPositions(
  rows: readonly (Derivatives & { readonly shownAt: number })[], first: number,
): Float64Array {
  const sums = new Float64Array(TALLY_COUNTS)
  for (const { shownAt, gradient, hessian } of rows) {
    const at = (shownAt - first) * 5
    sums[at + 1]! += gradient + 0x8000_0000
    sums[at + 3]! += hessian
    sums[at + 4]! += 1
  }
  return sums
}
