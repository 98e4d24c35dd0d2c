import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parameterTable } from '@coppice/engine'
import { run } from './support/process.js'
import { importScript, root } from './support/repository.js'

interface Feature {
  readonly feature: string
  readonly proofs: readonly { readonly file: string, readonly title: string }[]
  readonly refusals: readonly string[]
  readonly state: string
}

type Sections = readonly { readonly title: string, readonly rows: readonly Feature[] }[]

interface Refusal {
  readonly name: string
  readonly value: unknown
  readonly message: string
}

interface Features {
  readonly sections: Sections
  faultsOf(sections?: Sections, refusals?: ReadonlyMap<string, Refusal>): string[]
  featuresPage(): string
}

interface Figures {
  readonly groups: readonly { readonly results: readonly {
    readonly name: string
    readonly sha256: readonly string[]
    readonly rows: readonly { readonly metric: string, readonly ours: readonly number[] }[]
  }[] }[]
}

const features = async (): Promise<Features> =>
  await importScript('parity/features.mjs') as Features
const refusals = async (): Promise<ReadonlyMap<string, Refusal>> => {
  const script = await importScript('parity/refusals.mjs') as {
    remainingRefusals(): ReadonlyMap<string, Refusal>
  }
  return script.remainingRefusals()
}

describe('the table of features', () => {
  it('names tests that there are, and no refusal that is none', async () => {
    const { faultsOf, sections } = await features()
    assert.deepEqual(faultsOf(), [])
    const rows = sections.flatMap((section) => section.rows)
    assert.ok(rows.filter(({ proofs }) => proofs.length > 0).length > 80)
    assert.equal(new Set(rows.map(({ feature }) => feature)).size, rows.length)
  })

  it('is the page that is in the repository', async () => {
    const { featuresPage } = await features()
    const page = await readFile(path.join(root, 'scripts/parity/FEATURES.md'), 'utf8')
    assert.ok(page.replaceAll('\r\n', '\n') === featuresPage(),
      'scripts/parity/FEATURES.md is of another table: npm run parity -- features')
  })

  it('finds tests that are gone, refusals that are lifted or not named', async () => {
    const { faultsOf, sections } = await features()
    const known = await refusals()
    const [first] = sections[0]!.rows
    const faultsWith = (change: Partial<Feature>): string[] => faultsOf(
      [{ title: '', rows: [{ ...first!, refusals: [...known.keys()], ...change }] }], known)
    assert.deepEqual(faultsWith({}), [])
    const proof = first!.proofs[0]!
    assert.match(faultsWith({ proofs: [{ ...proof, title: 'is no test' }] })[0]!,
      /has no test "is no test"/)
    assert.match(faultsWith({ proofs: [{ ...proof, file: 'test/none.test.ts' }] })[0]!,
      /there is no file test\/none.test.ts/)
    assert.match(faultsWith({ proofs: [] })[0]!, /no test is named/)
    assert.match(faultsWith({ refusals: [...known.keys(), 'num_leaves'] })[0]!,
      /num_leaves is not refused any more/)
    assert.match(faultsWith({ refusals: [...known.keys()].slice(1) })[0]!,
      /no feature names the refusal of /)
  })

  it('finds titles as they are written and as they are printed', async () => {
    const { hasTest } = await importScript('parity/titles.mjs') as {
      hasTest(text: string, title: string): boolean
    }
    const text = [
      'describe("a block", () => {', '  it(\n    \'it\\\'s plain\', () => {})',
      '  it(`of ${name}: ${fine(a => { return a })}, last`, () => {})',
      'const names = { \'one\': 1, two: 2 }',
    ].join('\n')
    for (const title of ['a block', 'it\'s plain', 'of', 'of one: two, last']) {
      assert.ok(hasTest(text, title), title)
    }
    for (const title of ['block', 'its plain', 'of one: three, last', 'of one: two', '']) {
      assert.ok(!hasTest(text, title), title)
    }
  })
})

describe('every refusal that remains', () => {
  it('is that of each parameter and value that is not built', async () => {
    const keys = [...(await refusals()).keys()]
    const unbuilt = parameterTable.flatMap(({ name, status, names }) => status === 'unbuilt'
      ? [name] : (names?.unbuiltValues ?? []).map((value) => `${name}=${value}`))
    assert.deepEqual(keys, unbuilt)
  })

  it('names itself, its value and a way out', async () => {
    for (const [key, { name, value, message }] of await refusals()) {
      assert.ok(message.includes(name), `${key}: ${message}`)
      const shown = Array.isArray(value) ? String(value.at(-1)) : String(value)
      assert.ok(message.includes(shown), `${key}: ${message}`)
      assert.match(message, /leave it out|; built: /, key)
    }
  })
})

describe('npm run parity', function () {
  this.timeout(60_000)
  let folder = ''

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-parity-test-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const parity = (...args: string[]) =>
    run(process.execPath, [path.join(root, 'scripts/parity.mjs'), '--no-build', ...args], root)

  it('trains every case and prints its metrics', async () => {
    const json = path.join(folder, 'figures.json')
    const { code, stdout, stderr } = await parity('--tiny', '--json', json)
    assert.equal(code, 0, stdout + stderr)
    const { groups } = JSON.parse(await readFile(json, 'utf8')) as Figures
    const results = groups.flatMap((group) => group.results)
    assert.ok(results.length > 60)
    for (const { name, rows } of results) {
      for (const { metric, ours } of rows) {
        assert.ok(stdout.includes(`| ${name} | ${metric} | ${ours[0]!.toPrecision(6)} |`), name)
      }
    }
    // cases are different trainings: none is another one by mistake
    assert.equal(new Set(results.map(({ sha256 }) => sha256[0])).size, results.length)
  })

  it('says which cases and options there are', async () => {
    for (const [args, message] of [
      [['of nothing'], /^parity: no case has "of nothing" in its name; there are: "binary", /],
      [['--seeds', '0'], /^parity: --seeds must be an integer of at least 1, got "0"/],
      [['features', 'binary'], /^parity: features goes alone/],
    ] as const) {
      const { code, stderr } = await parity(...args)
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
  })

  describe('verdict', () => {
    it('is worse where the mean difference exceeds the noise; says what is constant', async () => {
      const { verdict } = await importScript('parity/compare.mjs') as {
        verdict(worse: number[], theirs: number[]): { verdict: string, isWorse: boolean }
      }
      const theirs = [0.9, 1, 1.1] // standard deviation 0.1
      const of = (...worse: number[]) => verdict(worse, theirs)
      assert.deepEqual(of(0.2, 0.1, 0.3),
        { verdict: '**WORSE** than the noise, worse for every seed', isWorse: true })
      assert.deepEqual(of(0.5, -0.1, 0.1), { verdict: '**WORSE** than the noise', isWorse: true })
      assert.deepEqual(of(0.05, 0.01, 0.1),
        { verdict: 'not worse by more than the noise, worse for every seed', isWorse: false })
      assert.equal(of(0.05, -0.01, 0.01).verdict, 'not worse by more than the noise')
      assert.equal(of(-0.5, 0.1, -0.1).verdict, 'not worse')
      assert.equal(of(-0.5, -0.1, -0.1).verdict, 'not worse, better for every seed')
      assert.equal(of(1e-9, -1e-9, 0).verdict, 'equal')
      assert.equal(verdict([0.1], [1]).verdict, 'worse; one seed tells no noise')
    })
  })

  describe('the metrics', () => {
    it('are those of examples that are counted by hand', async () => {
      const { metrics } = await importScript('parity/metrics.mjs') as {
        metrics: Readonly<Record<string, {
          of(predicted: Float64Array, part: object, params: object): number
        }>>
      }
      const of = (key: string, predicted: number[], y: number[], more = {}, params = {}) =>
        metrics[key]!.of(Float64Array.from(predicted), { y, weight: null, ...more }, params)
      const near = (actual: number, expected: number): void =>
        assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, not ${expected}`)
      near(of('l1', [1, 2], [2, 4], { weight: [3, 1] }), 5 / 4)
      near(of('quantile', [1, 2], [3, 1], {}, { alpha: 0.8 }), (1.6 + 0.2) / 2)
      near(of('mape', [2, 1], [4, 0.5]), (0.5 + 0.5) / 2)
      near(of('huber', [0, 0], [0.5, 3]), (0.125 + 0.9 * (3 - 0.45)) / 2)
      near(of('poisson', [2], [3]), 2 - 3 * Math.log(2))
      near(of('gamma', [2], [3]), 1.5 + Math.log(2))
      near(of('tweedie', [4], [3]), 3 * 2 / 2 + 2 * 2)
      near(of('crossEntropyLambda', [Math.log(2)], [0.3]), Math.log(2))
      // one query in the right order, one with nothing relevant, one the wrong way round
      near(of('ndcg5', [2, 1, 1, 2, 1, 2], [1, 0, 0, 0, 1, 0],
        { groupSizes: [2, 2, 2] }), (1 + 1 + 1 / Math.log2(3)) / 3)
    })
  })
})
