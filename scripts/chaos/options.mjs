import { parseArgs } from 'node:util'

const help = (kinds) => `npm run chaos -- [options]

Trains again and again on a coordinator and workers that are real processes, while faults drawn
from a seed are inflicted on them. Each model must have the SHA-256 of a training on one thread.
Ends with a table of Markdown: what was measured, and what the fault matrix of the design wants.

  --minutes N     go on for so long (default: until --runs are done)
  --runs N        how many runs (default 10 without --minutes)
  --seed S        seed of the first run; the next has S + 1 (default 1)
  --workers W     1 to 5 (default: drawn)
  --rows R        most rows of a problem, at least 2000 (default 30000)
  --single KIND   one fault of this kind per run, and its stall; "all": each kind in turn
                  kinds: ${wrap(kinds)}
  --hashes        the same training on 1 and 2 threads, on 1, 2, 3 and 5 workers, with a worker
                  killed every few seconds and with the coordinator killed twice: a table of
                  their hashes; of --rows (default 100000) and --iterations (default 300)
  --keep          keep the logs of all runs, not only of those that failed
  --logs FOLDER   where (default: a temporary folder)
  --no-build      use what is built

A seed gives the same problem and the same plan of faults. When exactly they meet the training is
up to the machine: a failure may need several runs to appear again.`

/** @returns {object | string} the options, or the text to print instead */
export function parseOptions(args, kinds) {
  const { values } = parseArgs({ args, options: {
    minutes: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' },
    workers: { type: 'string' }, rows: { type: 'string' }, single: { type: 'string' },
    hashes: { type: 'boolean', default: false }, iterations: { type: 'string' },
    keep: { type: 'boolean', default: false }, logs: { type: 'string' },
    'no-build': { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  } })
  if (values.help) return help(kinds)
  if (values.hashes) return hashOptions(values)
  if (values.iterations !== undefined) throw new Error('--iterations goes with --hashes')
  const { single } = values
  if (single !== undefined && single !== 'all' && !kinds.includes(single)) {
    throw new Error(`--single must be all or one of ${kinds.join(', ')}, got "${single}"`)
  }
  const minutes = number('--minutes', values.minutes, null, 0.1, 100_000)
  const fallback = single === 'all' ? kinds.length : single === undefined ? 10 : 5
  const runs = values.runs === undefined && minutes !== null ? Infinity
    : integer('--runs', values.runs, fallback, 1, 1_000_000)
  return {
    hashes: false, minutes, runs,
    seed: integer('--seed', values.seed, 1, 0, 2 ** 31 - 1),
    nWorkers: values.workers === undefined ? null : integer('--workers', values.workers, 0, 1, 5),
    nRowsMax: integer('--rows', values.rows, 30_000, 2000, 1_000_000),
    single: single ?? null,
    keepsLogs: values.keep,
    logs: values.logs ?? null,
    builds: !values['no-build'],
  }
}

function hashOptions(values) {
  const others = ['minutes', 'runs', 'workers', 'single']
    .filter((name) => values[name] !== undefined)
  if (others.length > 0) throw new Error(`--${others[0]} does not go with --hashes`)
  return {
    hashes: true,
    seed: integer('--seed', values.seed, 1, 0, 2 ** 31 - 1),
    nRows: integer('--rows', values.rows, 100_000, 2000, 10_000_000),
    nIterations: integer('--iterations', values.iterations, 300, 6, 100_000),
    keepsLogs: values.keep,
    logs: values.logs ?? null,
  }
}

function integer(name, text, fallback, min, max) {
  const value = number(name, text, fallback, min, max)
  if (!Number.isInteger(value)) {
    throw new Error(`${name} must be an integer of ${min} to ${max}, got "${text}"`)
  }
  return value
}

function number(name, text, fallback, min, max) {
  if (text === undefined) return fallback
  const value = Number(text)
  if (text.trim() !== '' && value >= min && value <= max) return value
  throw new Error(`${name} must be a number of ${min} to ${max}, got "${text}"`)
}

function wrap(kinds) {
  const lines = ['']
  for (const kind of kinds) {
    if (lines.at(-1).length + kind.length > 70) lines.push('')
    lines.push(`${lines.pop()}${kind} `)
  }
  return lines.map((line) => line.trim()).join(`\n${' '.repeat(25)}`)
}
