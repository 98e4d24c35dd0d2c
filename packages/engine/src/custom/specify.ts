import { exp, log, type Objective } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import type { LabelStatistics, ObjectivePlan } from '../objectives/objective.js'
import type { ObjectiveDefinition } from './types.js'

/** As of objectives whose scores are logarithms or log-odds. */
const LINKED_SCALE = 8

/** The objective of a model. */
export function modelObjective({ name, link, numClass }: ObjectiveDefinition): Objective {
  return { name: 'custom', source: name, link, numClass }
}

/** The plan of a custom objective; largest gradients and hessians are looked for. */
export function specifyCustom(
  definition: ObjectiveDefinition, statistics: LabelStatistics,
): ObjectivePlan {
  const { key, file, export: exported, numClass, link, scoreScale } = definition
  const nOutputs = numClass > 2 ? numClass : 1
  const usesLabels = numClass === 0 && link === 'identity' && statistics.maxAbsLabel > 0
  const baseScores = Array.from({ length: nOutputs }, (_, k) =>
    baseScore(definition, statistics, numClass === 2 ? 1 : k))
  const own = scoreScale ?? (usesLabels ? statistics.maxAbsLabel : LINKED_SCALE)
  return {
    spec: {
      objective: modelObjective(definition), binaryWeights: [1, 1], gradientBound: null,
      hessianBound: 0, custom: { key, file, export: exported },
    },
    nOutputs,
    baseScores,
    scoreScale: baseScores.reduce((max, score) => Math.max(max, Math.abs(score)), own),
  }
}

/** @param k - the class whose share is the mean of an output */
function baseScore(
  { baseScore: given, link, numClass, name }: ObjectiveDefinition, statistics: LabelStatistics,
  k: number,
): number {
  if (given !== 'mean') return given
  const { sumWeight, sumWeightedLabel, classWeights } = statistics
  const mean = (numClass === 0 ? sumWeightedLabel : classWeights[k]!) / sumWeight
  const score = scoreOf(link, mean)
  if (Number.isFinite(score)) return score
  throw new CoppiceError('DATA', `objective "${name}" cannot start from the mean of the labels, ` +
    `${mean}: no score has it as its prediction by the link ${link}; give it a baseScore`)
}

/** The inverse of the link. */
function scoreOf(link: ObjectiveDefinition['link'], mean: number): number {
  switch (link) {
    case 'identity': return mean
    case 'exp':
    case 'softmax': return log(mean)
    case 'sigmoid': return log(mean / (1 - mean))
    // ln(e^x - 1); near 0 it is x (1 + x / 2)
    case 'softplus': return mean < 1e-8 ? log(mean) + mean / 2 : mean + log(1 - exp(-mean))
  }
}
