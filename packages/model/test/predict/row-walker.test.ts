import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CODES, loadBlockKernels } from '../../src/predict/block-kernels.js'
import { BlockMachine, blockMachine } from '../../src/predict/block-machine.js'
import { IMAGE_START, placeForest } from '../../src/predict/block-forest.js'
import { compileForest, Preparation, ZERO_THRESHOLD } from '../../src/predict/forest.js'
import { createPredictor, Predictor } from '../../src/predict/predictor.js'
import { referenceRaw } from '../../src/predict/reference.js'
import { randomModel, randomRows } from '../support/random-model.js'
import { stump } from '../support/stump.js'

const forestOf = (model: Parameters<typeof createPredictor>[0]) =>
  compileForest(model, [0, model.trees.length / model.treesPerIteration])

describe('BlockKernels', () => {
  const memory = new WebAssembly.Memory({ initial: 3 })
  const kernels = loadBlockKernels(memory)!
  const rowsAt = 1024
  const thresholdsAt = 65_536
  const view = () => new DataView(memory.buffer)
  const codes = (n: number) => [...new Uint16Array(memory.buffer, 0, n)]

  it('encodeNumbers counts the thresholds below, for any thresholds and values', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(-0, 0, NaN, Infinity, -Infinity,
      ZERO_THRESHOLD, -ZERO_THRESHOLD, 1e-36, -1e-36, 5e-324, Number.MAX_VALUE))
    fc.assert(fc.property(
      fc.array(value, { maxLength: 40 }), fc.array(value, { maxLength: 20 }),
      fc.constantFrom(0, 1, 2), fc.constantFrom(0, CODES - 1), fc.integer({ min: 1, max: 3 }),
      (numbers, values, missing, nanCode, stride) => {
        const table = [...new Set(numbers.filter((x) => !Number.isNaN(x)))].sort((a, b) => a - b)
        const nSteps = 32 - Math.clz32(table.length)
        for (let i = 0; i < (1 << nSteps) - 1; i++) {
          view().setFloat64(thresholdsAt + i * 8, table[i] ?? Infinity, true)
        }
        values.forEach((x, r) => view().setFloat64(rowsAt + r * stride * 8, x, true))
        kernels.encodeNumbers(0, rowsAt, stride * 8, values.length, thresholdsAt, nSteps,
          missing, nanCode)
        assert.deepEqual(codes(values.length), values.map((x) => {
          const isZero = missing === 2 && x > -ZERO_THRESHOLD && x <= ZERO_THRESHOLD
          const prepared = missing === 0 && Number.isNaN(x) ? 0 : isZero ? NaN : x
          return Number.isNaN(prepared) ? nanCode : table.filter((t) => t < prepared).length
        }))
      }), { seed: 5 })
  })

  it('encodeCategories tells codes from all other numbers', () => {
    const values = [0, 1, 2, 3, 4, -1, 0.5, 2.5, 3.5, -0, NaN, Infinity, -Infinity, 1e300]
    values.forEach((x, r) => view().setFloat64(rowsAt + r * 16, x, true))
    kernels.encodeCategories(0, rowsAt, 16, values.length, 4)
    assert.deepEqual(codes(values.length), [0, 1, 2, 3, 4, 4, 4, 4, 4, 0, 4, 4, 4, 4])
  })
})

describe('placeForest', () => {
  it('has two columns where missing values go left at some nodes and right at others', () => {
    const counts = new Set<number>()
    for (let seed = 0; seed < 60; seed++) {
      const forest = forestOf(randomModel(seed, { nFeatures: 2, nIterations: 3 }))
      const columns = placeForest(forest)?.columns ?? []
      for (const feature of forest.usedFeatures) {
        const own = columns.filter((column) => column.feature === feature)
        const isAware = forest.preparation[feature] === Preparation.nan ||
          forest.preparation[feature] === Preparation.zero
        assert.ok(own.length === 1 || (own.length === 2 && isAware), `seed ${seed}`)
        counts.add(own.length)
      }
    }
    assert.deepEqual(counts, new Set([1, 2]))
  })

  it('leaves what codes cannot tell apart to the portable walk', () => {
    const categories = Array.from({ length: CODES }, (_, i) => i)
    const codes = categories.filter((code) => code % 2 === 0)
    const last = { name: 'c', kind: 'categorical' } as const
    const wide = stump({ ...last, categories }, { leftCategories: codes })
    assert.equal(placeForest(forestOf(wide)), null)
    const narrow = stump({ ...last, categories: categories.slice(1) }, { leftCategories: codes })
    assert.notEqual(placeForest(forestOf(narrow)), null)
    for (const model of [wide, narrow]) {
      const rows = Float64Array.from({ length: CODES + 3 }, (_, i) => i - 1)
      const left = createPredictor(model).predictEncoded(rows).filter((value) => value === -1)
      assert.equal(left.length, codes.length)
    }
  })

  it('makes blocks of fewer rows where there are many features, never fewer than a group', () => {
    for (const [nFeatures, blockRows] of [[1, 256], [2000, 32]] as const) {
      const model = randomModel(1, { nFeatures, nIterations: 60, maxLeaves: 400, plain: true })
      const placed = placeForest(forestOf(model))!
      assert.equal(placed.blockRows, blockRows)
      const rows = randomRows(1, model, 70)
      const wanted = rows.flatMap((row) => referenceRaw(model, row, [0, 60]))
      const { treesPerIteration } = model
      const scores = createPredictor(model, { iterations: [0, 60] }).predictRaw(rows)
      assert.deepEqual([...scores], wanted, `${treesPerIteration} outputs`)
    }
  })

  it('keeps all that is written within the memory that it asks for', () => {
    for (let seed = 0; seed < 40; seed++) {
      const forest = forestOf(randomModel(seed))
      const placed = placeForest(forest)!
      const codesEnd = Math.max(0, ...placed.columns.map(({ codes }) =>
        codes + placed.blockRows * 2))
      const starts = placed.columns.map(({ codes }) => codes)
      assert.ok(Math.min(Infinity, ...starts) >= IMAGE_START + placed.image.length)
      assert.ok(placed.rows >= codesEnd)
      assert.ok(placed.leaves >= placed.rows + placed.blockRows * forest.nFeatures * 8)
      assert.ok(placed.scores >= placed.leaves + placed.blockRows * 4)
      assert.equal(placed.end, placed.scores + placed.blockRows * forest.nOutputs * 8)
    }
  })
})

describe('BlockMachine', () => {
  it('serves predictors in turns, also one that predicts while rows of another are read', () => {
    const models = [3, 4, 5].map((seed) => randomModel(seed, { nIterations: 4 }))
    const rows = models.map((model, i) => randomRows(i, model, 300))
    const wanted = models.map((model, i) => rows[i]!.flatMap((row) =>
      referenceRaw(model, row, [0, 4])))
    const predictors = models.map((model) => createPredictor(model, { iterations: [0, 4] }))
    for (let turn = 0; turn < 9; turn++) {
      assert.deepEqual([...predictors[turn % 3]!.predictRaw(rows[turn % 3]!)], wanted[turn % 3])
    }
    let nNested = 0
    const nesting = rows[0]!.map((row) => Object.defineProperty([...row], 0, {
      get: () => {
        if (nNested++ % 100 === 0) {
          assert.deepEqual([...predictors[1]!.predictRaw(rows[1]!)], wanted[1])
        }
        return row[0]
      },
    }))
    assert.deepEqual([...predictors[0]!.predictRaw(nesting)], wanted[0])
    assert.ok(nNested >= 300)
  })

  it('is done without where there is no memory', () => {
    const model = randomModel(7, { nIterations: 5, nFeatures: 200 })
    const rows = randomRows(7, model, 300)
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
    const machine = new BlockMachine(memory, loadBlockKernels(memory)!)
    const placed = placeForest(forestOf(model))!
    assert.equal(machine.enter(placed, model.features.length), false)
    const small = new Predictor(model, { iterations: [0, 5] }, machine)
    assert.deepEqual([...small.predictRaw(rows)],
      rows.flatMap((row) => referenceRaw(model, row, [0, 5])))
    assert.notEqual(blockMachine(), null)
  })
})
