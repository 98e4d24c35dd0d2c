import { ExactSum } from '../numeric/exact-sum.js'
import type { RowSummary } from '../training/summary.js'
import type { LabelStatistics } from './objective.js'

/** The statistics that a summary holds, each sum rounded once. */
export function labelStatisticsOf(summary: RowSummary): LabelStatistics {
  return {
    nRows: summary.nRows,
    sumWeight: sumOf(summary.sumWeight),
    sumWeightedLabel: sumOf(summary.sumWeightedLabel),
    classWeights: summary.classWeights.map(sumOf),
    classCounts: summary.classCounts,
    maxAbsLabel: summary.maxAbsLabel,
    maxWeight: summary.maxWeight,
    hasWeight: summary.hasWeight,
    ...(summary.events === undefined ? {} : { events: summary.events }),
    ...(summary.targets === undefined ? {} : {
      targets: summary.targets.map(({ sumWeightedLabel, maxAbsLabel, maxAbsInitScore = 0 }) =>
        ({ sumWeightedLabel: sumOf(sumWeightedLabel), maxAbsLabel, maxAbsInitScore })),
    }),
  }
}

function sumOf(state: readonly number[]): number {
  const sum = new ExactSum()
  sum.merge(state)
  return sum.value()
}
