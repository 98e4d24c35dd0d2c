import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { mustRun, run } from './support/process.js'
import { root } from './support/repository.js'

const cases = ['numeric', 'flights', 'flights-shuffled', 'wide', 'accuracy', 'layouts']
/** All others need data sets that a script prepares, and are skipped where it did not run. */
const always = ['numeric', 'wide', 'accuracy', 'layouts']

interface Figures {
  readonly results: Readonly<Record<string, unknown>>
}

/** Every SHA-256 in a value, in order, at whatever depth. */
function hashesIn(value: unknown): string[] {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(hashesIn)
}

describe('npm run bench', function () {
  // Two runs of some seconds each; the limit is for machines that are busy.
  this.timeout(120_000)

  const script = path.join(root, 'scripts/bench.mjs')
  let folder = ''

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-bench-test-'))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  async function tiny(name: string, names: string[]): Promise<{ output: string } & Figures> {
    const json = path.join(folder, name)
    const output = await mustRun(process.execPath,
      [script, ...names, '--tiny', '--no-build', '--json', json], root)
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

    // Layouts check themselves: all candidates have to arrive at the same histograms.
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

  it('names the cases there are when it is asked for another', async () => {
    const { code, stderr } = await run(process.execPath, [script, 'numbers', '--tiny'], root)
    assert.equal(code, 1)
    assert.match(stderr, /no case "numbers".*numeric, flights/)
  })
})
