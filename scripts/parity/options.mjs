/** The command line of the parity report. */
import { parseArgs } from 'node:util'

const help = `npm run parity -- [features | part of a case's name ...] [options]

Without names: all cases beside LightGBM, some on local clusters and beside LightGBM on Dask;
writes scripts/parity/REPORT.md and FEATURES.md. With names: prints the cases that have them.
'features' only writes FEATURES.md, the table of features and refusals.

Options:
  --seeds N       data sets of each case (default 5)
  --rows N        rows to train on, and as many held out (default 8000)
  --iterations N  boosting iterations (default: the case's, 100)
  --threads N     threads of each training (default 1)
  --no-cluster    leave the clusters out
  --ours          leave LightGBM out; prints only
  --tiny          ours on few rows, to see that everything works; prints only
  --json FILE     write all figures
  --resume FILE   keep what is done in FILE; go on from it, if it is of these options and this
                  build, and it is there: a report may be made in several runs
  --no-build      use what is built`

/**
 * @param {string[]} args
 * @returns {object | string} the options, or the text to show for --help
 * @throws {Error} that says what is wrong and what is legal
 */
export function parseOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seeds: { type: 'string' },
      rows: { type: 'string' },
      iterations: { type: 'string' },
      threads: { type: 'string' },
      json: { type: 'string' },
      resume: { type: 'string' },
      ours: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      'no-cluster': { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return help
  const { tiny: isTiny } = values
  const onlyFeatures = positionals.includes('features')
  if (onlyFeatures && positionals.length > 1) {
    throw new Error('features goes alone; without it, give parts of names of cases')
  }
  return {
    onlyFeatures,
    names: onlyFeatures ? [] : positionals,
    seeds: positive('--seeds', values.seeds ?? (isTiny ? '1' : '5')),
    rows: positive('--rows', values.rows ?? (isTiny ? '200' : '8000')),
    /** null: those of the case. */
    iterations: values.iterations === undefined && !isTiny ? null
      : positive('--iterations', values.iterations ?? '2'),
    threads: positive('--threads', values.threads ?? '1'),
    hasPeers: !values.ours && !isTiny,
    hasCluster: !values['no-cluster'] && !isTiny,
    /** Whether what comes out is the report. */
    isWhole: positionals.length === 0 && !values.ours && !isTiny && !values['no-cluster'],
    json: values.json ?? null,
    resume: values.resume ?? null,
    builds: !values['no-build'],
  }
}

function positive(name, text) {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`${name} must be an integer of at least 1, got "${text}"`)
}
