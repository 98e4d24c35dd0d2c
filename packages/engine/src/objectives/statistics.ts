import { ExactSum } from '../numeric/exact-sum.js'
import type { LabelStatistics } from './objective.js'

/**
 * Exact statistics of labels and weights: the same for any order and grouping of the rows.
 *
 * @param nClasses - labels are class indices 0 .. nClasses - 1; 0 for regression
 */
export function labelStatistics(
  label: Float64Array, weight: Float64Array | null, nClasses: number,
): LabelStatistics {
  const sumWeight = new ExactSum()
  const sumWeightedLabel = new ExactSum()
  const byClass = Array.from({ length: nClasses }, () => new ExactSum())
  const classCounts = new Array<number>(nClasses).fill(0)
  let maxAbsLabel = 0
  let maxWeight = weight === null ? 1 : 0
  for (let i = 0; i < label.length; i++) {
    const y = label[i]!
    maxAbsLabel = Math.max(maxAbsLabel, Math.abs(y))
    if (nClasses > 0) classCounts[y]!++
    if (weight === null) {
      if (nClasses === 0) sumWeightedLabel.add(y)
      continue
    }
    const w = weight[i]!
    maxWeight = Math.max(maxWeight, w)
    sumWeight.add(w)
    if (nClasses > 0) byClass[y]!.add(w)
    else sumWeightedLabel.add(y * w)
  }
  return {
    nRows: label.length,
    sumWeight: weight === null ? label.length : sumWeight.value(),
    sumWeightedLabel: sumWeightedLabel.value(),
    classWeights: weight === null ? classCounts : byClass.map((sum) => sum.value()),
    classCounts,
    maxAbsLabel,
    maxWeight,
  }
}
