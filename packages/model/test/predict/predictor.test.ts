import assert from 'node:assert/strict'
import type { Feature, MissingType, Model } from '../../src/types.js'
import { CoppiceError } from '../../src/errors.js'
import { parseModel } from '../../src/format/parse.js'
import { serializeModel } from '../../src/format/serialize.js'
import { probabilitiesOf } from '../../src/predict/link.js'
import type { Columns } from '../../src/predict/input.js'
import { createPredictor, Predictor } from '../../src/predict/predictor.js'
import {
  type ReferenceCell, referenceLeaf, referenceRaw,
} from '../../src/predict/reference.js'
import { randomModel, randomRows, withChain } from '../support/random-model.js'
import { stump } from '../support/stump.js'

/** Equal bit for bit, so that -0 and NaN count. */
function assertSameBits(actual: Float64Array, wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what)
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Object.is(actual[i], wanted[i]), `${what}: [${i}] ${actual[i]} is not ${wanted[i]}`)
  }
}

/** The rows as columns: numbers in typed arrays, texts each distinct one once. */
function codedColumns(model: Model, rows: readonly ReferenceCell[][]): Columns {
  return Object.fromEntries(model.features.map((feature, f) => {
    const cells = rows.map((row) => row[f]!)
    const isText = feature.kind === 'categorical' && typeof feature.categories[0] === 'string'
    if (!isText) return [feature.name, Float64Array.from(cells, (cell) => Number(cell ?? NaN))]
    const dictionary = ['in no row', ...new Set(cells.filter((cell) => typeof cell === 'string'))]
    const codes = Int32Array.from(cells, (cell) => dictionary.indexOf(String(cell)))
    return [feature.name, { codes, dictionary }]
  }))
}

/** All ways to predict agree with the reference. */
function assertAgrees(model: Model, rows: readonly ReferenceCell[][], what: string): void {
  const nIterations = model.trees.length / model.treesPerIteration
  const predictor = createPredictor(model, { iterations: [0, nIterations] })
  const wanted = rows.flatMap((row) => referenceRaw(model, row, [0, nIterations]))
  const raw = predictor.predictRaw(rows)
  assertSameBits(raw, wanted, what)
  const encoded = predictor.encode(rows)
  const before = encoded.slice()
  assertSameBits(predictor.predictEncoded(encoded), wanted, `${what}, encoded`)
  assert.deepEqual(encoded, before, 'encoded rows are left alone')
  const packer = predictor.packer(codedColumns(model, rows))
  const middle = rows.length >> 1
  assert.equal(packer.nRows, rows.length)
  assertSameBits(Float64Array.of(
    ...predictor.predictPacked(packer.pack(0, middle)),
    ...predictor.predictPacked(packer.pack(middle, rows.length)),
  ), wanted, `${what}, packed`)
  const leaves = rows.flatMap((row) => model.trees.map((tree) => referenceLeaf(model, tree, row)))
  assert.deepEqual([...predictor.predictLeaves(rows)], leaves, `${what}, leaves`)
  const portable = new Predictor(model, { iterations: [0, nIterations] }, null)
  assertSameBits(portable.predictRaw(rows), wanted, `${what}, portable`)
  assert.deepEqual([...portable.predictLeaves(rows)], leaves, `${what}, portable leaves`)
  const probabilities = predictor.predictProbabilities(rows)
  assert.deepEqual(probabilities, probabilitiesOf(model.objective, raw))
  rows.forEach((row, r) => {
    const k = predictor.nOutputs
    const n = predictor.nProbabilities
    assertSameBits(portable.predictRow(row, 'raw'), wanted.slice(r * k, r * k + k), what)
    assertSameBits(predictor.predictRow(row, 'raw'), wanted.slice(r * k, r * k + k), what)
    assertSameBits(predictor.predictRow(row), [...probabilities.subarray(r * n, r * n + n)], what)
  })
}

const leafOf = (model: Model, cell: ReferenceCell) =>
  createPredictor(model).predictLeaves([[cell]])[0]

/** A random model whose features are numbers, or categories that are numbers. */
function numericModel(seed: number, nFeatures: number): Model {
  const model = randomModel(seed, { nFeatures, nIterations: 4, maxLeaves: 40 })
  const features = model.features.map((feature) =>
    feature.kind === 'categorical' && typeof feature.categories[0] === 'string'
      ? { ...feature, categories: feature.categories.map((_, code) => code) } : feature)
  return withChain({ ...model, features })
}

describe('Predictor', () => {
  it('agrees with the reference for all numeric stumps over all edge values', () => {
    const values = [-Infinity, -1, -2e-35, -Math.fround(1e-35), -1e-35, -5e-324, -0, 0, 5e-324,
      1e-35, Math.fround(1e-35), 1.0000000180025097e-35, 2e-35, 1,
      Infinity, NaN, null]
    for (const missing of ['none', 'nan', 'zero'] as const) {
      for (const threshold of [-1, -1e-35, -0, 0, 1e-35, 1.5e-35, 1, 1e308, Number.MAX_VALUE]) {
        for (const defaultLeft of [false, true]) {
          const model = stump({ name: 'x', kind: 'numeric', missing }, { threshold, defaultLeft })
          assertAgrees(model, values.map((value) => [value]), `${missing} ${threshold}`)
        }
      }
    }
  })

  it('follows the text of the format, row by row', () => {
    const goes = (missing: MissingType, threshold: number, defaultLeft: boolean, x: number) =>
      leafOf(stump({ name: 'x', kind: 'numeric', missing }, { threshold, defaultLeft }), x)
    assert.equal(goes('none', 1, false, 1), 0)
    assert.equal(goes('none', 1, true, 1.0000000000000002), 1)
    assert.equal(goes('none', 0.5, false, NaN), 0)
    assert.equal(goes('none', -0.5, true, NaN), 1)
    assert.equal(goes('nan', 0.5, false, NaN), 1)
    assert.equal(goes('nan', -0.5, true, NaN), 0)
    assert.equal(goes('nan', -0.5, true, 0), 1)
    assert.equal(goes('zero', -0.5, true, 0), 0)
    assert.equal(goes('zero', 0.5, false, 1e-35), 1)
    assert.equal(goes('zero', 0.5, false, 1.0000000180025095e-35), 1)
    assert.equal(goes('zero', 0.5, false, 1.0000000180025097e-35), 0)
    assert.equal(goes('zero', 0.5, false, -1.0000000180025095e-35), 0)
    assert.equal(goes('zero', -0.5, true, NaN), 0)
    assert.equal(goes('nan', 1e308, false, Infinity), 1)
    assert.equal(goes('nan', Number.MAX_VALUE, false, Infinity), 0)
    assert.equal(goes('nan', Number.MAX_VALUE, false, NaN), 1)
  })

  it('agrees with the reference for all subsets of left categories', () => {
    for (const categories of [['a', 'b', 'é'], [-1.5, 0, 7]]) {
      const feature: Feature = {
        name: 'c', kind: 'categorical', categories: categories as readonly string[],
      }
      const unseen = typeof categories[0] === 'string' ? 'z' : 3
      for (let subset = 1; subset < 8; subset++) {
        const leftCategories = [0, 1, 2].filter((code) => (subset >> code) & 1)
        const model = stump(feature, { leftCategories })
        assertAgrees(model, [...categories, null, NaN, unseen].map((cell) => [cell]), `${subset}`)
        assert.equal(leafOf(model, unseen), 1)
        assert.equal(leafOf(model, null), 1)
      }
    }
  })

  it('agrees with the reference on random models of all kinds', () => {
    for (let seed = 0; seed < 300; seed++) {
      const model = randomModel(seed)
      // On both sides of a group of four or eight, of a block of 64 or 256, and of what is too
      // few rows for kernels.
      const nRows = [0, 1, 3, 4, 5, 31, 32, 39, 40, 65, 130, 255, 256, 257][seed % 14]!
      assertAgrees(model, randomRows(seed, model, nRows), `seed ${seed}`)
    }
  })

  it('agrees with the reference on models and rows without missing values', () => {
    for (let seed = 0; seed < 60; seed++) {
      const model = randomModel(seed, { plain: true, nIterations: 5, maxLeaves: 60 })
      assertAgrees(model, randomRows(seed, model, 67, 0), `seed ${seed}`)
    }
  })

  it('agrees with the reference on numbers in matrices and columns of all widths', () => {
    for (let seed = 0; seed < 30; seed++) {
      // Fewer rows than a group, and several chunks where there are many features.
      const nFeatures = [1, 3, 120][seed % 3]!
      const model = numericModel(seed, nFeatures)
      const nIterations = model.trees.length / model.treesPerIteration
      const nRows = [40, 257, 600][seed % 3]!
      const rows = randomRows(seed, model, nRows)
        .map((row) => row.map((x) => x ?? NaN)) as number[][]
      const predictor = createPredictor(model, { iterations: [0, nIterations] })
      for (const Values of [Float64Array, Float32Array]) {
        const cells = rows.map((row) => [...Values.from(row)])
        const wanted = cells.flatMap((row) => referenceRaw(model, row, [0, nIterations]))
        const data = Values.from(cells.flat())
        const what = `seed ${seed}, ${Values.name}`
        assertSameBits(predictor.predictRaw({ data, shape: [nRows, nFeatures] }), wanted, what)
        const columns = Object.fromEntries(model.features.map(({ name }, f) =>
          [name, Values.from(cells.map((row) => row[f]!))]))
        assertSameBits(predictor.predictRaw(columns), wanted, `${what}, columns`)
        assert.deepEqual(predictor.predictLeaves(columns), predictor.predictLeaves(cells), what)
      }
    }
  })

  it('agrees with the reference on huge dictionaries', () => {
    for (let seed = 0; seed < 20; seed++) {
      const model = randomModel(seed, { nCategoriesMax: 5000, nIterations: 4 })
      assertAgrees(model, randomRows(seed, model, 70), `seed ${seed}`)
    }
  })

  it('gives the same bits after saving and loading', () => {
    for (let seed = 0; seed < 50; seed++) {
      const model = randomModel(seed, { nIterations: 3 })
      const rows = randomRows(seed, model, 50)
      const loaded = createPredictor(parseModel(serializeModel(model)))
      const wanted = createPredictor(model).predictRaw(rows)
      assertSameBits(loaded.predictRaw(rows), [...wanted], `seed ${seed}`)
    }
  })

  it('never answers -0, whose sign a file does not keep', () => {
    const model = stump({ name: 'x', kind: 'numeric', missing: 'nan' }, { threshold: 0 })
    const negative: Model = withChain({
      ...model, baseScores: [-0], trees: [{ ...model.trees[0]!, leafValue: [-0, -0] }],
    })
    assertSameBits(createPredictor(negative).predictRaw([[1], [-1]]), [0, 0], '-0')
    assertSameBits(createPredictor(negative).predictRow([1]), [0], '-0')
  })

  it('survives a tree as deep as it has nodes', () => {
    const n = 20_000
    const range = Array.from({ length: n }, (_, i) => i)
    const fill = <T>(value: T) => new Array<T>(n).fill(value)
    const model = withChain({
      ...stump({ name: 'x', kind: 'numeric', missing: 'nan' }, { threshold: 0 }),
      trees: [{
        splitFeature: fill(0), splitGain: fill(0), threshold: range.map((i) => -i),
        leftCategories: fill(null), defaultLeft: fill(false),
        leftChild: range.map((i) => i + 1 < n ? i + 1 : ~n), rightChild: range.map((i) => ~i),
        nodeValue: fill(0), nodeWeight: fill(0), nodeCount: fill(0),
        leafValue: [...range, n], leafWeight: [...fill(0), 0], leafCount: [...fill(0), 0],
      }],
    })
    const predictor = createPredictor(parseModel(serializeModel(model)))
    assert.deepEqual([...predictor.predictRaw([[1], [-0.5], [-n], [-1]])], [0, 1, n, 2])
  })
})

describe('createPredictor', () => {
  const model = randomModel(4, { nIterations: 6, objective: { name: 'multiclass', numClass: 3 } })
  const rows = randomRows(1, model, 20)

  it('uses the best iteration where there is one, else all', () => {
    const all = withChain({ ...model, bestIteration: null })
    assert.deepEqual(createPredictor(all).iterations, [0, 6])
    assert.equal(createPredictor(all).nTrees, 18)
    const best = createPredictor({ ...model, bestIteration: 2 })
    assert.deepEqual(best.iterations, [0, 2])
    const wanted = rows.flatMap((row) => referenceRaw(model, row, [0, 2]))
    assertSameBits(best.predictRaw(rows), wanted, 'best iteration')
  })

  it('uses any range of iterations', () => {
    for (let start = 0; start <= 6; start++) {
      for (let end = start; end <= 6; end++) {
        const wanted = rows.flatMap((row) => referenceRaw(model, row, [start, end]))
        const predictor = createPredictor(model, { iterations: [start, end] })
        assertSameBits(predictor.predictRaw(rows), wanted, `[${start}, ${end}]`)
        assert.equal(predictor.predictLeaves(rows).length, 20 * 3 * (end - start))
      }
    }
  })

  it('refuses ranges outside the model', () => {
    const numbers = 3 as unknown as readonly [number, number]
    for (const iterations of [[0, 7], [-1, 2], [3, 2], [0.5, 2], [0, NaN], numbers] as const) {
      assert.throws(() => createPredictor(model, { iterations }), (error: unknown) =>
        error instanceof CoppiceError && error.code === 'PARAMETER' &&
        /iterations must be \[start, end\] with 0 <= start <= end <= 6/.test(error.message))
    }
  })

  it('refuses a model that is not valid', () => {
    const broken = { ...model, baseScores: [0] }
    assert.throws(() => createPredictor(broken), /baseScores must be an array of 3/)
  })
})

describe('predictProbabilities and predictClasses', () => {
  it('binary: [1 - p, p], a tie is the first class', () => {
    const model: Model = withChain({
      ...stump({ name: 'x', kind: 'numeric', missing: 'nan' }, { threshold: 0 }),
      objective: { name: 'binary', sigmoid: 2 }, classes: ['no', 'yes'],
    })
    const predictor = createPredictor(model)
    const p = 1 / (1 + Math.exp(-2))
    const [a, b, c, d] = predictor.predictProbabilities([[-1], [1]])
    assert.ok(Math.abs(a! - p) < 1e-15 && Math.abs(d! - p) < 1e-15)
    assert.ok(a! + b! === 1 && c! + d! === 1)
    assert.deepEqual(predictor.predictClasses([[-1], [1]]), ['no', 'yes'])
    const tied = createPredictor(model, { iterations: [0, 0] })
    assert.deepEqual([...tied.predictProbabilities([[1]])], [0.5, 0.5])
    assert.deepEqual(tied.predictClasses([[1]]), ['no'])
  })

  it('multiclass: the softmax, whose rows sum to 1', () => {
    const model = randomModel(9, { nIterations: 4, objective: { name: 'multiclass', numClass: 4 } })
    const rows = randomRows(2, model, 40)
    const predictor = createPredictor(model)
    const raw = predictor.predictRaw(rows)
    const probabilities = predictor.predictProbabilities(rows)
    const classes = predictor.predictClasses(rows)
    for (let r = 0; r < 40; r++) {
      const row = [...raw.subarray(4 * r, 4 * r + 4)]
      const sum = row.reduce((total, x) => total + Math.exp(x), 0)
      row.forEach((x, k) => {
        assert.ok(Math.abs(probabilities[4 * r + k]! - Math.exp(x) / sum) < 1e-15)
      })
      assert.equal(classes[r], model.classes![row.indexOf(Math.max(...row))])
    }
  })

  it('regression: the value itself, and no classes', () => {
    const model = stump({ name: 'x', kind: 'numeric', missing: 'nan' }, { threshold: 0 })
    const predictor = createPredictor(model)
    assert.deepEqual([...predictor.predictProbabilities([[-5], [5]])], [-1, 1])
    assert.throws(() => predictor.predictClasses([[1]]), /regression model has no classes/)
  })

  it('stays finite and sums to 1 for scores far apart', () => {
    const wide = probabilitiesOf({ name: 'multiclass', numClass: 3 },
      Float64Array.of(1e308, -1e308, 0, -800, -800, -800))
    assert.deepEqual([...wide], [1, 0, 0, 1 / 3, 1 / 3, 1 / 3])
  })
})

describe('predictEncoded', () => {
  const model = randomModel(3, { nFeatures: 2, nIterations: 2, objective: { name: 'regression' } })
  const predictor = createPredictor(model)

  it('writes to the array it is given', () => {
    const out = new Float64Array(3).fill(99)
    const values = Float64Array.of(1, 2, 3, 4, 5, 6)
    assert.equal(predictor.predictEncoded(values, out), out)
    assert.deepEqual(out, predictor.predictEncoded(values))
    assert.throws(() => predictor.predictEncoded(values, new Float64Array(2)), /3 rows x 1/)
    assert.throws(() => predictor.predictEncoded(new Float64Array(3)), /must have 2 values each/)
  })

  it('treats what is no code as unseen', () => {
    const categorical = stump({ name: 'c', kind: 'categorical', categories: ['a', 'b', 'c'] },
      { leftCategories: [0, 1, 2] })
    const values = Float64Array.of(0, 1, 2, 3, -1, 0.5, 1e300, -0, NaN, Infinity, -Infinity)
    const leaves = createPredictor(categorical).predictEncoded(values)
    assert.deepEqual([...leaves], [-1, -1, -1, 1, 1, 1, 1, -1, 1, 1, 1])
  })
})
