import { assert, CoppiceError } from '../errors.js'
import {
  POSITIONS_PER_TALLY, readPositionTally, type PositionSums,
} from '../execution/position-sums.js'
import type { EngineRequest } from '../execution/protocol.js'
import type { ObjectiveSpec } from '../objectives/objective.js'
import type { ResolvedParams } from '../params/index.js'
import type { RowSummary } from './summary.js'

/**
 * How what a position does to the clicks on a row is learnt beside the scores: by a step of
 * Newton's method in each iteration (LightGBM's `UpdatePositionBiasFactors`). Plain data.
 */
export interface PositionPlan {
  /** Positions are 0 .. nPositions - 1. */
  readonly nPositions: number
  readonly learningRate: number
  /** Of the squares of the biases, per row. */
  readonly regularization: number
  /** Biases to begin with: 0, or those of the model that is gone on from. */
  readonly start: readonly number[]
}

/** The parameters that positions are learnt by. */
type PositionParams = Pick<ResolvedParams,
  'boosting' | 'learningRate' | 'lambdarankPositionBiasRegularization'>

/**
 * What is to be learnt of the positions of rows; null where they have none.
 *
 * @throws CoppiceError 'PARAMETER' for rows with positions that nothing learns, and for a
 *   regularization of biases that there are not
 */
export function planPositions(
  params: PositionParams, { queries }: Pick<RowSummary, 'queries'>,
): PositionPlan | null {
  const { boosting, learningRate } = params
  const regularization = params.lambdarankPositionBiasRegularization
  const nPositions = queries?.nPositions
  if (nPositions === undefined) {
    if (regularization === 0) return null
    throw new CoppiceError('PARAMETER',
      `lambdarank_position_bias_regularization = ${regularization} does nothing: it acts on ` +
      'biases of positions, and the rows have none; give them a column (position_column), or ' +
      'leave it out')
  }
  if (boosting === 'rf') {
    throw new CoppiceError('PARAMETER',
      'the positions of the rows contradict boosting = rf, whose trees do not learn from each ' +
      'other: leave the positions out, or use gbdt or dart')
  }
  return { nPositions, learningRate, regularization, start: new Array(nPositions).fill(0) }
}

/** The objective of rows with positions. */
export function shownAt(spec: ObjectiveSpec, positions: PositionPlan | null): ObjectiveSpec {
  const { ranking } = spec
  if (positions === null || ranking === undefined) return spec
  return { ...spec, ranking: { ...ranking, nPositions: positions.nPositions } }
}

/** Answers are sums, see PositionTally. */
type Tallies<Result> = Generator<EngineRequest, Result, Float64Array>

/**
 * The biases after a step, from the gradients and hessians of all rows that the biases before it
 * gave; null where rows have no positions.
 *
 * @param scales - of the fixed-point gradients
 */
export function* stepBiases(
  plan: PositionPlan | null, biases: readonly number[] | null,
  scales: { readonly gradient: number, readonly hessian: number },
): Tallies<readonly number[] | null> {
  if (plan === null || biases === null) return null
  const stepped: number[] = []
  for (let first = 0; first < plan.nPositions; first += POSITIONS_PER_TALLY) {
    const n = Math.min(POSITIONS_PER_TALLY, plan.nPositions - first)
    const counts = yield { kind: 'tally', of: 'positions', first }
    for (const [i, sums] of readPositionTally(counts, n).entries()) {
      stepped.push(steppedBias(plan, biases[first + i]!, sums, scales))
    }
  }
  return stepped
}

function steppedBias(
  { learningRate, regularization }: PositionPlan, bias: number,
  { gradient, hessian, nRows }: PositionSums,
  scales: { readonly gradient: number, readonly hessian: number },
): number {
  if (nRows === 0) return bias
  const slope = -(Number(gradient) / scales.gradient) - bias * regularization * nRows
  const curvature = -(Number(hessian) / scales.hessian) - regularization * nRows
  return bias + learningRate * slope / (Math.abs(curvature) + 0.001)
}

/**
 * The plan with the biases of a model that is gone on from.
 * @throws CoppiceError 'MODEL' when it has other positions, or none
 */
export function resumedPositions(
  plan: PositionPlan | null, biases: readonly number[] | undefined,
): PositionPlan | null {
  const nOfModel = biases?.length ?? 0
  const nOfData = plan?.nPositions ?? 0
  if (nOfModel !== nOfData) {
    throw new CoppiceError('MODEL',
      `cannot resume from this model: it has biases of ${nOfModel} positions, the rows were ` +
      `shown at ${nOfData}; resume with the same data`)
  }
  if (plan === null) return null
  assert(biases !== undefined, 'a model has biases for its positions')
  return { ...plan, start: biases }
}
