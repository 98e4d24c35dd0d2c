import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { CoppiceError } from '../../src/errors.js'
import { formatLightGBM } from '../../src/lightgbm/format.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { isLightGBM } from '../../src/lightgbm/sections.js'
import { createPredictor } from '../../src/predict/predictor.js'
import { randomModel, randomRows, withChain } from '../support/random-model.js'
import { TestRandom } from '../support/random.js'

const golden = (name: string): string =>
  readFileSync(new URL(`../../../test/lightgbm/golden/${name}.txt`, import.meta.url), 'utf8')

const regression = golden('regression')

function assertRefused(text: string | Uint8Array, pattern: RegExp): void {
  assert.throws(() => parseLightGBM(text), (error) => {
    assert.ok(error instanceof CoppiceError, String(error))
    assert.equal(error.code, 'MODEL')
    assert.match(error.message, pattern)
    return true
  })
}

describe('parseLightGBM', () => {
  it('reads what no prediction depends on', () => {
    const model = parseLightGBM(golden('monotone'))
    assert.deepEqual(model.origin?.monotoneConstraints, [1, 0, 0, -1])
    assert.equal(model.origin?.shrinkage.length, 4)
    assert.equal(model.parameters['learning_rate'], 0.1)
    assert.equal(model.parameters['boosting'], 'gbdt')
    assert.ok(model.trees[0]!.splitGain.every((gain) => gain > 0))
    assert.equal(model.trees[0]!.nodeCount[0], 400)
    assert.deepEqual(parseLightGBM(golden('quantile')).objective, { name: 'quantile', alpha: 0.3 })
    const unsaid = golden('quantile').replace(/\nparameters:[^]*end of parameters\n/, '\n')
    assert.deepEqual(parseLightGBM(unsaid).objective, {
      name: 'imported', source: 'quantile', link: 'identity', sigmoid: 1, numClass: 0,
      numOutputs: 1, averages: false,
    })
  })

  it('gives categories of pandas columns their names', () => {
    const [, color, size] = parseLightGBM(golden('pandas')).features
    assert.deepEqual(color,
      { name: 'color', kind: 'categorical', categories: ['blue', 'green', 'red', 'é'] })
    assert.deepEqual(size, { name: 'size', kind: 'categorical', categories: [2, 3, 10] })
  })

  it('reads line ends of Windows, bytes and a byte order mark', () => {
    const model = parseLightGBM(regression)
    const windows = regression.replaceAll('\n', '\r\n')
    assert.deepEqual(parseLightGBM(windows), model)
    assert.deepEqual(parseLightGBM(new TextEncoder().encode(`\ufeff${windows}`)), model)
  })

  it('says of damage where it is', () => {
    const swap = (from: string | RegExp, to: string): string => {
      const text = regression.replace(from, to)
      assert.notEqual(text, regression)
      return text
    }
    assertRefused('', /not a LightGBM text model: its first line must be "tree", got ""/)
    assertRefused('{"format":', /its first line/)
    assertRefused('tree\nversion=v4\n', /line 3: "end of trees" is missing; the file is truncated/)
    assertRefused(regression.slice(0, 2000), /truncated|values/)
    assertRefused(swap('version=v4', 'version=v9'), /line 2: version must be v3 or v4, got "v9"/)
    assertRefused(swap('objective=regression', 'objective=regresion'),
      /line 7: objective must be one of regression, .* got "regresion"/)
    assertRefused(swap('num_leaves=7', 'num_leaves=8'), /line 14: leaf_value|leaf_value must be 8/)
    assertRefused(swap('num_leaves=7', 'num_leaves=2147483647'), /leaf_value must be 2147483647/)
    assertRefused(swap(/num_leaves=7\n/, ''), /section that begins in line 12 lacks .* num_leaves/)
    assertRefused(swap(/threshold=\S+/, 'threshold=1e5x'), /line \d+: threshold must be a number/)
    assertRefused(swap(/threshold=\S+/, 'threshold=nan'), /threshold must be a finite number or/)
    assertRefused(swap(/leaf_value=\S+/, 'leaf_value=inf'), /leaf_value must be finite numbers/)
    assertRefused(swap(/split_feature=\d/, 'split_feature=4'), /an integer in \[0, 3\], got "4"/)
    assertRefused(swap(/left_child=\d/, 'left_child=0'), /Tree=0 \(line 12\)\.leftChild\[0\]/)
    assertRefused(swap(/decision_type=\d/, 'decision_type=14'), /decision_type must be below 12/)
    assertRefused(swap('Tree=1', 'Tree=2'), /line \d+: Tree must be 1, as trees come in order/)
    assertRefused(swap(/Tree=3[^]*end of trees/, 'end of trees'), /tree_sizes must be a size for/)
    assertRefused(swap('num_tree_per_iteration=1', 'num_tree_per_iteration=3'), /divisor of/)
    assertRefused(swap('num_tree_per_iteration=1', 'num_tree_per_iteration=2'), /has 1 outputs/)
    assertRefused(swap('shrinkage=1', 'shrinkage=1\nshrinkage=1'), /given once/)
    assertRefused(swap(/end of parameters[^]*/, ''), /"end of parameters" is missing/)
    assertRefused(golden('categorical').replace(/cat_threshold=\d+/, 'cat_threshold=4294967296'),
      /cat_threshold must be an integer in \[0, 4294967295\]/)
    assertRefused(golden('categorical').replace(/cat_boundaries=0 \d+/, 'cat_boundaries=0 0'),
      /is empty|ascending/)
    assertRefused(golden('linear-tree').replace(/num_features=0/, 'num_features=1'),
      /leaf_features|lacks/)
  })

  it('refuses trees that cannot be one model', () => {
    const zero = parseLightGBM(golden('missing-zero'))
    assert.ok(zero.features.some((feature) => feature.kind === 'numeric' &&
      feature.missing === 'zero'))
    // Where 0 and NaN must part and where they must not, in one feature.
    const text = 'tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n' +
      'max_feature_idx=0\nobjective=regression\nfeature_names=x\nfeature_infos=[0:1]\n' +
      'tree_sizes=1 1\n\n' + [4, 8].map((type, t) => `Tree=${t}\nnum_leaves=2\nnum_cat=0\n` +
      `split_feature=0\nsplit_gain=1\nthreshold=0.5\ndecision_type=${type}\nleft_child=-1\n` +
      'right_child=-2\nleaf_value=1 2\nleaf_weight=1 1\nleaf_count=1 1\ninternal_value=0\n' +
      'internal_weight=1\ninternal_count=2\nis_linear=0\nshrinkage=1\n\n').join('') +
      'end of trees\n'
    assertRefused(text, /feature "x" has missing type zero splits in tree 0 and missing type nan/)
    const agreeing = parseLightGBM(text.replace('decision_type=4', 'decision_type=6'))
    const predictor = createPredictor(agreeing)
    assert.deepEqual([...predictor.predictRaw([[0], [NaN], [0.7]])], [2, 3, 4])
  })

  it('gives a model or an error, soon, whatever the text', function () {
    this.timeout(60_000)
    const texts = ['categorical', 'linear-tree', 'pandas', 'multiclass', 'rf-binary']
      .map((name) => golden(name).replace(/(\[data: \])[^]*(\[num_gpu)/, '$1\n$2'))
    let nAccepted = 0
    const nTexts = 3000
    for (let seed = 0; seed < nTexts; seed++) {
      const text = mutate(new TestRandom(seed), texts)
      const start = performance.now()
      try {
        const model = parseLightGBM(text)
        nAccepted++
        createPredictor(model).predictRaw([model.features.map(() => null)])
        formatLightGBM(model)
      } catch (error) {
        assert.ok(error instanceof CoppiceError && error.code === 'MODEL',
          `seed ${seed}: ${String(error)}`)
      }
      const ms = performance.now() - start
      assert.ok(ms < 5000, `seed ${seed} takes ${ms} ms`)
    }
    assert.ok(nAccepted > nTexts * 0.02 && nAccepted < nTexts * 0.7, `${nAccepted} accepted`)
  })
})

/** A text with some damage: characters, numbers, lines and pieces of other texts. */
function mutate(random: TestRandom, texts: readonly string[]): string {
  let text = random.pick(texts)
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(text.length)
    const lines = text.split('\n')
    const line = random.below(lines.length)
    switch (random.below(7)) {
      case 0: text = text.slice(0, at) + random.pick(['=', ' ', '-', '9', '\n', '\0', 'é', '']) +
        text.slice(at + 1)
        break
      case 1: text = text.slice(0, at)
        break
      case 2: lines.splice(line, 1)
        text = lines.join('\n')
        break
      case 3: lines.splice(line, 0, random.pick(lines))
        text = lines.join('\n')
        break
      case 4: text = text.slice(0, at) + random.pick(texts).slice(random.below(2000))
        break
      default: lines[line] = lines[line]!.replace(/-?\d[\d.]*/, random.pick([
        '0', '-1', '1', '2147483647', '-2147483648', '1e308', '99999999999999999999', 'nan', 'inf',
        '1.5', '']))
        text = lines.join('\n')
    }
  }
  return text
}

describe('isLightGBM', () => {
  it('knows a text by its first line', () => {
    for (const text of ['tree\n', 'tree\r\nversion', '\ufefftree\n']) assert.ok(isLightGBM(text))
    for (const text of ['', 'tree', 'trees\n', '{"tree\n', ' tree\n']) assert.ok(!isLightGBM(text))
  })
})

describe('formatLightGBM', () => {
  it('writes any model of ours so that it reads back with the same scores', () => {
    for (let seed = 0; seed < 150; seed++) {
      const model = randomModel(seed)
      // see below
      if (model.features.length === 0 || model.objective.name === 'hinge') continue
      const names = model.features.map((feature, f) => ({ ...feature, name: `f ${f}` }))
      const { chainHash: _, ...rest } = { ...model, features: names }
      const named = withChain(rest)
      const back = parseLightGBM(formatLightGBM(named))
      assert.deepEqual(back.features.map(({ name }) => name), names.map((_f, f) => `f_${f}`))
      // LightGBM cuts off fractions, so that 0.25 would be a category.
      const rows = randomRows(seed, named, 40).map((row) => row.map((cell) =>
        cell === 0.25 ? 999 : cell))
      const predictor = createPredictor(named)
      assert.deepEqual(createPredictor(back).predictRaw(rows), predictor.predictRaw(rows),
        `seed ${seed}`)
    }
  })

  it('writes the iterations that are asked for, the base scores in the first', () => {
    const model = randomModel(7, { nIterations: 5, nFeatures: 2, plain: true })
    const text = formatLightGBM(model, { iterations: [0, 2] })
    assert.match(text, new RegExp(`^Tree=${2 * model.treesPerIteration - 1}$`, 'm'))
    const none = createPredictor(parseLightGBM(formatLightGBM(model, { iterations: [0, 0] })))
    assert.deepEqual([...none.predictRaw([[1, 2]])], model.baseScores)
    assert.throws(() => formatLightGBM(model, { iterations: [0, 9] }), /iterations must be/)
  })

  it('has sizes of trees that lead from tree to tree', () => {
    const text = golden('categorical')
    for (const each of [text, formatLightGBM(parseLightGBM(text))]) {
      const sizes = /tree_sizes=(.*)/.exec(each)![1]!.split(' ').map(Number)
      let at = each.indexOf('Tree=0')
      sizes.forEach((size, t) => {
        assert.ok(each.startsWith(`Tree=${t}\n`, at))
        at += size
      })
      assert.ok(each.startsWith('end of trees', at))
    }
  })

  it('refuses what LightGBM has no words for', () => {
    const hinge = randomModel(1, { nFeatures: 2, plain: true, objective: { name: 'hinge' } })
    assert.throws(() => formatLightGBM(hinge), /LightGBM has no objective "hinge", .* \.json/)
    const { chainHash: _, ...model } = randomModel(1, { nFeatures: 2, plain: true })
    const features = ['a b', 'a_b'].map((name) =>
      ({ name, kind: 'numeric', missing: 'nan' }) as const)
    assert.throws(() => formatLightGBM(withChain({ ...model, features })),
      /LightGBM has no white space in names, and features "a b" and "a_b" would both be "a_b"/)
  })
})
