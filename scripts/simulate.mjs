/**
 * `npm run simulate -- --seeds N`: the coordinator's and workers' state machines on a virtual
 * clock and a faulty network, one world per seed (packages/cluster/test/simulation). A seed that
 * fails is printed with the command that replays it.
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { inRoot } from './lib/paths.mjs'
import { setup } from './setup.mjs'

const help = `npm run simulate -- [options]

  --seeds N        how many seeds (default 1000)
  --from N         the first of them (default 1)
  --processes N    default: all cores
  --mutation NAME  plant a bug: counts-by-worker, other-round, no-replay, stale-scale, stale-bound;
                   the campaign then passes if some seed fails
  --trace          tell all that happens; for one seed
  --no-build       use what is built`

const world = () => import(inRoot('packages/cluster/dist/test/simulation/world.js'))

/** A child process: runs its share of the seeds and reports failures. */
async function work({ from, to, step, mutation }) {
  const { simulate } = await world()
  const faults = {}
  let adopted = 0
  let codec = 0
  let n = 0
  for (let seed = from; seed < to; seed += step) {
    const outcome = await simulate(seed, mutation)
    n++
    adopted += outcome.adopted
    codec += Number(outcome.usesCodec)
    for (const [kind, count] of Object.entries(outcome.faults)) {
      faults[kind] = (faults[kind] ?? 0) + count
    }
    if (outcome.failure !== null) process.send({ failed: seed, failure: outcome.failure })
    if (n % 500 === 0) process.send({ progress: 500 })
  }
  process.send({ done: true, n, adopted, codec, faults }, () => process.disconnect())
}

function positive(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`${name} must be an integer of at least 1, got "${text}"`)
}

async function campaign(values) {
  const nSeeds = positive('--seeds', values.seeds, 1000)
  const from = positive('--from', values.from, 1)
  const wanted = positive('--processes', values.processes, availableParallelism())
  const nProcesses = Math.min(nSeeds, wanted)
  const mutation = values.mutation ?? null
  const start = performance.now()
  const totals = { n: 0, adopted: 0, codec: 0, faults: {} }
  let nFailed = 0
  let nDone = 0
  await Promise.all(Array.from({ length: nProcesses }, (_, i) => new Promise((resolve, reject) => {
    const child = fork(new URL(import.meta.url).pathname, ['--worker', JSON.stringify(
      { from: from + i, to: from + nSeeds, step: nProcesses, mutation })])
    child.on('message', (message) => {
      if (message.failed !== undefined) {
        nFailed++
        if (nFailed > 20) return
        const planted = mutation === null ? '' : ` --mutation ${mutation}`
        console.log(`seed ${message.failed}: ${message.failure.split('\n')[0]}\n` +
          `  npm run simulate -- --seeds 1 --from ${message.failed}${planted} --trace`)
      } else if (message.progress !== undefined) {
        nDone += message.progress
        if (nDone % 50_000 < message.progress) console.error(`${nDone} of ${nSeeds}`)
      } else {
        totals.n += message.n
        totals.adopted += message.adopted
        totals.codec += message.codec
        for (const [kind, count] of Object.entries(message.faults)) {
          totals.faults[kind] = (totals.faults[kind] ?? 0) + count
        }
      }
    })
    child.on('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`a child ended with ${code}`))
    })
  })))
  const elapsed = (performance.now() - start) / 1000
  const list = Object.entries(totals.faults).sort().map(([kind, count]) => `${kind} ${count}`)
  console.log(`${totals.n} seeds, ${nFailed} failed, ${elapsed.toFixed(1)} s, ` +
    `${Math.round(totals.n / elapsed)} seeds/s on ${nProcesses} processes; ` +
    `${totals.adopted} times partitions were adopted; ${totals.codec} seeds with messages as bytes`)
  console.log(`faults: ${list.join(', ')}`)
  return { nFailed, mutation }
}

async function main() {
  if (process.argv[2] === '--worker') return work(JSON.parse(process.argv[3]))
  const { values } = parseArgs({ options: {
    seeds: { type: 'string' }, from: { type: 'string' }, processes: { type: 'string' },
    mutation: { type: 'string' }, trace: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  } })
  if (values.help) return console.log(help)
  if (!values['no-build']) await setup({ log: (line) => console.error(line) })
  if (values.trace) {
    const { simulate } = await world()
    const from = positive('--from', values.from, 1)
    const outcome = await simulate(from, values.mutation ?? null, (line) => console.log(line))
    console.log(outcome)
    process.exitCode = outcome.failure === null ? 0 : 1
    return
  }
  const { nFailed, mutation } = await campaign(values)
  const passes = mutation === null ? nFailed === 0 : nFailed > 0
  process.exitCode = passes ? 0 : 1
}

try {
  await main()
} catch (error) {
  console.error(`simulate: ${error.message}`)
  process.exitCode = 1
}
