import type { ParameterValues } from './table.js'

/** What weighs splits or bounds leaves: votes know nothing of it. */
const unknownToVotes: readonly (readonly [string, (values: ParameterValues) => boolean])[] = [
  ['monotone_constraints', ({ monotoneConstraints }) => monotoneConstraints !== ''],
  ['path_smooth', ({ pathSmooth }) => pathSmooth > 0],
  ['feature_contri', ({ featureContri }) => featureContri !== ''],
  ['cegb_penalty_split', ({ cegbPenaltySplit }) => cegbPenaltySplit > 0],
  ['cegb_penalty_feature_coupled',
    ({ cegbPenaltyFeatureCoupled }) => cegbPenaltyFeatureCoupled !== ''],
  ['cegb_penalty_feature_lazy', ({ cegbPenaltyFeatureLazy }) => cegbPenaltyFeatureLazy !== ''],
  ['forcedsplits_filename', ({ forcedsplitsFilename }) => forcedsplitsFilename !== ''],
  ['extra_trees', ({ extraTrees }) => extraTrees],
]

/** Voting beside what it cannot be combined with, or parameters of it without it. */
export function votingContradiction(values: ParameterValues): string | null {
  if (values.treeLearner !== 'voting') {
    return values.topK === 20 ? null
      : `top_k = ${values.topK} does nothing without tree_learner = voting; give both, or leave ` +
        'it out'
  }
  const other = unknownToVotes.find(([, isOn]) => isOn(values))
  return other === undefined ? null
    : `${other[0]} contradicts tree_learner = voting, whose votes know nothing of it; use ` +
      'tree_learner = data, or leave it out'
}
