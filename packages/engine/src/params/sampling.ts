import { bool, float, int } from './parameter.js'

const omittedAtDefault = true

/** Draws of rows and thresholds that few trainings use: not in models of others. */
export const samplingParameters = {
  pos_bagging_fraction: float(
    'control',
    1,
    'Share of the rows of class 1 drawn, in place of `bagging_fraction`; with `objective = ' +
      'binary`. Below 1 it needs `bagging_freq`.',
    {
      above: 0,
      max: 1,
      omittedAtDefault,
      aliases: ['pos_sub_row', 'pos_subsample', 'pos_bagging'],
    },
  ),
  neg_bagging_fraction: float(
    'control',
    1,
    'Share of the rows of class 0 drawn, as `pos_bagging_fraction`.',
    {
      above: 0,
      max: 1,
      omittedAtDefault,
      aliases: ['neg_sub_row', 'neg_subsample', 'neg_bagging'],
    },
  ),
  bagging_by_query: bool(
    'control',
    false,
    '`bagging_fraction` is a share of the queries, whose rows are drawn together; with ' +
      '`objective = lambdarank` and `rank_xendcg`.',
    { omittedAtDefault },
  ),
  top_rate: float(
    'control',
    0.2,
    'GOSS (`data_sample_strategy = goss`): share of the rows that are kept for their large ' +
      'gradients, exactly and over all workers.',
    { above: 0, max: 1, omittedAtDefault },
  ),
  other_rate: float(
    'control',
    0.1,
    'GOSS: share of the rows that are drawn among the others, whose gradients are weighted up in ' +
      'return.',
    { above: 0, max: 1, omittedAtDefault },
  ),
  extra_trees: bool(
    'control',
    false,
    'Extremely randomised trees: of each feature of a node one threshold is scored, drawn at ' +
      'random; of a categorical feature one of its candidates.',
    { omittedAtDefault, aliases: ['extra_tree'] },
  ),
  extra_seed: int('control', 6, 'Seed of the thresholds of `extra_trees`.', { omittedAtDefault }),
}
