import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { mustRun, run } from './support/process.js'
import { root } from './support/repository.js'

/** Those that run where none is named. */
const cases = ['numeric', 'flights', 'flights-shuffled', 'wide', 'accuracy', 'layouts', 'cluster',
  'cluster-flights']
/** All others need data sets that a script prepares, and are skipped where it did not run. */
const always = ['numeric', 'wide', 'accuracy', 'layouts', 'cluster']

interface Figures {
  readonly results: Readonly<Record<string, unknown>>
}

/** What a case of clusters writes, as far as it is looked at here. */
interface ClusterFigures {
  readonly orders: readonly { readonly settings: readonly {
    readonly results: readonly {
      readonly name: string
      readonly cpuMs: readonly number[]
      readonly sha256: string
      readonly details: readonly { readonly fitMs: number, readonly traffic?: Traffic }[]
    }[]
    readonly budget: { readonly partMs: Readonly<Record<string, number>> }
  }[] }[]
}

interface Traffic {
  readonly requests: number
  readonly bytesIn: number
  readonly nAudits: number
}

interface Stalls {
  readonly calm: { readonly sha256: string }
  readonly kills: readonly { readonly victim: string, readonly runs: readonly {
    readonly sha256: string, readonly stallMs: number, readonly killedAfter: number
  }[] }[]
}

/** Every SHA-256 in a value, in order, at whatever depth. */
function hashesIn(value: unknown): string[] {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(hashesIn)
}

describe('npm run bench', function () {
  // Runs of some seconds each; the limit is for machines that are busy.
  this.timeout(240_000)

  const command = path.join(root, 'scripts/bench.mjs')
  let folder = ''

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-bench-test-'))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  async function tiny(name: string, names: string[]): Promise<{ output: string } & Figures> {
    const json = path.join(folder, name)
    const output = await mustRun(process.execPath,
      [command, ...names, '--tiny', '--no-build', '--json', json], root)
    const { results } = JSON.parse(await readFile(json, 'utf8')) as Figures
    return { output, results }
  }

  it('prints its tables and trains the same models in every run', async () => {
    const first = await tiny('first.json', [])
    assert.deepEqual(Object.keys(first.results), cases)
    assert.match(first.output, /^\d{4}-\d\d-\d\d, .+ cores, .+ node /m)
    assert.match(first.output, /^\| leaves \| threads \| contestant \| ms\/iteration \|/m)
    for (const name of cases) {
      const hashes = hashesIn(first.results[name])
      const isSkipped = first.results[name] === null
      assert.match(first.output, new RegExp(`^### ${name}`, 'm'))
      assert.equal(hashes.length > 0, !isSkipped, name)
      assert.ok(!isSkipped || !always.includes(name), name)
      for (const hash of hashes) assert.ok(first.output.includes(hash.slice(0, 8)), name)
    }

    checkClusters(first.results.cluster as ClusterFigures)

    // Layouts check themselves: all candidates have to arrive at the same histograms. Clusters do
    // too: they fail where a model is not that of threads.
    const again = ['numeric', 'wide', 'accuracy']
    const second = await tiny('second.json', again)
    for (const name of again) {
      assert.deepEqual(hashesIn(second.results[name]), hashesIn(first.results[name]), name)
    }
  })

  it('trains one model with any number of threads', async () => {
    const { output, results } = await tiny('threads.json', ['numeric', '--threads', '1,2,3'])
    const hashes = hashesIn(results.numeric)
    assert.equal(hashes.length, 3)
    assert.equal(new Set(hashes).size, 1)
    assert.match(output, /^Same bytes: one model for 1, 2, 3 threads\.$/m)
  })

  it('measures how long a training stands still when a process is killed', async () => {
    const { output, results } = await tiny('kill.json', ['cluster-kill'])
    const { calm, kills } = results['cluster-kill'] as Stalls
    assert.deepEqual(kills.map(({ victim }) => victim), ['a worker', 'the coordinator'])
    for (const { runs } of kills) {
      assert.equal(runs.length, 1)
      for (const { sha256, stallMs, killedAfter } of runs) {
        assert.equal(sha256, calm.sha256)
        assert.ok(stallMs > 0 && killedAfter > 0)
      }
    }
    assert.match(output, /^\| killed \| journal \| kills \| stall ms, p50 \|/m)
  })

  it('names the cases there are when it is asked for another', async () => {
    const { code, stderr } = await run(process.execPath, [command, 'numbers', '--tiny'], root)
    assert.equal(code, 1)
    assert.match(stderr, /no case "numbers".*numeric, flights/)
  })
})

/** Threads and clusters, and where an iteration goes. */
function checkClusters({ orders }: ClusterFigures): void {
  const { results, budget } = orders[0]!.settings[0]!
  assert.deepEqual(results.map(({ name }) => name), ['Coppice, 2 threads',
    'Coppice, 2 workers x 1 thread', 'Coppice, 2 workers x 1 thread, no audits',
    'Coppice, 2 workers x 1 thread, journal'])
  assert.equal(new Set(results.map(({ sha256 }) => sha256)).size, 1)
  for (const { details, cpuMs } of results) {
    assert.ok(details[0]!.fitMs > 0)
    // of all processes of the contestant, where the system tells
    if (process.platform === 'linux') assert.ok(cpuMs[0]! > 0)
  }
  assert.equal(results[2]!.details[0]!.traffic!.nAudits, 0)
  for (const { details } of results.slice(1)) {
    const { requests, bytesIn } = details[0]!.traffic!
    // gradients, root, rounds, commit
    assert.ok(requests >= 4)
    assert.ok(bytesIn > 0)
  }
  for (const [part, ms] of Object.entries(budget.partMs)) assert.ok(ms > 0, part)
}

/** The parts of a script that are worth a test of their own. */
async function script<Exports>(file: string): Promise<Exports> {
  return await import(pathToFileURL(path.join(root, 'scripts/bench', file)).href) as Exports
}

describe('the cases of clusters', () => {
  it('fail where a cluster gives another model than threads', async () => {
    const { bytesText } = await script<{
      bytesText: (orders: readonly unknown[]) => { text: string, failure: string | null }
    }>('cluster-report.mjs')
    const order = (...hashes: (string | undefined)[]): unknown => ({ order: 'sorted', settings: [
      { numLeaves: 31, results: hashes.map((sha256, i) => ({ name: `contestant ${i}`, sha256 })) },
    ] })
    assert.equal(bytesText([order('a', 'a', undefined), order('b', 'b')]).failure, null)
    assert.match(bytesText([order('a', 'a'), order('b', 'c')]).failure!,
      /sorted, 31 leaves: contestant 0 b, contestant 1 c/)
  })

  it('take for a stall the longest gap after the kill, less the median gap', async () => {
    const { stallOf } = await script<{
      stallOf: (times: number[], victim: { killedAt: number | null } | null) => unknown
    }>('cluster-kill-case.mjs')
    const times = [0, 500, 600, 700, 1400, 1500, 1600]
    assert.deepEqual(stallOf(times, { killedAt: 720 }),
      { medianMs: 100, stallMs: 600, killedAfter: 4 })
    assert.deepEqual(stallOf(times, { killedAt: 1700 }),
      { medianMs: 100, stallMs: null, killedAfter: 7 })
    assert.deepEqual(stallOf(times, { killedAt: null }),
      { medianMs: 100, stallMs: null, killedAfter: 7 })
  })

  it('count the CPU time of a process and of those below it', async function () {
    if (process.platform !== 'linux') this.skip() // no other system has /proc
    const { treeCpuMs } = await script<{ treeCpuMs: (pid: number) => number }>(
      'process-times.mjs')
    const before = treeCpuMs(process.pid)
    // 200 ms of CPU time, two processes below this one
    const burn = 'const { cpuUsage } = process; while (cpuUsage().user < 200_000);'
    const nested = `require("node:child_process").execFileSync(process.execPath, ["-e", ${
      JSON.stringify(burn)}])`
    await mustRun(process.execPath, ['-e', nested], root)
    assert.ok(treeCpuMs(process.pid) - before >= 200)
    assert.ok(Number.isNaN(treeCpuMs(2 ** 30)))
  })
})
