/**
 * The cases `cluster` and `cluster-flights`: the same training on threads of one process, on
 * clusters of processes of this machine, and as LightGBM on Dask.
 */
import path from 'node:path'
import { compare } from './compare.mjs'
import { budgetText, measureBudget } from './cluster-budget.mjs'
import { bytesText, clusterTable, ratioTexts } from './cluster-report.mjs'
import { daskAbsence, startCoppiceOnFiles, startDask } from './contestants.mjs'
import { writeData } from './data-files.mjs'
import { partitionBounds, writeParquet } from './parquet-data.mjs'
import { timingCases } from './data-cases.mjs'
import { paramsOf } from './entries.mjs'

const iterationsByDefault = 50

/**
 * By name: `orders` are the data sets, by what is special about the order of their rows; with
 * `hasExtras` the case also has one worker with all threads, clusters with and without what
 * recovery costs (a journal and audits), and the budget.
 */
export const clusterCases = {
  cluster: {
    title: 'numeric features',
    absence: () => null,
    hasExtras: true,
    orders: [{ name: 'as made', data: timingCases.numeric.data }],
  },
  'cluster-flights': {
    title: 'flights, origin and destination categorical',
    absence: timingCases.flights.absence,
    hasExtras: false,
    orders: [
      { name: 'sorted by date', data: timingCases['flights-shuffled'].sortedData },
      { name: 'shuffled', data: timingCases['flights-shuffled'].data },
    ],
  },
}

/**
 * Runs one case at each number of leaves, with as many workers as the largest number of threads.
 *
 * @param {string} name
 * @param {object} options - of the command, see options.mjs
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 * @returns {Promise<{ title: string, markdown: string, results: object, failure: string | null }>}
 *   `failure` when our bytes differ
 */
export async function runClusterCase(name, options, dir, log) {
  const { title, orders, hasExtras } = clusterCases[name]
  const setting = {
    nCores: Math.max(...options.threads),
    iterations: options.givenIterations ?? (options.isTiny ? options.iterations
      : iterationsByDefault),
    hasExtras,
    hasWide: hasExtras && !options.isTiny,
    hasDask: !options.isOursOnly && (options.contestants?.includes('dask') ?? true)
      && await daskAbsence() === null,
  }
  const sections = []
  const results = []
  let size = ''
  for (const order of orders) {
    const data = await order.data(options)
    size = `${count(data.train.nRows)} x ${data.nFeatures}, ${count(data.test.nRows)} held out`
    const folder = path.join(dir, order.name.replaceAll(' ', '-'))
    const say = (text) => log(`${name}: ${order.name}, ${text}`)
    const settings = await runOrder(data, setting, options, folder, say)
    const heading = orders.length > 1 ? [`Rows ${order.name}:`] : []
    sections.push([...heading, clusterTable(settings), ...textsOf(settings, setting)])
    results.push({ order: order.name, settings })
  }
  const { text, failure } = bytesText(results)
  return {
    title: `${name}: ${title}, ${size}, ${setting.iterations} iterations`,
    markdown: [...sections.flat(), text].join('\n\n'),
    results: { size, ...setting, orders: results },
    failure: failure === null ? null : `${name}: ${failure}`,
  }
}

function textsOf(settings, { hasDask, hasExtras }) {
  const absence = hasDask ? [] : ['LightGBM on Dask is left out: it is not wanted, or not in .venv '
    + '(node scripts/peers.mjs).']
  return [...ratioTexts(settings), ...(hasExtras ? settings.map(budgetText) : []), ...absence]
}

async function runOrder(data, setting, options, dir, log) {
  log('writing the data')
  writeData(dir, data)
  await writeParquet(dir, data)
  const { nCores, iterations, hasExtras } = setting
  const { leaves, repeats, isTiny } = options
  const entries = []
  const settings = []
  try {
    for (const { name, role, isOurs, start } of contestantsOf(setting, data, dir)) {
      const child = start()
      entries.push({
        name, role, isOurs, params: isOurs ? {} : { verbose: -1 }, process: child, dir,
        test: data.test, objective: data.objective, nOutputs: 1,
      })
      await child.load(dir)
    }
    for (const numLeaves of leaves) {
      log(`${numLeaves} leaves`)
      const params = paramsOf(data, numLeaves, iterations)
      const results = await compare(entries, {
        threads: nCores, params, repeats,
        ...(isTiny ? { spare: 0, warmUp: 0 } : { spare: repeats }),
      })
      settings.push({
        numLeaves,
        results: results.map((result, i) => ({ role: entries[i].role, ...result })),
        budget: hasExtras ? await measureBudget(dir, params, nCores) : null,
      })
    }
  } finally {
    await Promise.all(entries.map((entry) => entry.process.close()))
  }
  return settings
}

/** Who takes part, in the order of their turns. `role` is what the ratios are taken by. */
function contestantsOf({ nCores, hasExtras, hasWide, hasDask }, data, dir) {
  const workers = { workers: nCores, threadsPerWorker: 1 }
  const named = `${nCores} ${nCores === 1 ? 'worker' : 'workers'} x 1 thread`
  const ours = (role, name, place) => ({
    role, name, isOurs: true, start: () => startCoppiceOnFiles(name, place),
  })
  const bounds = partitionBounds(data.train.nRows)
  const found = [
    ours('threads', `Coppice, ${nCores} threads`, null),
    ours('cluster', `Coppice, ${named}`, { ...workers, journalDir: null }),
  ]
  if (hasWide) {
    found.push(ours('wide', `Coppice, 1 worker x ${nCores} threads`,
      { workers: 1, threadsPerWorker: nCores, journalDir: null }))
  }
  if (hasExtras) {
    // one after the other, as they are compared
    found.push(ours('bare', `Coppice, ${named}, no audits`,
      { ...workers, journalDir: null, vigilance: { auditEvery: 0 } }))
    found.push(ours('journal', `Coppice, ${named}, journal`,
      { ...workers, journalDir: path.join(dir, 'journal') }))
  }
  if (hasDask) {
    const name = `LightGBM on Dask, ${named}`
    found.push({
      role: 'dask', name, isOurs: false, start: () => startDask(name, { workers: nCores, bounds }),
    })
  }
  return found
}

function count(n) {
  return n.toLocaleString('en-US')
}
