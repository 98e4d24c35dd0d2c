import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { formatCpp } from '../../src/code/cpp.js'
import { formatJavaScript } from '../../src/code/javascript.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { mathText } from '../../src/code/math-text.js'
import { exp } from '../../src/math/exp.js'
import { log1p } from '../../src/math/log.js'
import { sigmoid, softplus } from '../../src/math/logistic.js'
import type { Row } from '../../src/predict/input.js'
import { createPredictor } from '../../src/predict/predictor.js'
import type { ReferenceCell } from '../../src/predict/reference.js'
import type { Model, Objective } from '../../src/types.js'
import { exampleModel } from '../support/example-model.js'
import { randomModel, randomRows, withChain } from '../support/random-model.js'
import { TestRandom } from '../support/random.js'

/** What a written module exports. */
interface Written {
  readonly featureNames: readonly string[]
  readonly classes: readonly unknown[] | null
  readonly predictRaw: (row: unknown) => number[]
  readonly predict: (row: unknown) => number[]
  readonly predictClass?: (row: unknown) => unknown
}

async function load(text: string): Promise<Written> {
  const encoded = Buffer.from(text).toString('base64')
  return await import(`data:text/javascript;base64,${encoded}`) as Written
}

const golden = new URL('../../../test/lightgbm/golden/', import.meta.url)
const names = readdirSync(golden).filter((name) => name.endsWith('.txt')).map((name) =>
  name.slice(0, -4))

function goldenOf(name: string): { model: Model, rows: ReferenceCell[][] } {
  const read = (file: string): string => readFileSync(new URL(file, golden), 'utf8')
  const { rows } = JSON.parse(read(`${name}.json`)) as { rows: ReferenceCell[][] }
  return { model: parseLightGBM(read(`${name}.txt`)), rows }
}

async function assertSame(model: Model, rows: readonly ReferenceCell[][], what: string) {
  const written = await load(formatJavaScript(model))
  const predictor = createPredictor(model)
  assert.deepEqual(written.featureNames, model.features.map(({ name }) => name))
  assert.deepEqual(written.classes, model.classes)
  for (const row of rows) {
    const raw = [...predictor.predictRow(row as Row, 'raw')]
    assert.deepEqual(written.predictRaw(row), raw, what)
    assert.deepEqual(written.predict(row), [...predictor.predictRow(row as Row)], what)
    const named = Object.fromEntries(model.features.map(({ name }, f) => [name, row[f]]))
    assert.deepEqual(written.predictRaw(named), raw, what)
  }
  if (model.classes === null) assert.equal(written.predictClass, undefined)
  else {
    assert.deepEqual(rows.map((row) => written.predictClass!(row)),
      predictor.predictClasses(rows), what)
  }
}

const objectives: readonly Objective[] = [
  { name: 'regression_sqrt' }, { name: 'aft', distribution: 'normal', scale: 1 },
  { name: 'multi_label', numTarget: 2 }, { name: 'cross_entropy_lambda' }, { name: 'hinge' },
  { name: 'focal', gamma: 2, alpha: 0.25 }, { name: 'multi_quantile', quantiles: [0.1, 0.9] },
]

describe('formatJavaScript', () => {
  it('predicts the bits of a predictor: models of all kinds', async () => {
    for (let seed = 0; seed < 24; seed++) {
      const objective = objectives[seed]
      const model = randomModel(seed, {
        maxLeaves: 25, ...(objective === undefined ? {} : { objective }) })
      await assertSame(model, randomRows(seed, model, 20), `seed ${seed}`)
    }
  })

  for (const name of names) {
    it(`predicts the bits of a predictor: LightGBM's ${name}`, async () => {
      const { model, rows } = goldenOf(name)
      await assertSame(model, rows, name)
    })
  }

  it('predicts the bits of a predictor: linear leaves of our own', async () => {
    const model = randomModel(3, { nFeatures: 3, nIterations: 4, plain: true })
    const linear = withChain({
      ...model, formatVersion: 2, parameters: { linear_tree: true },
      trees: model.trees.map((tree) => ({ ...tree, linear: {
        constant: tree.leafValue.map((value) => value / 3),
        features: tree.leafValue.map((_, leaf) => [0, 2].slice(leaf % 3)),
        coefficients: tree.leafValue.map((_, leaf) => [1e300, -0.25].slice(leaf % 3)),
      } })),
    })
    await assertSame(linear, randomRows(8, linear, 60), 'linear')
  })

  it('cuts nests that are deep', async () => {
    const n = 300
    const chain = <T>(of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i))
    const tree = {
      splitFeature: chain(() => 0), splitGain: chain(() => 1), threshold: chain((i) => i),
      leftCategories: chain(() => null), defaultLeft: chain(() => false),
      leftChild: chain((i) => ~i), rightChild: chain((i) => i + 1 < n ? i + 1 : ~n),
      nodeValue: chain(() => 0), nodeWeight: chain(() => 1), nodeCount: chain(() => 1),
      leafValue: [...chain((i) => i / 4), 1000], leafWeight: [...chain(() => 1), 1],
      leafCount: [...chain(() => 1), 1],
    }
    const model = withChain({ ...exampleModel, objective: { name: 'regression' }, classes: null,
      features: [{ name: 'x', kind: 'numeric', missing: 'nan' }], trees: [tree],
      bestIteration: null })
    await assertSame(model, [[-1], [0], [17.5], [150], [298.5], [299], [300], [null]], 'chain')
    assert.ok(Math.max(...formatJavaScript(model).split('\n').map((line) => /^ */.exec(line)![0]
      .length)) < 60)
  })

  it('takes ranges of iterations, and refuses rows that do not fit', async () => {
    const all = await load(formatJavaScript(exampleModel, { iterations: [0, 2] }))
    const predictor = createPredictor(exampleModel, { iterations: [0, 2] })
    const row = { age: 50, color: 'red' }
    assert.deepEqual(all.predictRaw(row), [...predictor.predictRow(row, 'raw')])
    assert.throws(() => all.predict([1]), /2 values, got 1/)
    assert.throws(() => all.predict({ age: 1 }), /no "color"/)
    assert.throws(() => all.predict({ age: 'old', color: 'red' }), /"old" is a text/)
  })

  it('has the portable functions, bit for bit', async () => {
    const math = await import(`data:text/javascript;base64,${Buffer.from(
      `${mathText}\nexport { exp, sigmoid, log1p, softplus }`).toString('base64')}`) as
      Record<string, (x: number) => number>
    const random = new TestRandom(9)
    const xs = [0, -0, NaN, Infinity, -Infinity, -1, 710, -746, 1e-300, 1e300, 1e-17, -0.2929,
      0.4143,
      ...Array.from({ length: 5000 }, () => random.between(-50, 50) ** 3 / 100)]
    for (const [name, own] of Object.entries({ exp, sigmoid, log1p, softplus })) {
      for (const x of xs) assert.ok(Object.is(math[name]!(x), own(x)), `${name}(${x})`)
    }
  })
})

/** Whether there is a compiler. */
function hasCompiler(): boolean {
  try {
    execFileSync('g++', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('formatCpp', () => {
  const cases = ['missing-mixed', 'missing-zero', 'categorical', 'multiclass', 'rf-binary',
    'linear-tree', 'cross-entropy-lambda', 'regression-sqrt', 'constant']

  it('has the conditions of the module, word for word', () => {
    const bodiesOf = (text: string): string[] => Array.from(
      text.matchAll(/^(?:function|static double) tree\w+\(.*\) \{\n((?: .*\n)+)\}$/gm),
      ([, body]) => body!)
    for (const name of names) {
      const { model } = goldenOf(name)
      const own = bodiesOf(formatCpp(model))
      assert.equal(own.length, model.trees.length)
      assert.deepEqual(own, bodiesOf(formatJavaScript(model)))
    }
  })

  it('says what categories are', () => {
    const text = formatCpp(exampleModel)
    assert.match(text, /^\/\/ {3}1: "color", a category: 0 "blue", 1 "green", 2 "red"$/m)
    assert.match(text, /if \(p\[1\] == 0\.0 \|\| p\[1\] == 2\.0\) \{/)
  })

  it('tells categories apart that are not ASCII, inside of the comment', () => {
    const features = exampleModel.features.map((feature) => feature.name !== 'color' ? feature
      : { ...feature, name: 'c\u2028l', categories: ['\u00e9', '\u00fc', '\u{1f333}'] })
    assert.ok(formatCpp(withChain({ ...exampleModel, features } as Model)).includes(
      String.raw`//   1: "c\u2028l", a category: 0 "\u00e9", 1 "\u00fc", 2 "\ud83c\udf33"` + '\n'))
  })

  it('compiles, and predicts what a predictor does', function () {
    // the conditions are compared above, too
    if (!hasCompiler()) this.skip()
    this.timeout(60_000)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-cpp-'))
    try {
      const sources = cases.map((name, i) => formatCpp(goldenOf(name).model)
        .replace(/extern "C" /g, '').replace(/^#include.*\n/gm, '')
        .replace(/^namespace \{$/m, `namespace model${i} { namespace {`) + `\n}\n`)
      writeFileSync(path.join(folder, 'all.cpp'), `#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
${sources.join('\n')}
int main() {
  int which, n;
  double row[64], out[8];
  while (std::scanf("%d %d", &which, &n) == 2) {
    for (int i = 0; i < n; i++) std::scanf("%lf", row + i);
    switch (which) {
${cases.map((_, i) => `      case ${2 * i}: model${i}::predict_raw(row, out); break;
      case ${2 * i + 1}: model${i}::predict(row, out); break;`).join('\n')}
    }
    for (int i = 0; i < 3; i++) std::printf("%.17g ", out[i]);
    std::printf("\\n");
  }
}
`)
      execFileSync('g++', ['-std=c++11', '-O0', '-Wall', '-Werror', '-ffp-contract=off', '-o',
        path.join(folder, 'all'), path.join(folder, 'all.cpp')], { stdio: 'pipe' })
      const lines: string[] = []
      const expected: { values: number[], isRaw: boolean }[] = []
      for (const [i, name] of cases.entries()) {
        const { model, rows } = goldenOf(name)
        const predictor = createPredictor(model)
        for (const row of rows.slice(0, 40)) {
          const text = row.map((x) => x === null ? 'nan' : String(x)).join(' ')
          lines.push(`${2 * i} ${row.length} ${text}`, `${2 * i + 1} ${row.length} ${text}`)
          const ps = [...predictor.predictRow(row as Row)]
          expected.push(
            { values: [...predictor.predictRow(row as Row, 'raw')], isRaw: true },
            { values: ps.length === 2 ? ps.slice(1) : ps, isRaw: false })
        }
      }
      const out = execFileSync(path.join(folder, 'all'), { input: lines.join('\n') }).toString()
      out.trimEnd().split('\n').forEach((line, i) => {
        const { values, isRaw } = expected[i]!
        line.trim().split(' ').slice(0, values.length).forEach((text, k) => {
          const value = Number(text.replace('inf', 'Infinity'))
          if (isRaw || !Number.isFinite(value)) assert.equal(value, values[k])
          else assert.ok(Math.abs(value - values[k]!) <= 1e-15 * Math.abs(values[k]!))
        })
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
