/** How trees are grown from rows: sections of the table. */
import { built, refused, testsOf } from './row.mjs'

const oracle = testsOf('packages/engine/test/training/integer-oracle.test.ts')
const sampling = testsOf('packages/engine/test/training/sampling.test.ts')
const grower = testsOf('packages/engine/test/grower/tree-grower.test.ts')
const findBins = testsOf('packages/engine/test/binning/find-bins.test.ts')
const goldenBins = testsOf('packages/engine/test/binning/golden.test.ts')
const asWide = testsOf('packages/engine/test/training/wide-bins.test.ts')
const resolve = testsOf('packages/engine/test/params/resolve.test.ts')
const determinism = testsOf('packages/engine/test/determinism.test.ts')
const dart = testsOf('packages/engine/test/training/dart.test.ts')
const forest = testsOf('packages/engine/test/training/forest.test.ts')
const modesOnCluster = testsOf('test/boosting.test.ts')
const sparseRows = testsOf('packages/api/test/sparse.test.ts')
const memory = testsOf('packages/data/test/memory.test.ts')

/** The bytes of a naive trainer in plain integers, for these parameters. */
const asOracle = (...cases) => oracle(...cases.map((name) => `gives the oracle's bytes: ${name}`))
const asSampled = (...cases) =>
  sampling(...cases.map((name) => `gives the oracle's bytes: ${name}`))

/** LightGBM's trees and predictions; the test's cases name what they are of. */
const besideRules = testsOf('packages/api/test/constraints/lightgbm.test.ts')(
  'has its trees and predictions:')

/** As besideRules, of modes that leave nothing to the draw. */
const besideModes = testsOf('packages/api/test/modes/lightgbm.test.ts')(
  'has its trees and scores:')

const besideLinear = testsOf('packages/api/test/linear/lightgbm.test.ts')(
  'have its functions:')

const noEffect = 'accepted, without effect here'
const noEffectTest = resolve('lists what has no effect once, in the order of the table')

export const growing = {
  title: 'Growing of trees',
  rows: [
    built('histograms, best-first growth', [
      ...asOracle('regression'),
      ...grower('splits the best open leaf again and again, ties by the lower leaf')]),
    built('parent less smaller child', testsOf(
      'packages/engine/test/training/conservation.test.ts')(
      'children add up to their parents, leaves to the rows in the bag')),
    built('`num_leaves`, `max_depth`', [
      ...asOracle('max_depth'),
      ...resolve('bounds num_leaves by max_depth only where it is not given')]),
    built('`min_data_in_leaf`', asOracle('min_data_in_leaf'),
      { note: 'true counts; LightGBM estimates them from hessians' }),
    built('`min_sum_hessian_in_leaf`', asOracle('min_sum_hessian_in_leaf')),
    built('`min_gain_to_split`', asOracle('min_gain_to_split')),
    built('`lambda_l1`, `lambda_l2`', asOracle('lambda_l1', 'lambda_l1 and lambda_l2')),
    built('`max_delta_step`', asOracle('max_delta_step')),
    built('`extra_trees`, `extra_seed`', asSampled('extra_trees')),
    built('`max_bin` up to 65,535, `min_data_in_bin`',
      [...goldenBins('finds the bins of LightGBM'), ...asWide('are the same on 2 threads')],
      { note: 'more bins are refused; up to 255, categories end at 255' }),
    built('`bin_construct_sample_cnt`, `data_random_seed`', testsOf(
      'packages/engine/test/binning/sample.test.ts')(
      'is the same set of rows for every partitioning'),
    { note: 'drawn by hash of the row: other rows than LightGBM draws' }),
    built('`feature_pre_filter`', findBins('scales to the sample and rounds down')),
    built('exclusive features share a byte (`enable_bundle`)', testsOf(
      'packages/engine/test/execution/columns.test.ts')(
      'finds features that exclude each other, and leaves dense ones alone'),
    { note: 'without conflicts; results do not depend on it' }),
    built('sparse rows (`is_enable_sparse`)',
      sparseRows('train to the bytes of the dense ones, evaluation sets included')),
    built('`histogram_pool_size`', testsOf(
      'packages/engine/test/execution/histogram-pool.test.ts')(
      'changes no byte, for pools of any size, threads and speculation')),
    built('`force_col_wise`, `force_row_wise`', noEffectTest, { note: noEffect }),
    built('`deterministic`', determinism('gives the same SHA-256: 3 threads, speculation 1'),
      { note: 'always' }),
    built('monotone constraints: basic, intermediate, advanced, `monotone_penalty`', [
      ...testsOf('packages/engine/test/training/rules.test.ts')(
        'never lets the score go the other way:'), ...besideRules],
    { note: 'all methods on clusters too; LightGBM on many machines: basic only' }),
    built('`interaction_constraints`', [...testsOf(
      'packages/engine/test/training/rules.test.ts')(
      'lets no two features meet that share no group'), ...besideRules]),
    built('`path_smooth`, `feature_contri`', besideRules),
    built('forced splits', [...besideRules, ...testsOf('packages/coppice/test/train.test.ts')(
      'reads the files of forced splits and bins; the model has what is in them')],
    { note: 'on clusters too; LightGBM on many machines: fatal' }),
    built('cost-effective boosting: splits, features at first use (coupled) and by row (lazy)', [
      ...besideRules, ...testsOf('packages/engine/test/training/rules.test.ts')(
        'forgets trees that are taken back', 'makes each row pay once')],
    { note: 'by row on clusters too; LightGBM on many machines: each by its own rows' }),
    built('`max_bin_by_feature`, forced bin bounds', besideRules),
    built('linear leaves: `linear_tree`, `linear_lambda`', [
      ...besideLinear, ...testsOf('packages/engine/test/linear/trainings.test.ts')(
        'are at the minimum of their loss, in plain double precision:'),
      ...testsOf('packages/cluster/test/reduce/star-reducer.test.ts')(
        'gives packed answers of 1, 2, 5 stores the bytes of one thread:'),
    ], { note: 'not for objectives whose leaves are percentiles; clusters too, where LightGBM '
      + 'fits every machine\'s rows apart' }),
    built('integer gradients (`use_quantized_grad`, `num_grad_quant_bins`, '
      + '`quant_train_renew_leaf`, `stochastic_rounding`)', testsOf(
      'packages/engine/test/params/resolve.test.ts')(
      'takes coarse gradients at their word, and changes nothing'),
    { note: 'always, of 30 bits: finer than LightGBM\'s' }),
    refused('graphics processors', ['device_type=gpu', 'device_type=cuda']),
  ],
}

export const kinds = {
  title: 'Kinds of data',
  rows: [
    built('missing values, learnt direction', asOracle('regression', 'sparse features')),
    built('`use_missing`, `zero_as_missing`', [
      ...findBins('keeps its promises for any values'),
      ...testsOf('packages/data/test/node/sparse-load.test.ts')(
        'loading LibSVM, whose zeros are not stored')]),
    built('categories in order of their gradients', asOracle('all categories in order',
      'few categories on the left', 'large groups')),
    built('few categories one against the rest', asOracle('one category against the rest')),
    built('categories not seen before', testsOf(
      'packages/model/test/predict/predictor.test.ts')('treats what is no code as unseen')),
    built('text as categories', testsOf('packages/data/test/memory.test.ts')(
      'makes categories of texts and declared columns, numbers of dates and booleans'),
    { note: 'LightGBM: numbers only' }),
    built('row weights', asOracle('whole weights', 'any weights, some 0')),
    built('init scores', asOracle('init scores', 'init scores of classes')),
    built('query groups, by size or id', [
      ...memory('takes weights, group sizes and init scores beside the rows'),
      ...testsOf('packages/data/test/node/bad-data.test.ts')(
        'a query in two runs, in two partitions, or without an id')]),
    built('positions of clicks', [
      ...testsOf('packages/api/test/ranking/positions.test.ts')(
        'positions of rows against LightGBM 4.6',
        'may be a column; those of an evaluation set are not used'),
      ...testsOf('packages/engine/test/training/ranking.test.ts')(
        'a training with positions goes on with the biases that it ended with'),
      ...testsOf('test/ranking.test.ts')(
        'have the same bytes for any threads, files and cluster')],
    { note: 'whole numbers; `position_column` too; one table for all workers' }),
  ],
}

export const sampled = {
  title: 'Drawing of rows and features',
  rows: [
    built('`bagging_fraction`, `bagging_freq`, `bagging_seed`', asOracle('bagging',
      'bagging with weights and classes')),
    built('`pos_bagging_fraction`, `neg_bagging_fraction`', asSampled('pos_bagging_fraction')),
    built('`data_sample_strategy = goss`, `top_rate`, `other_rate`', [
      ...asSampled('goss', 'goss of classes with weights'),
      ...sampling('goss uses all rows in 1 / learning_rate iterations, then about '
        + 'the rates'), ...besideModes], { note: 'one threshold for all rows, on clusters too' }),
    built('`feature_fraction`, `feature_fraction_bynode`',
      asOracle('feature_fraction', 'feature_fraction_bynode')),
    built('`seed` derives the others', resolve('derives seeds, which explicit ones override')),
    built('`bagging_by_query`', testsOf('packages/engine/test/training/ranking.test.ts')(
      'bagging_by_query keeps queries whole, others each iteration'),
    { note: 'of objectives that rank; by hash of the query' }),
  ],
}

export const modes = {
  title: 'Boosting modes',
  rows: [
    built('`gbdt`', asOracle('regression', 'binary', 'multiclass')),
    built('`goss`', sampling('is refused where it contradicts something',
      "gives the oracle's bytes: goss, more features than a tile"),
      { note: 'means `data_sample_strategy = goss`, as in LightGBM' }),
    built('`dart`: drops, limits, both normalisations', [...dart('gives the oracle\'s bytes, and '
      + 'drops something: regression', 'keeps the limit, and the weights of both modes'),
    ...besideModes, ...modesOnCluster('gives the bytes of a training here: dart')]),
    built('`rf`', [...forest('gives the oracle\'s bytes: regression',
      'has for each of several quantiles the trees of a forest of its own'),
      ...besideModes, ...modesOnCluster('gives the bytes of a training here: rf of classes')]),
  ],
}
