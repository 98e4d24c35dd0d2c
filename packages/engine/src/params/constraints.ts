import { float, oneOf, structure } from './parameter.js'

const omitted = { omittedAtDefault: true } as const

/** Rules that trees have to keep, and what weighs their gains. */
export const constraintParameters = {
  monotone_constraints: structure(
    'control', 'perFeature',
    'Features that the raw score must not fall with (1) or not rise with (-1), or that are free ' +
      '(0): a list in the order of the features, or an object by name, free where not named. ' +
      'What missing values lead to is not bound.',
    { ...omitted, min: -1, max: 1, isWhole: true,
      aliases: ['mc', 'monotone_constraint', 'monotonic_cst'] },
  ),
  monotone_constraints_method: oneOf(
    'control', ['basic', 'intermediate', 'advanced'],
    'How outputs are bounded under monotone constraints: `basic` by the middle of two children, ' +
      'fast and strict; `intermediate` by the leaves beside, which are scanned again when one is ' +
      'split; `advanced` by those alone that each side of each threshold touches. The later ones ' +
      'lose less accuracy and take one round for each split. All of them on clusters too.',
    { ...omitted, aliases: ['monotone_constraining_method', 'mc_method'] },
  ),
  monotone_penalty: float(
    'control', 0,
    'Forbids monotone splits on the first this many levels (rounded down) of a tree, and makes ' +
      'them less likely below.',
    { ...omitted, min: 0,
      aliases: ['monotone_splits_penalty', 'ms_penalty', 'mc_penalty'] },
  ),
  interaction_constraints: structure(
    'control', 'groups',
    'Groups of features, by index or name, that may meet on a path from the root to a leaf: ' +
      '`[[0, 1], [2, 3]]`. A feature of no group is not used.',
    omitted,
  ),
  path_smooth: float(
    'control', 0,
    "Pulls the value of a leaf towards its parent's: by its rows n as n / (n + path_smooth).",
    { ...omitted, min: 0 },
  ),
  feature_contri: structure(
    'control', 'perFeature',
    'Factors on the gains of features: a list in their order, or an object by name, 1 where not ' +
      'named. 0: the feature is not used.',
    { ...omitted, min: 0, aliases: ['feature_contrib', 'fc', 'fp', 'feature_penalty'] },
  ),
  forcedsplits_filename: structure(
    'control', 'splits',
    'The first splits of every tree, level by level: an object `{feature, threshold, left, ' +
      'right}`, for the command the name of a JSON file with one. The first that gains nothing ' +
      'ends them.',
    { ...omitted,
      aliases: ['fs', 'forced_splits_filename', 'forced_splits_file', 'forced_splits'] },
  ),
  cegb_tradeoff: float('control', 1, 'Cost-effective boosting: factor on all of its costs.', {
    ...omitted, min: 0,
  }),
  cegb_penalty_split: float(
    'control', 0, 'Cost-effective boosting: what a split costs for each row of the leaf.',
    { ...omitted, min: 0 },
  ),
  cegb_penalty_feature_coupled: structure(
    'control', 'perFeature',
    'Cost-effective boosting: what the first split of the model by a feature costs; a list in ' +
      'the order of the features, or an object by name, 0 where not named. One round for each ' +
      'split.',
    { ...omitted, min: 0 },
  ),
  cegb_penalty_feature_lazy: structure(
    'control', 'perFeature',
    'Cost-effective boosting: what a split by a feature costs for each row of the leaf that no ' +
      'split by it, of any tree so far, had; as `cegb_penalty_feature_coupled`. Three rounds for ' +
      'each split.',
    { ...omitted, min: 0 },
  ),
}
