/** The command line of the benchmarks. */
import { parseArgs } from 'node:util'

const help = `npm run bench -- [case ...] [options]

Cases (default: all but tall and cluster-kill):
  numeric           1,000,000 x 28 numeric features
  flights           2,497,772 flights, sorted by date, with categories
  flights-shuffled  the same in a random order
  wide              200,000 x 500 numeric features, 31 leaves
  sparse            500,000 rows of 40 one-hot categories, 2000 columns, 31 leaves
  classes           100 classes, 100,000 x 20, 31 leaves
  regression        500,000 x 28, log-normal labels
  tall              10,000,000 x 28
  small             20,000 x 20: a Parquet file to a model file, whole processes
  process           flights: Parquet files to a model file, whole processes
  read              Parquet and CSV files to columns, beside DuckDB
  binning           rows in memory to bins: numeric, wide, flights and sparse
  predict           500,000 rows at once, and one by one
  accuracy          held-out quality on hard data, several seeds
  kernels           each kernel beside the limits of the machine
  layouts           layouts of row records and histograms, kernels only
  cluster           1,000,000 x 28: threads, local clusters, LightGBM on Dask
  cluster-flights   the same of flights, sorted and shuffled
  cluster-kill      how long a training stands still when a process is killed

Options:
  --rows N          training rows instead of those above (of flights the first N)
  --iterations N    boosting iterations of a run (default 100; accuracy: 100 or 500; clusters: 50;
                    sparse, classes, tall: 20)
  --repeats R       timed runs of each contestant; seeds of the data of accuracy (default 3); kills
                    of each kind (default 10)
  --threads 1,2     thread counts; of clusters the largest is the number of workers
  --contestants A,B libraries beside ours: lightgbm, quantized, xgboost, sklearn, catboost, and dask
                    (default: what is installed; accuracy: lightgbm, quantized)
  --leaves 31,255   numbers of leaves
  --json FILE       write all figures
  --markdown FILE   write what is printed
  --ours            leave the other libraries out
  --tiny            some seconds per case, to see that everything works; ours only, unless
                    --contestants names others
  --no-build        use what is built`

/**
 * @param {string[]} args
 * @param {string[]} known - names of the cases
 * @param {string[]} byDefault - those that run where none is named
 * @returns {object | string} the options, or the text to show for --help
 * @throws {Error} that says what is wrong and what is legal
 */
export function parseOptions(args, known, byDefault) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rows: { type: 'string' },
      iterations: { type: 'string' },
      repeats: { type: 'string' },
      threads: { type: 'string' },
      leaves: { type: 'string' },
      contestants: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      ours: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return help
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new Error(`no case "${unknown.join('", "')}"; there are: ${known.join(', ')}`)
  }
  for (const name of ['json', 'markdown']) {
    if (values[name] === '') throw new Error(`--${name} needs the name of a file`)
  }
  const cases = positionals.length > 0 ? positionals : byDefault
  requireEffect(values, cases)
  const isTiny = values.tiny
  const iterations = values.iterations === undefined
    ? null : positive('--iterations', values.iterations)
  return {
    cases,
    isTiny,
    isOursOnly: values.ours || (isTiny && values.contestants === undefined),
    /** null means all that are installed, or those that the case has by itself. */
    contestants: values.contestants === undefined ? null : peersIn(values.contestants),
    builds: !values['no-build'],
    /** null means as many as the case has by itself. */
    rows: values.rows === undefined ? null : positive('--rows', values.rows),
    /** null where a case has its own default. */
    givenIterations: iterations,
    givenRepeats: values.repeats === undefined ? null : positive('--repeats', values.repeats),
    iterations: iterations ?? (isTiny ? 5 : 100),
    repeats: positive('--repeats', values.repeats ?? (isTiny ? '1' : '3')),
    threads: list('--threads', values.threads ?? '1,2'),
    leaves: list('--leaves', values.leaves ?? (isTiny ? '31' : '31,255')),
    givenLeaves: values.leaves === undefined ? null : list('--leaves', values.leaves),
    json: values.json ?? null,
    markdown: values.markdown ?? null,
  }
}

/** What a case does not look at. */
const kernelsAlone = ['iterations', 'threads', 'leaves', 'contestants', 'ours']
const unread = {
  kernels: kernelsAlone,
  layouts: kernelsAlone,
  read: ['iterations', 'leaves', 'contestants'],
  binning: ['iterations', 'leaves', 'contestants'],
  accuracy: ['leaves'],
  'cluster-kill': ['contestants', 'ours'],
}

/** @throws {Error} for an option that none of the cases looks at */
function requireEffect(values, cases) {
  const isVain = (name) => cases.every((each) => unread[each]?.includes(name))
  const vain = Object.keys(values)
    .find((name) => values[name] !== false && isVain(name))
  if (vain === undefined) return
  throw new Error(`--${vain} does nothing in ${cases.join(', ')}; leave it out`)
}

/** Ours always takes part, and may be named. */
const peers = ['lightgbm', 'quantized', 'xgboost', 'sklearn', 'catboost', 'dask']

function peersIn(text) {
  const names = text.split(',').filter((name) => name !== 'coppice')
  const unknown = names.filter((name) => !peers.includes(name))
  if (unknown.length === 0) return names
  throw new Error(`no contestant "${unknown.join('", "')}"; there are: ${peers.join(', ')}`)
}

function positive(name, text) {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`${name} must be an integer of at least 1, got "${text}"`)
}

function list(name, text) {
  return text.split(',').map((part) => positive(name, part))
}
