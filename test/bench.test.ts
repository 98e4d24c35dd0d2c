import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { mustRun, run } from './support/process.js'
import { root } from './support/repository.js'

/** The cases of a default run, but those that have tests of their own below. */
const cases = ['numeric', 'flights', 'flights-shuffled', 'wide', 'sparse', 'regression', 'small',
  'predict', 'binning', 'accuracy', 'kernels', 'layouts', 'cluster', 'cluster-flights']
/** These need data sets that a script prepares, and are skipped where it did not run. */
const prepared = ['flights', 'flights-shuffled', 'cluster-flights']

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

interface TimingFigures {
  readonly absences: readonly string[]
  readonly settings: readonly { readonly results: readonly {
    readonly name: string
    readonly iterationMs: readonly (readonly number[])[]
    readonly quality: { readonly accuracy: number }
  }[] }[]
}

interface Usage {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMib: number
  readonly phases: Readonly<Record<string, number>>
}

interface ReadFigures {
  readonly absences: readonly string[]
  readonly settings: readonly { readonly name: string, readonly nBytes: number
    readonly results: readonly { readonly rows: number, readonly wallMs: number }[] }[]
}

interface ProcessFigures {
  readonly absences: readonly string[]
  readonly settings: readonly { readonly results: readonly {
    readonly name: string
    readonly train: readonly [Usage, ...Usage[]]
    readonly predict: readonly Usage[]
    readonly quality: { readonly auc?: number }
    readonly sha256?: string
  }[] }[]
}

type KernelFigures = readonly { readonly package?: string, readonly measured: readonly {
  readonly name: string
  readonly kernels: readonly string[]
  readonly ns: readonly number[]
  readonly limitNs: readonly number[]
  readonly sha256: string
}[] }[]

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

/** What was read is all rows; what was not is named. */
function checkReading({ settings, absences }: ReadFigures, output: string): void {
  assert.equal(settings.length + absences.filter((text) => !text.startsWith('DuckDB')).length, 5)
  for (const { name, nBytes, results } of settings) {
    for (const { rows, wallMs } of results) {
      assert.equal(rows, name.includes('flights') ? 5_000 : 2_000, name)
      assert.ok(wallMs > 0 && nBytes > 0)
    }
    assert.ok(output.includes(`| ${name} |`))
  }
  for (const absence of absences) assert.ok(output.includes(absence))
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
    const first = await tiny('first.json', cases)
    assert.deepEqual(Object.keys(first.results), cases)
    assert.match(first.output, /^\d{4}-\d\d-\d\d, .+ cores, .+ node /m)
    assert.match(first.output, /^\| leaves \| threads \| contestant \| ms\/iteration \|/m)
    for (const name of cases) {
      const hashes = hashesIn(first.results[name])
      const isSkipped = first.results[name] === null
      assert.match(first.output, new RegExp(`^### ${name}`, 'm'))
      assert.equal(hashes.length > 0, !isSkipped, name)
      assert.ok(!isSkipped || prepared.includes(name), name)
      for (const hash of hashes) assert.ok(first.output.includes(hash.slice(0, 8)), name)
    }

    checkClusters(first.results.cluster as ClusterFigures)
    checkProcesses(first.results.small as ProcessFigures)
    await checkKernels(first.results.kernels as KernelFigures)

    // Layouts check themselves: all candidates have to arrive at the same histograms. Clusters and
    // whole processes do too: they fail where models differ.
    const again = ['numeric', 'wide', 'kernels']
    const second = await tiny('second.json', again)
    for (const name of again) {
      assert.deepEqual(hashesIn(second.results[name]), hashesIn(first.results[name]), name)
    }
  })

  it('trains one model with any number of threads', async () => {
    const { output, results } = await tiny('threads.json', ['tall', 'read', '--threads', '1,2,3'])
    const hashes = hashesIn(results.tall)
    assert.equal(hashes.length, 3)
    assert.equal(new Set(hashes).size, 1)
    assert.match(output, /^Same bytes: one model for 1, 2, 3 threads\.$/m)
    checkReading(results.read as ReadFigures, output)
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

  it('trains classes, beside every other library that is there', async () => {
    const { output, results } = await tiny('peers.json',
      ['classes', '--contestants', 'xgboost,sklearn,catboost', '--threads', '1'])
    const { settings, absences } = results.classes as TimingFigures
    // what is not installed is named
    assert.equal(settings[0]!.results.length + absences.length, 4)
    for (const absence of absences) assert.ok(output.includes(absence))
    for (const { name, iterationMs, quality } of settings[0]!.results) {
      assert.equal(iterationMs[0]!.length, 5, name)
      // five classes: by chance it is 0.2
      assert.ok(quality.accuracy > 0.6, name)
    }
  })

  it('runs programs on files, beside that of a user of LightGBM', async function () {
    const { results } = await tiny('process.json',
      ['process', '--contestants', 'lightgbm', '--threads', '1'])
    if (results.process === null) {
      this.test!.title += ' (skipped: no flights, run node scripts/prepare-flights.mjs)'
      this.skip()
    }
    const { settings, absences } = results.process as ProcessFigures
    checkProcesses(results.process as ProcessFigures)
    const [, ours, theirs] = settings[0]!.results
    if (absences.length > 0) return
    assert.equal(theirs!.name, 'LightGBM')
    // the same rows, parameters and metric: quality does not differ much
    assert.ok(Math.abs(theirs!.quality.auc! - ours!.quality.auc!) < 0.05)
  })

  it('names the contestants there are when it is asked for another', async () => {
    const { code, stderr } = await run(
      process.execPath, [command, 'numeric', '--contestants', 'h2o'], root)
    assert.equal(code, 1)
    assert.match(stderr, /no contestant "h2o"; there are: lightgbm, .*catboost/)
  })

  it('names the cases there are when it is asked for another', async () => {
    const { code, stderr } = await run(process.execPath, [command, 'numbers', '--tiny'], root)
    assert.equal(code, 1)
    assert.match(stderr, /no case "numbers".*numeric, flights/)
  })

  it('refuses options that no case looks at, and files that cannot be written', async () => {
    for (const [words, said] of [
      [['kernels', 'layouts', '--leaves', '31'], /--leaves does nothing in kernels, layouts;/],
      [['kernels', '--markdown', ''], /--markdown needs the name of a file/],
      [['read', '--contestants', 'lightgbm'], /--contestants does nothing in read;/],
      [['kernels', '--tiny', '--json', path.join(folder, 'none/x.json')], /ENOENT.*none/],
    ] as const) {
      const { code, stdout, stderr } =
        await run(process.execPath, [command, ...words, '--no-build'], root)
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, said)
    }
  })
})

/** Wall and CPU time and memory of every process; the command and the library agree. */
function checkProcesses({ settings }: ProcessFigures): void {
  const { results } = settings[0]!
  assert.deepEqual(results.slice(0, 2).map(({ name }) => name), ['Coppice', 'Coppice, the command'])
  assert.equal(results[0]!.sha256, results[1]!.sha256)
  for (const { name, train, predict } of results) {
    for (const { wallMs, cpuMs, peakMib } of [...train, ...predict]) {
      assert.ok(wallMs > 0 && cpuMs > 0, name)
      // a Node or a Python with libraries, and not what started it
      assert.ok(peakMib > 20 && peakMib < 2_000, `${name}: ${peakMib} MiB`)
    }
  }
  const { train: [{ wallMs, phases }] } = results[0]!
  const sum = Object.values(phases).reduce((total, ms) => total + ms, 0)
  assert.ok(sum > 0 && sum < wallMs, `phases of ${sum} ms in ${wallMs} ms`)
}

/** Every kernel has a limit, and writes something of its own. */
async function checkKernels(groups: KernelFigures): Promise<void> {
  const { measured } = groups[0]!
  for (const { name, ns, limitNs } of groups.flatMap((group) => group.measured)) {
    assert.ok(ns[0]! > 0 && limitNs[0]! > 0, name)
  }
  assert.equal(new Set(measured.map(({ sha256 }) => sha256)).size, measured.length)
  // the best split of random rows depends on every sum before it
  assert.equal(measured.at(-1)!.name, 'scan')

  // of each package all kernels, and nothing that is none
  const { kernelPackages, kernelsOf } = await import(
    pathToFileURL(path.join(root, 'scripts/bench/kernels/bench-memory.mjs')).href) as {
    kernelPackages: readonly string[]
    kernelsOf: (name: string) => Promise<WebAssembly.Module>
  }
  for (const name of kernelPackages) {
    const own = groups.filter((group) => (group.package ?? 'engine') === name)
    const measuredNames = own.flatMap((group) => group.measured.flatMap(({ kernels }) => kernels))
    const exported = WebAssembly.Module.exports(await kernelsOf(name)).map((of) => of.name)
    // written at run time, for the shape of the rows
    const all = name === 'engine' ? [...exported, 'histogram'] : exported
    assert.deepEqual([...new Set(measuredNames)].sort(), all.sort(), name)
  }
}

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

describe('the data and metrics of the benchmarks', () => {
  it('one-hot rows have a one in every group, and are dense again as they were', async () => {
    const { makeOneHot } = await script<{
      makeOneHot: (recipe: object) => { train: SparsePart, nFeatures: number }
    }>('made-kinds.mjs')
    const { denseRows } = await script<{
      denseRows: (part: SparsePart, nFeatures: number, first: number, end: number) => Float32Array
    }>('data-files.mjs')
    const { train, nFeatures } = makeOneHot(
      { nTrain: 40, nTest: 1, nGroups: 3, nLevels: 4, seed: 1 })
    assert.equal(nFeatures, 12)
    const dense = denseRows(train, nFeatures, 10, 40)
    for (let row = 10; row < 40; row++) {
      const columns = [...train.ones.indices.subarray(
        train.ones.starts[row], train.ones.starts[row + 1])]
      assert.deepEqual(columns.map((column) => Math.floor(column / 4)), [0, 1, 2])
      const ones = [...dense.subarray((row - 10) * 12, (row - 9) * 12).entries()]
        .filter(([, value]) => value === 1).map(([column]) => column)
      assert.deepEqual(ones, columns)
    }
  })

  it('metrics of classes are those of probabilities written down', async () => {
    type Metric = (predicted: Float64Array, rows: { y: Float64Array }) => number
    const { multiLogLoss, accuracy } = await script<Record<string, Metric>>('metrics.mjs')
    const predicted = Float64Array.of(0.5, 0.25, 0.25, 0.25, 0.25, 0.5)
    const y = Float64Array.of(0, 1)
    assert.equal(multiLogLoss!(predicted, { y }), -(Math.log(0.5) + Math.log(0.25)) / 2)
    assert.equal(accuracy!(predicted, { y }), 0.5)
  })
})

interface SparsePart {
  readonly ones: { readonly indices: Int32Array, readonly starts: Int32Array }
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
