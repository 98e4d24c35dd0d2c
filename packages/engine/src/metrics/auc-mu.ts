import { CoppiceError } from '../errors.js'
import type { ParameterValues } from '../params/index.js'
import type { RankedScores } from '../execution/protocol.js'
import { areaUnderRoc, mergeAll, rankScores } from './auc.js'

/** Most classes: all pairs of them are compared, 4950 of so many. */
export const AUC_MU_CLASSES_MAX = 100

/**
 * The costs of auc_mu: empty for all 1.
 * @throws CoppiceError 'PARAMETER' where they are no matrix of the classes, or there are too many
 */
export function aucMuCosts(
  { aucMuWeights, numClass }: Pick<ParameterValues, 'aucMuWeights' | 'numClass'>,
): readonly number[] {
  const refuse = (why: string): never => {
    throw new CoppiceError('PARAMETER', why)
  }
  if (numClass > AUC_MU_CLASSES_MAX) {
    refuse(`metric auc_mu compares all pairs of at most ${AUC_MU_CLASSES_MAX} classes, num_class ` +
      `is ${numClass}; use multi_logloss or multi_error`)
  }
  if (aucMuWeights.length > 0 && aucMuWeights.length !== numClass * numClass) {
    refuse(`auc_mu_weights has ${aucMuWeights.length} numbers; give num_class x num_class = ` +
      `${numClass * numClass}, row by row`)
  }
  const bad = aucMuWeights.findIndex((given, at) =>
    at % (numClass + 1) !== 0 && !(given > 0))
  if (bad >= 0) {
    refuse(`auc_mu_weights[${bad}] is ${aucMuWeights[bad]}; costs off the diagonal must be above 0`)
  }
  return aucMuWeights
}

/** A pair of classes with the rows of both, ranked. */
export interface RankedPair {
  /** Index among the pairs (0, 1), (0, 2), ... (1, 2), ... */
  readonly pair: number
  readonly ranked: RankedScores
}

/**
 * AUC-mu (Kleiman and Page 2019), as LightGBM's: the mean over all pairs of classes i < j of the
 * AUC that tells i from j by the rows' distance from the plane on which both cost the same.
 * One engine's rows of each pair. O(K n log n).
 *
 * @param costs - K x K, row-major: of calling a row of class i class j; empty for 1 off the
 *   diagonal, with which the distance is the difference of both scores
 */
export function rankPairs(
  costs: readonly number[], scores: readonly Float64Array[], labels: Float64Array,
  weights: Float64Array | null,
): RankedPair[] {
  const nClasses = scores.length
  const rows = rowsByClass(labels, nClasses)
  const pairs: RankedPair[] = []
  for (let i = 0; i < nClasses; i++) {
    for (let j = i + 1; j < nClasses; j++) {
      const own = [...rows[i]!, ...rows[j]!]
      const distance = distanceOf(costs, scores, i, j)
      const ranked = rankScores(
        Float64Array.from(own, distance),
        Float64Array.from(own, (_, at) => at < rows[i]!.length ? 1 : 0),
        weights === null ? null : Float64Array.from(own, (row) => weights[row]!))
      pairs.push({ pair: pairs.length, ranked })
    }
  }
  return pairs
}

function rowsByClass(labels: Float64Array, nClasses: number): number[][] {
  const rows = Array.from({ length: nClasses }, (): number[] => [])
  labels.forEach((label, row) => rows[label]!.push(row))
  return rows
}

/** How far on the side of class i a row is. */
function distanceOf(
  costs: readonly number[], scores: readonly Float64Array[], i: number, j: number,
): (row: number) => number {
  if (costs.length === 0) return (row) => scores[i]![row]! - scores[j]![row]!
  const nClasses = scores.length
  const normal = scores.map((_, k) => cost(costs, nClasses, i, k) - cost(costs, nClasses, j, k))
  const side = normal[i]! - normal[j]!
  return (row) => side * scores.reduce((sum, plane, k) => sum + normal[k]! * plane[row]!, 0)
}

/** Being right costs nothing, whatever the diagonal says. */
function cost(costs: readonly number[], nClasses: number, i: number, j: number): number {
  return i === j ? 0 : costs[i * nClasses + j]!
}

/** The metric's value from the pairs of all engines. */
export function finishAucMu(parts: readonly RankedPair[]): number {
  const byPair = new Map<number, RankedScores[]>()
  for (const { pair, ranked } of parts) {
    const known = byPair.get(pair)
    if (known === undefined) byPair.set(pair, [ranked])
    else known.push(ranked)
  }
  const pairs = [...byPair.keys()].sort((a, b) => a - b)
  const areas = pairs.map((pair) => areaUnderRoc(mergeAll(byPair.get(pair)!)))
  return areas.reduce((sum, area) => sum + area, 0) / areas.length
}
