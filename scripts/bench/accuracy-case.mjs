/**
 * The case `accuracy`: held-out quality where integer gradients could lose it. Nothing is timed.
 * Every part is trained on several data sets that differ in their seed alone, so that a difference
 * between libraries can be held against the difference that chance makes.
 */
import path from 'node:path'
import { predictionsOf } from './compare.mjs'
import { takingPart } from './contestants.mjs'
import { makeData } from './made-data.mjs'
import { auc, logLoss, medianError, rmse } from './metrics.mjs'
import { markdownTable } from './report.mjs'
import { closeAll, enter, paramsOf } from './entries.mjs'

const metrics = {
  auc: { title: 'AUC', of: auc, higherIsBetter: true },
  logLoss: { title: 'log-loss', of: logLoss, higherIsBetter: false },
  rmse: { title: 'RMSE', of: rmse, higherIsBetter: false },
  medianError: { title: 'median error', of: medianError, higherIsBetter: false },
}

/** Metrics this close, relative to their size, are equal. */
const sameWithin = 1e-6

const parts = [
  {
    name: 'outliers',
    title: 'log-normal labels, 1 of 20,000 training rows at 10^4 deviations, L2',
    recipe: { label: 'heavy-tailed' }, numLeaves: 31, iterations: 100,
    metrics: ['rmse', 'medianError'],
  },
  {
    name: 'long binary', title: 'binary',
    recipe: { label: 'binary' }, numLeaves: 255, iterations: 500, metrics: ['auc', 'logLoss'],
  },
  {
    name: 'long regression', title: 'regression, L2',
    recipe: { label: 'regression' }, numLeaves: 255, iterations: 500, metrics: ['rmse'],
  },
  {
    name: 'weights', title: 'binary, weights from 1 to 10^6',
    recipe: { label: 'binary', isWeighted: true }, numLeaves: 31, iterations: 100,
    metrics: ['auc', 'logLoss'],
  },
]

/**
 * @param {object} options - of the command; `repeats` is the number of seeds
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 */
export async function runAccuracyCase(options, dir, log) {
  const nTrain = options.rows ?? (options.isTiny ? 2_000 : 200_000)
  const nTest = Math.ceil(nTrain / 2)
  const { keys, absences } = await takingPart(options, ['lightgbm', 'quantized'])
  const rows = []
  for (const part of parts) {
    const iterations = options.givenIterations ?? (options.isTiny ? 5 : part.iterations)
    const runs = []
    for (let seed = 1; seed <= options.repeats; seed++) {
      log(`accuracy: ${part.name}, seed ${seed}`)
      const data = makeData({ nTrain, nTest, nFeatures: 28, seed, ...part.recipe })
      const params = paramsOf(data, part.numLeaves, iterations)
      runs.push(await runSeed(part, data, params, { keys, threads: Math.max(...options.threads) },
        path.join(dir, `${seed}`)))
    }
    rows.push(...part.metrics.map((metric) => summary({ ...part, iterations }, metric, runs)))
  }
  return {
    title: `accuracy: ${nTrain.toLocaleString('en-US')} x 28, `
      + `${nTest.toLocaleString('en-US')} held out, mean of ${options.repeats} seeds of the data`,
    markdown: [table(rows), partsText(rows[0].worse !== undefined), ...absences].join('\n\n'),
    results: { nTrain, nTest, rows },
    failure: null,
  }
}

/** One data set: every contestant's metrics, and our hash. */
async function runSeed(part, data, params, { keys, threads }, dir) {
  const entries = []
  try {
    await enter(entries, keys, data, dir, '')
    const run = { quality: {}, sha256: '' }
    for (const entry of entries) {
      await entry.process.train({ ...params, ...entry.params }, threads)
      const predicted = await predictionsOf(entry)
      run.quality[entry.name] = Object.fromEntries(
        part.metrics.map((metric) => [metric, metrics[metric].of(predicted, data.test)]))
      if (entry.isOurs) run.sha256 = await entry.process.hash()
    }
    return run
  } finally {
    await closeAll(entries)
  }
}

/** One metric of one part over all seeds; differences are positive where ours is worse. */
function summary({ name, numLeaves, iterations }, metric, runs) {
  const { title, higherIsBetter } = metrics[metric]
  const values = {}
  for (const contestant of Object.keys(runs[0].quality)) {
    values[contestant] = runs.map((run) => run.quality[contestant][metric])
  }
  const row = {
    part: name, numLeaves, iterations, metric: title, values,
    sha256: runs.map((run) => run.sha256),
  }
  const { Coppice: ours, LightGBM: theirs } = values
  if (theirs === undefined) return row
  const sign = higherIsBetter ? -1 : 1
  const worse = ours.map((value, i) => sign * (value - theirs[i]))
  const spread = Math.max(...theirs) - Math.min(...theirs)
  const equal = sameWithin * Math.abs(mean(theirs))
  return { ...row, worse, spread, verdict: verdictOf(worse, spread, equal) }
}

function verdictOf(worse, spread, equal) {
  if (worse.every((difference) => Math.abs(difference) <= equal)) return 'equal'
  if (mean(worse) <= equal) return 'no worse'
  if (worse.length < 2) return 'worse; one seed tells no spread'
  if (mean(worse) > spread) return 'WORSE, beyond the spread between seeds'
  return worse.every((difference) => difference > 0)
    ? 'worse for every seed, within the spread between seeds'
    : 'worse on average, not for every seed'
}

function table(rows) {
  const names = Object.keys(rows[0].values)
  const compares = rows[0].worse !== undefined
  const header = ['data', 'leaves', 'iterations', 'metric', ...names,
    ...(compares ? ['ours worse by (min to max)', 'spread between seeds', 'verdict'] : []),
    'SHA-256 of our models']
  return markdownTable(header, rows.map((row) => [
    row.part, row.numLeaves, row.iterations, row.metric,
    ...names.map((name) => figure(mean(row.values[name]))),
    ...(compares ? [
      `${small(mean(row.worse))} (${small(Math.min(...row.worse))} to `
        + `${small(Math.max(...row.worse))})`,
      figure(row.spread), row.verdict] : []),
    row.sha256.map((sha256) => sha256.slice(0, 8)).join(' '),
  ]))
}

function partsText(compares) {
  const texts = parts.map(({ name, title }) => `${name}: ${title}`).join('; ')
  return `${texts}. Held-out rows have no outliers; the metrics of weighted data are weighted.`
    + (compares
      ? ' Ours is compared with LightGBM at its defaults; a negative "worse" is better.' : '')
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function figure(value) {
  return value.toPrecision(6)
}

function small(value) {
  return value.toExponential(1)
}
