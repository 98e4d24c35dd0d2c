import { MAX_BIN_LIMIT } from '../binning/max-bin.js'
import { bool, column, columns, int, noEffect, structure, text, unbuilt } from './parameter.js'

/** How rows become bins, and which columns are what. */
export const dataParameters = {
  max_bin: int(
    'dataset',
    255,
    'Most bins of a feature, the bin of missing values included. Above 255 a bin takes two bytes ' +
      'of memory per row instead of one, and histograms grow with the bins. LightGBM also takes ' +
      'more than 65,535.',
    { min: 2, max: MAX_BIN_LIMIT, aliases: ['max_bins'] },
  ),
  min_data_in_bin: int('dataset', 3, 'Fewest sampled rows of a bin.', { above: 0 }),
  bin_construct_sample_cnt: int(
    'dataset',
    200000,
    'Rows sampled to find the bins, on average; all of them where the data have no more.',
    { above: 0, aliases: ['subsample_for_bin'] },
  ),
  data_random_seed: int('dataset', 1, 'Seed of the sample that bins are found from.', {
    aliases: ['data_seed'],
  }),
  use_missing: bool('dataset', true, 'Missing values are told apart; otherwise NaN is read as 0.'),
  zero_as_missing: bool('dataset', false, 'Zero is missing too, as in sparse data.'),
  feature_pre_filter: bool(
    'dataset',
    true,
    'Leave out features that no cut can split into two sides of `min_data_in_leaf` rows.',
  ),
  header: bool('dataset', false, 'Text files begin with a line of column names.', {
    affectsModel: false,
    aliases: ['has_header'],
  }),
  label_column: column(
    'dataset',
    'The column of the target: an index, a name or `name:NAME`.',
    { aliases: ['label'] },
  ),
  weight_column: column(
    'dataset',
    'The column of row weights. An index does not count the label.',
    { aliases: ['weight'] },
  ),
  group_column: column('dataset', 'The column of query ids. An index does not count the label.', {
    aliases: ['group', 'group_id', 'query_column', 'query', 'query_id'],
  }),
  position_column: column(
    'dataset',
    'The column of the positions at which rows were shown, whole numbers from 0: `lambdarank` ' +
      'learns their biases. An index does not count the label.',
  ),
  ignore_column: columns(
    'dataset',
    'Columns to leave out: indices, names or `name:A,B`. An index does not count the label.',
    { aliases: ['ignore_feature', 'blacklist'] },
  ),
  categorical_feature: columns(
    'dataset',
    'Columns whose values are categories: indices, names or `name:A,B`; text columns are by ' +
      'themselves. An index does not count the label.',
    { aliases: ['cat_feature', 'categorical_column', 'cat_column', 'categorical_features'] },
  ),
  is_enable_sparse: noEffect(
    bool('dataset', true, 'LightGBM: store sparse features as such.', {
      aliases: ['is_sparse', 'enable_sparse', 'sparse'],
    }),
  ),
  enable_bundle: noEffect(
    bool('dataset', true, 'LightGBM: bundle features that exclude each other.', {
      aliases: ['is_enable_bundle', 'bundle'],
    }),
  ),
  pre_partition: noEffect(
    bool('dataset', false, 'LightGBM: the data are already cut for each machine.', {
      aliases: ['is_pre_partition'],
    }),
  ),
  two_round: noEffect(
    bool(
      'dataset',
      false,
      'LightGBM: read text twice to save memory. Rows here are binned on arrival.',
      { aliases: ['two_round_loading', 'use_two_round_loading'] },
    ),
  ),
  precise_float_parser: noEffect(
    bool('dataset', false, 'Numbers in text files are always parsed exactly.'),
  ),
  max_bin_by_feature: structure(
    'dataset',
    'perFeature',
    'Most bins of each feature: a list in their order, or an object by name, `max_bin` where not ' +
      'named.',
    { min: 2, max: MAX_BIN_LIMIT, isWhole: true, omittedAtDefault: true },
  ),
  forcedbins_filename: structure(
    'dataset',
    'bins',
    'Bounds that bins of numeric features have to have: a list of `{feature, bin_upper_bound: ' +
      '[numbers]}`, for the command the name of a JSON file with one.',
    { omittedAtDefault: true },
  ),
  save_binary: unbuilt(
    bool('dataset', false, 'Write the binned data set to a file.', {
      aliases: ['is_save_binary', 'is_save_binary_file'],
    }),
  ),
  parser_config_file: unbuilt(text('dataset', '', 'Configuration of a custom text parser.')),
}
