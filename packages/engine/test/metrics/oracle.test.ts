import assert from 'node:assert/strict'
import type { Objective } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { finishMetric, metricParts } from '../../src/metrics/parts.js'
import { resolveParams } from '../../src/params/index.js'

/** A row: raw scores by output, label, weight. */
interface Row { readonly s: readonly number[], readonly y: number, readonly w: number }

type Oracle = (rows: readonly Row[]) => number

const { abs, exp, log, max, min, sqrt, tanh } = Math
const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0)
/** The mean of a loss of rows, by their weights. */
const mean = (loss: (row: Row) => number): Oracle => (rows) =>
  sum(rows.map((row) => row.w * loss(row))) / sum(rows.map(({ w }) => w))
const p = ({ s }: Row): number => 1 / (1 + exp(-s[0]!))
/** Softmax, by its definition. */
const share = ({ s }: Row, k: number): number => exp(s[k]!) / sum(s.map(exp))
const entropy = (q: number, y: number): number => -(y * log(q) + (1 - y) * log(1 - q))
const own = (y: number): number => y === 0 || y === 1 ? 0 : entropy(y, y)

/** The share of pairs in the right order, ties half, by the products of weights. */
const auc = (score: (row: Row) => number, isPositive: (y: number) => boolean): Oracle => (rows) => {
  let [right, all] = [0, 0]
  for (const a of rows) {
    for (const b of rows) {
      if (!isPositive(a.y) || isPositive(b.y)) continue
      all += a.w * b.w
      right += a.w * b.w * (score(a) > score(b) ? 1 : score(a) === score(b) ? 0.5 : 0)
    }
  }
  return right / all
}

/** Sum over thresholds of precision times what recall grows by. */
const averagePrecision: Oracle = (rows) => {
  const thresholds = [...new Set(rows.map(({ s }) => s[0]!))].sort((a, b) => b - a)
  const weightAt = (t: number, ys: readonly number[]): number =>
    sum(rows.filter(({ s, y }) => s[0]! >= t && ys.includes(y)).map(({ w }) => w))
  const positives = weightAt(-Infinity, [1])
  return sum(thresholds.map((t, i) => {
    const before = i === 0 ? 0 : weightAt(thresholds[i - 1]!, [1])
    return (weightAt(t, [1]) - before) / positives * weightAt(t, [1]) / weightAt(t, [0, 1])
  }))
}

const regression: Objective = { name: 'regression' }
const poisson: Objective = { name: 'poisson', maxDeltaStep: 0.7 }
const binary: Objective = { name: 'binary', sigmoid: 1 }
const entropies: Objective = { name: 'cross_entropy' }
const classes: Objective = { name: 'multiclass', numClass: 3 }
const t = ({ s }: Row): number => exp(s[0]!)
const e = ({ s, y }: Row): number => s[0]! - y

/** Metric, objective, its number, and what it is of all rows. */
const cases: readonly (readonly [string, Objective, number, Oracle])[] = [
  ['l1', regression, 0, mean((row) => abs(e(row)))],
  ['l2', regression, 0, mean((row) => e(row) ** 2)],
  ['rmse', regression, 0, (rows) => sqrt(mean((row) => e(row) ** 2)(rows))],
  ['quantile', regression, 0.3, mean((row) => max(-0.3 * e(row), 0.7 * e(row)))],
  ['mape', regression, 0, mean((row) => abs(e(row)) / max(1, abs(row.y)))],
  ['huber', regression, 0.6, mean((row) =>
    abs(e(row)) <= 0.6 ? e(row) ** 2 / 2 : 0.6 * abs(e(row)) - 0.18)],
  ['fair', regression, 2, mean((row) => 2 * abs(e(row)) - 4 * log(1 + abs(e(row)) / 2))],
  ['expectile', regression, 0.3, mean((row) => (e(row) < 0 ? 0.3 : 0.7) * e(row) ** 2)],
  ['log_cosh', regression, 0, mean((row) => log((exp(e(row)) + exp(-e(row))) / 2))],
  ['poisson', poisson, 0, mean((row) => t(row) - row.y * log(t(row)))],
  ['gamma', { name: 'gamma' }, 0, mean((row) => row.y / t(row) + log(t(row)))],
  ['gamma_deviance', { name: 'gamma' }, 0, (rows) => 2 * sum(rows.map((row) =>
    row.w * (row.y / (t(row) + 1e-9) - log(row.y / (t(row) + 1e-9)) - 1)))],
  ['tweedie', { name: 'tweedie', variancePower: 1.4 }, 1.4, mean((row) =>
    t(row) ** 0.6 / 0.6 + row.y * t(row) ** -0.4 / 0.4)],
  ['binary_logloss', binary, 0, mean((row) => entropy(p(row), row.y))],
  ['binary_error', binary, 0, mean((row) => Number(row.s[0]! > 0 !== (row.y === 1)))],
  ['auc', binary, 0, auc(({ s }) => s[0]!, (y) => y === 1)],
  ['average_precision', binary, 0, averagePrecision],
  ['brier', binary, 0, mean((row) => (p(row) - row.y) ** 2)],
  ['accuracy', binary, 0, mean((row) => Number(row.s[0]! > 0 === (row.y === 1)))],
  ['cross_entropy', entropies, 0, mean((row) => entropy(p(row), row.y))],
  ['kullback_leibler', entropies, 0, mean((row) => entropy(p(row), row.y) - own(row.y))],
  ['cross_entropy_lambda', { name: 'cross_entropy_lambda' }, 0, (rows) => sum(rows.map((row) =>
    entropy(1 - (1 + exp(row.s[0]!)) ** -row.w, row.y))) / rows.length],
  ['multi_logloss', classes, 0, mean((row) => -log(share(row, row.y)))],
  ['multi_error', classes, 0, mean((row) =>
    Number(row.s.filter((s) => s >= row.s[row.y]!).length > 1))],
  ['multi_logloss', { name: 'multiclassova', numClass: 3, sigmoid: 2 }, 0, mean((row) =>
    log(1 + exp(-2 * row.s[row.y]!)))],
  ['auc_ovr', classes, 0, (rows) => sum([0, 1, 2].map((k) =>
    auc((row) => share(row, k), (y) => y === k)(rows))) / 3],
]

/** Labels that an objective may have. */
function labelOf({ name }: Objective, random: TestRandom): number {
  switch (name) {
    case 'regression': return Math.round(random.normal() * 2) / 2
    case 'gamma': return (1 + random.below(6)) / 2
    case 'poisson':
    case 'tweedie': return random.below(4)
    case 'cross_entropy':
    case 'cross_entropy_lambda': return random.below(5) / 4
    case 'binary': return random.below(2)
    default: return random.below(3)
  }
}

describe('metrics by their definitions', () => {
  for (const [metric, objective, parameter, oracle] of cases) {
    it(`${metric} of ${objective.name}, with weights, ties and rows in groups`, () => {
      const nOutputs = 'numClass' in objective ? objective.numClass : 1
      for (let seed = 0; seed < 6; seed++) {
        const random = new TestRandom(seed)
        const isWeighted = seed % 2 === 1
        // few different scores, so that some are equal, also to labels
        const rows = Array.from({ length: 40 }, (): Row => ({
          s: Array.from({ length: nOutputs }, () => tanh(Math.round(random.normal() * 4) / 4) * 2),
          y: labelOf(objective, random),
          w: isWeighted ? random.below(4) / 2 + 0.25 : 1,
        }))
        const spec = { name: metric, topK: 1, parameter }
        const partsOf = (own_: readonly Row[]) => metricParts(
          spec, objective,
          Array.from({ length: nOutputs }, (_, k) => Float64Array.from(own_, ({ s }) => s[k]!)),
          Float64Array.from(own_, ({ y }) => y),
          isWeighted ? Float64Array.from(own_, ({ w }) => w) : null)
        const size = { nRows: 40, sumWeight: sum(rows.map(({ w }) => w)) }
        const value = finishMetric(metric, partsOf(rows), size)
        const expected = oracle(rows)
        assert.ok(abs(value - expected) <= 1e-11 * max(1, abs(expected)),
          `${value}, not ${expected} (seed ${seed})`)
        const cut = min(39, seed * 7)
        assert.equal(finishMetric(
          metric, [...partsOf(rows.slice(cut)), ...partsOf(rows.slice(0, cut))], size), value)
      }
    })
  }

  it('have the names that LightGBM has for them', () => {
    const names: Readonly<Record<string, string>> = {
      l1: 'mean_absolute_error mae regression_l1',
      l2: 'mean_squared_error mse regression_l2 regression',
      rmse: 'root_mean_squared_error l2_root', mape: 'mean_absolute_percentage_error',
      ndcg: 'lambdarank rank_xendcg xendcg xe_ndcg xe_ndcg_mart xendcg_mart',
      map: 'mean_average_precision', binary_logloss: 'binary',
      multi_logloss: 'multiclass softmax multiclassova multiclass_ova ova ovr',
      cross_entropy: 'xentropy', cross_entropy_lambda: 'xentlambda', kullback_leibler: 'kldiv',
    }
    for (const [name, aliases] of Object.entries(names)) {
      const objective = name === 'ndcg' || name === 'map' ? 'lambdarank'
        : name === 'multi_logloss' ? 'multiclass' : 'regression'
      const num = objective === 'multiclass' ? { numClass: 3 } : {}
      for (const alias of [name, ...aliases.split(' ')]) {
        const { metric } = resolveParams({ objective, ...num, metric: alias })
        assert.deepEqual(metric, [name], alias)
      }
    }
  })
})
