/** What there is beyond LightGBM: a section of the table. */
import { built, testsOf } from './row.mjs'

const outputs = testsOf('packages/engine/test/training/outputs.test.ts')
const survival = testsOf('packages/engine/test/objectives/survival.test.ts')
const cox = testsOf('packages/engine/test/objectives/cox.test.ts')
const timed = testsOf('packages/engine/test/metrics/survival.test.ts')
const averages = testsOf('packages/engine/test/metrics/averages.test.ts')
const ownCode = testsOf('packages/api/test/cv/custom.test.ts')
const clusters = testsOf('test/objectives.test.ts')('gives the bytes of a training here:')

export const beyond = {
  title: 'Beyond LightGBM',
  rows: [
    built('`multi_quantile`: several quantiles in one model', [
      ...outputs('have for each quantile the trees of a training of that quantile'), ...clusters],
    { note: 'leaves are exact percentiles; quantiles may cross' }),
    built('`quantile_sorted`: quantiles that do not cross',
      outputs('sorts quantiles where that is asked for, in predictions and metrics alone')),
    built('`multi_regression`: several label columns of numbers', [
      ...outputs('have for each number the trees of a regression,',
        'have for each number the trees of a regression with its init scores'),
      ...clusters], { note: 'columns of any magnitudes: each has scales of its own' }),
    built('`multi_label`: several label columns of 0 and 1', [
      ...outputs('have for each label of 0 or 1 the trees of a binary training'), ...clusters]),
    built('`squared_log_error` (XGBoost\'s `reg:squaredlogerror`)', [
      ...survival('has the gradients and hessians of XGBoost, and the derivatives of its loss'),
      ...clusters]),
    built('`aft` (XGBoost\'s `survival:aft`), `aft_nloglik`, `interval_regression_accuracy`', [
      ...survival('has the gradients, hessians and losses of XGBoost',
        'has the derivatives of its loss'), ...clusters],
    { note: 'labels are the bounds of a time: `--label lower,upper`' }),
    built('`cox` (XGBoost\'s `survival:cox`), `cox_nloglik`, `c_index`', [
      ...cox('has the gradients and hessians of XGBoost, which weights multiply',
        'has the derivatives of the loss, ties and all', 'predicts hazards as XGBoost does'),
      ...timed('is that of XGBoost, ties and all',
        'is the share of pairs in the right order, of times and bounds, however rows are cut'),
      ...clusters],
    { note: 'the label is a time, below 0 that of a censored row; up to 2^20 times of events' }),
    built('`auc_ovr`: one against the rest',
      averages('is that of scikit-learn, however rows are grouped')),
    built('custom metrics in `evaluate`, custom objectives in `cv` and `tune`', [
      ...ownCode('measure models on other rows, in any batches',
        'stop early where more is better, also after an interruption',
        'are what a search goes by')]),
    built('metrics that are means over label columns or quantiles',
      outputs('have metrics that are means over the scores',
        'leaves label columns without a class out of the mean of auc')),
  ],
}
