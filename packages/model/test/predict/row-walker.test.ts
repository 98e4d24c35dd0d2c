import assert from 'node:assert/strict'
import fc from 'fast-check'
import { loadBlockKernels } from '../../src/predict/block-kernels.js'
import { BlockMachine, blockMachine } from '../../src/predict/block-machine.js'
import { CATEGORIES_MAX, placeForest } from '../../src/predict/block-forest.js'
import { compileForest, Preparation, ZERO_THRESHOLD } from '../../src/predict/forest.js'
import { IMAGE_START, keyOf as keyWords } from '../../src/predict/place-trees.js'
import { createPredictor, Predictor } from '../../src/predict/predictor.js'
import { referenceRaw } from '../../src/predict/reference.js'
import { randomModel, randomRows } from '../support/random-model.js'
import { stump } from '../support/stump.js'

const forestOf = (model: Parameters<typeof createPredictor>[0]) =>
  compileForest(model, [0, model.trees.length / model.treesPerIteration])

/** The key that nodes have of a number. */
function keyOf(value: number): bigint {
  const [low, high] = keyWords(value)
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}

describe('BlockKernels', () => {
  const memory = new WebAssembly.Memory({ initial: 3 })
  const kernels = loadBlockKernels(memory)!
  const rowsAt = 65_536
  const view = () => new DataView(memory.buffer)
  const keys = (n: number) => [...new BigInt64Array(memory.buffer, 0, n)]
  const edges = [-0, 0, NaN, Infinity, -Infinity, ZERO_THRESHOLD, -ZERO_THRESHOLD, 1e-36, -1e-36,
    5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE]
  const left = -(2n ** 63n)
  const right = 0x7ff8_0000_0000_0000n

  /** What `keysOfDoubles` or `keysOfFloats` promise, by the order of the values. */
  function assertKeys(values: number[], found: bigint[], missing: number, goesLeft: number): void {
    const prepared = values.map((x) => {
      const isZero = missing === 2 && x > -ZERO_THRESHOLD && x <= ZERO_THRESHOLD
      return missing === 0 && Number.isNaN(x) ? 0 : isZero ? NaN : x
    })
    prepared.forEach((a, i) => {
      if (Number.isNaN(a)) return assert.equal(found[i], goesLeft === 1 ? left : right)
      assert.ok(found[i]! > left && found[i]! < right)
      assert.equal(found[i], keyOf(a))
      prepared.forEach((b, j) => {
        if (!Number.isNaN(b)) assert.equal(a <= b, found[i]! <= found[j]!, `${a} <= ${b}`)
      })
    })
  }

  for (const [name, bytes] of [['keysOfDoubles', 8], ['keysOfFloats', 4]] as const) {
    it(`${name} keeps the order of any values, and puts what is missing beyond`, () => {
      const value = fc.oneof(fc.double(), fc.constantFrom(...edges))
      fc.assert(fc.property(
        fc.array(value, { maxLength: 20 }), fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1),
        fc.integer({ min: 1, max: 3 }), fc.boolean(),
        (numbers, missing, goesLeft, stride, isNegativeNaN) => {
          const values = numbers.map((x) => bytes === 4 ? Math.fround(x) : x)
          if (values.length % 2 === 1) values.push(1)
          values.forEach((x, r) => {
            const at = rowsAt + r * stride * bytes
            if (bytes === 4) view().setFloat32(at, x, true)
            else view().setFloat64(at, x, true)
            // NaN with another payload, and with a sign.
            if (Number.isNaN(x) && isNegativeNaN) view().setInt32(at + bytes - 4, -1, true)
          })
          kernels[name](0, rowsAt, stride * bytes, values.length, missing, goesLeft)
          assertKeys(values, keys(values.length), missing, goesLeft)
        }), { seed: 5 })
    })
  }

  it('keysOfCategories tells codes from all other numbers', () => {
    const values = [0, 1, 2, 3, 4, -1, 0.5, 2.5, 3.5, -0, NaN, Infinity, -Infinity, 1e300]
    values.forEach((x, r) => view().setFloat64(rowsAt + r * 16, x, true))
    kernels.keysOfCategories(0, rowsAt, 16, values.length, 4)
    assert.deepEqual(keys(values.length).map(Number), [0, 1, 2, 3, 4, 4, 4, 4, 4, 0, 4, 4, 4, 4])
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

  it('leaves very many categories to the portable walk', () => {
    const categories = Array.from({ length: CATEGORIES_MAX + 1 }, (_, i) => i)
    const codes = categories.filter((code) => code % 2 === 0)
    const last = { name: 'c', kind: 'categorical' } as const
    const wide = stump({ ...last, categories }, { leftCategories: codes })
    assert.equal(placeForest(forestOf(wide)), null)
    const narrow = stump({ ...last, categories: categories.slice(1) }, { leftCategories: codes })
    assert.notEqual(placeForest(forestOf(narrow)), null)
    for (const model of [wide, narrow]) {
      const rows = Float64Array.from({ length: CATEGORIES_MAX + 4 }, (_, i) => i - 1)
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
    let nPlaced = 0
    for (let seed = 0; seed < 40; seed++) {
      const forest = forestOf(randomModel(seed))
      const placed = placeForest(forest)
      if (placed === null) continue
      nPlaced++
      const starts = placed.columns.map(({ keys }) => keys)
      assert.ok(Math.min(...starts) >= IMAGE_START + placed.image.length)
      assert.ok(placed.rows >= Math.max(...starts) + placed.blockRows * 8)
      assert.equal(placed.chunkRows % placed.blockRows, 0)
      assert.ok(placed.leaves >= placed.rows + placed.chunkRows * forest.nFeatures * 8)
      assert.ok(placed.scores >= placed.leaves + placed.blockRows * 4)
      assert.equal(placed.end, placed.scores + placed.chunkRows * forest.nOutputs * 8)
    }
    assert.ok(nPlaced > 20)
  })
})

describe('BlockMachine', () => {
  it('serves predictors in turns, also one that predicts while rows are read for it', () => {
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
          const other = nNested % 200 === 1 ? 1 : 0
          assert.deepEqual([...predictors[other]!.predictRaw(rows[other]!)], wanted[other])
        }
        return row[0]
      },
    }))
    assert.deepEqual([...predictors[0]!.predictRaw(nesting)], wanted[0])
    assert.ok(nNested >= 300)
  })

  it('walks rows one by one, whoever takes turns, and seldom brings a forest for that', () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const machine = new BlockMachine(memory, loadBlockKernels(memory)!)
    let nEntered = 0
    const enter = machine.enter.bind(machine)
    machine.enter = (placed) => {
      nEntered++
      return enter(placed)
    }
    for (let seed = 0; seed < 30; seed++) {
      const models = [2 * seed, 2 * seed + 1].map((own) => randomModel(own, { nIterations: 9 }))
      const predictors = models.map((model) =>
        new Predictor(model, { iterations: [0, 9] }, machine))
      const rows = models.map((model) => randomRows(seed, model, 200))
      nEntered = 0
      for (let r = 0; r < 200; r++) {
        // The first alone, then both by turns.
        for (const i of r < 100 ? [0] : [0, 1]) {
          const row = rows[i]![r]!
          assert.deepEqual([...predictors[i]!.predictRow(row, 'raw')],
            referenceRaw(models[i]!, row, [0, 9]), `seed ${seed}, model ${i}, row ${r}`)
        }
      }
      assert.ok(nEntered <= 1 + 2 * 100 / 32, `${nEntered} times`)
    }
    assert.ok(nEntered > 2)
  })

  it('is done without where there is no memory', () => {
    const model = randomModel(7, { nIterations: 5, nFeatures: 200 })
    const rows = randomRows(7, model, 300)
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
    const machine = new BlockMachine(memory, loadBlockKernels(memory)!)
    const placed = placeForest(forestOf(model))!
    assert.equal(machine.enter(placed), false)
    const small = new Predictor(model, { iterations: [0, 5] }, machine)
    assert.deepEqual([...small.predictRaw(rows)],
      rows.flatMap((row) => referenceRaw(model, row, [0, 5])))
    assert.notEqual(blockMachine(), null)
  })
})
