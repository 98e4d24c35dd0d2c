import type { ParameterValues } from './table.js'

/** Parameters of voting without it. */
export function votingContradiction({ treeLearner, topK }: ParameterValues): string | null {
  if (treeLearner === 'voting' || topK === 20) return null
  return `top_k = ${topK} does nothing without tree_learner = voting; give both, or leave it out`
}
