/** Objectives and metrics: sections of the table. */
import { built, refused, testsOf } from './row.mjs'

const oracle = testsOf('packages/engine/test/training/integer-oracle.test.ts')
const golden = testsOf('packages/api/test/objectives/lightgbm.test.ts')
const percentiles = testsOf('packages/api/test/percentiles/lightgbm.test.ts')
const losses = testsOf('packages/engine/test/metrics/losses.test.ts')
const area = testsOf('packages/engine/test/metrics/auc.test.ts')
const trainer = testsOf('packages/api/test/train.test.ts')
const custom = testsOf('test/custom.test.ts')

/** LightGBM's base scores, predictions and metrics; the test's cases name what they are of. */
const beside = golden('has its scores and metrics:')

const besideRanking = testsOf('packages/api/test/ranking/lightgbm.test.ts')(
  'rankings against LightGBM 4.6')
const rankings = testsOf('test/ranking.test.ts')(
  'have the same bytes for any threads, files and cluster')

/** The bytes of the naive trainer, and LightGBM's numbers. */
const asOracle = (...cases) => oracle(...cases.map((name) => `gives the oracle's bytes: ${name}`))

const percentile = (name, ...cases) => built(`\`${name}\``,
  [...asOracle(name, ...cases), ...percentiles('has its scores:')],
  { note: 'leaves are exact percentiles, on clusters too' })

export const objectives = {
  title: 'Objectives',
  rows: [
    built('`regression`, `reg_sqrt`', [...asOracle('regression', 'reg_sqrt'), ...beside]),
    percentile('regression_l1', 'regression_l1 with weights, ties and bagging'),
    built('`huber`', [...asOracle('huber'), ...beside]),
    built('`fair`', [...asOracle('fair'), ...beside]),
    built('`poisson`', [...asOracle('poisson'), ...beside]),
    percentile('quantile', 'quantile with init scores'),
    percentile('mape', 'mape with weights'),
    built('`gamma`', [...asOracle('gamma'), ...beside],
      { note: 'labels of 0 are refused, as its likelihood has no maximum' }),
    built('`tweedie`', [...asOracle('tweedie'), ...beside]),
    built('`binary`', [...asOracle('binary', 'sigmoid'), ...beside]),
    built('`is_unbalance`, `scale_pos_weight`', asOracle('is_unbalance', 'scale_pos_weight')),
    built('`multiclass`', asOracle('multiclass')),
    built('`multiclassova`', [...asOracle('multiclassova'), ...beside]),
    built('`cross_entropy`', [...asOracle('cross_entropy'), ...beside]),
    built('`cross_entropy_lambda`', [...asOracle('cross_entropy_lambda'), ...beside]),
    built('`boost_from_average`', [...asOracle('no boost from average'), ...beside]),
    built('objectives of one\'s own',
      custom('give the trees of the objective that they repeat',
        'give the same bytes on threads, on a cluster and as objects')),
    built('`lambdarank`: truncation, norm, gains', [...besideRanking, ...rankings]),
    built('`rank_xendcg`', [...besideRanking, ...rankings],
      { note: 'draws by hash of the query: the same for any partitions' }),
  ],
}

export const metrics = {
  title: 'Metrics',
  rows: [
    built('`l1`, `l2`, `rmse`', [...losses('are what their names say'), ...beside]),
    built('`quantile`, `mape`, `huber`, `fair`', beside),
    built('`poisson`, `gamma`, `gamma_deviance`, `tweedie`', beside),
    built('`binary_logloss`, `binary_error`', [
      ...losses('stay finite where a probability is 0'), ...beside]),
    built('`auc`', [...area('is the share of pairs in the right order, ties half'), ...beside],
      { note: 'exact, on clusters too' }),
    built('`average_precision`', beside),
    built('`multi_logloss`, `multi_error`, `multi_error_top_k`', [
      ...losses('count errors: a score of 0 says class 0, ties of classes count against'),
      ...beside]),
    built('`cross_entropy`, `cross_entropy_lambda`, `kullback_leibler`', beside),
    built('metrics of one\'s own',
      custom('train classifiers, resume, and stop early by a metric that should grow')),
    built('metrics of all rows of all workers', [
      ...losses('merge to the same value for any grouping of the rows'),
      ...testsOf('packages/cluster/test/node/coordinator/training.test.ts')(
        'tells and gives what one process does:')],
    { note: 'LightGBM on Dask: each worker its own' }),
    built('`is_provide_training_metric`, `metric_freq`', [
      ...trainer('gives the trainer\'s numbers, to the bit:'),
      ...testsOf('packages/engine/test/training/committed-iterations.test.ts')(
        'gives what resumeModel makes the model of, evaluated every')]),
    built('`ndcg`, `map`, `eval_at`', [...besideRanking, ...testsOf(
      'packages/engine/test/training/ranking.test.ts')(
      'is NDCG and MAP of each query by its mean weight')]),
    built('`auc_mu`, `auc_mu_weights`', testsOf(
      'packages/engine/test/metrics/golden.test.ts')(
      'have their values, however rows are grouped: auc_mu')),
    built('`r2`', testsOf('packages/engine/test/metrics/golden.test.ts')(
      'have their values, however rows are grouped: r2')),
  ],
}
