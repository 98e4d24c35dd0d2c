import assert from 'node:assert/strict'
import { serializeModel } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { Dataset, type LoadProgress, type MemoryRows, train } from '../src/index.js'

/** As many values as are worth threads. */
const nRows = 301_000
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const nColumns = names.length

const random = new TestRandom(4)
const values = Float32Array.from({ length: nRows * nColumns }, (_, i) =>
  i % 5 === 0 && random.below(9) === 0 ? [NaN, 0, -0][random.below(3)]!
    : random.below(i % 3 === 0 ? 30 : 1e6) / 64 - 7)
const labels = Float64Array.from({ length: nRows }, (_, row) =>
  Number(values[row * nColumns]! > values[row * nColumns + 1]!) ^ Number(random.below(10) === 0))

type Buffers = typeof ArrayBuffer | typeof SharedArrayBuffer

function floats(Buffers: Buffers, length: number): Float32Array {
  return new Float32Array(new Buffers(length * 4) as ArrayBuffer)
}

function matrix(Buffers: Buffers): MemoryRows {
  const data = floats(Buffers, values.length)
  data.set(values)
  return { data, shape: [nRows, nColumns] }
}

function columns(Buffers: Buffers): Record<string, ArrayLike<number>> {
  return Object.fromEntries(names.map((name, c) => {
    const column = floats(Buffers, nRows)
    for (let row = 0; row < nRows; row++) column[row] = values[row * nColumns + c]!
    return [name, column]
  }))
}

const words = Array.from({ length: nRows }, (_, row) => ['fig', 'pear', 'plum'][row % 7 % 3]!)

interface Wish {
  readonly threads: number
  readonly linear?: boolean
  readonly categorical?: boolean
}

async function modelOf(X: MemoryRows, { threads, linear = false, categorical = false }: Wish) {
  const options = {
    ...('shape' in X ? { featureNames: names } : {}),
    ...(categorical ? { categorical: ['word'] } : {}),
  }
  const set = Dataset.from(X, labels, options)
  const { model } = await train(
    { objective: 'binary', numIterations: 3, numLeaves: 7, numThreads: threads,
      linearTree: linear },
    set, { evalSets: [{ name: 'same', data: Dataset.from(X, labels, options) }] })
  return serializeModel(model)
}

describe('floats in shared memory', function () {
  this.timeout(60_000)

  it('train to the model of floats that are not, whoever bins them', async () => {
    const expected = await modelOf(columns(ArrayBuffer), { threads: 1 })
    for (const threads of [1, 2, 3]) {
      assert.equal(await modelOf(matrix(SharedArrayBuffer), { threads }), expected)
      assert.equal(await modelOf(columns(SharedArrayBuffer), { threads }), expected)
    }
    assert.equal(await modelOf(matrix(ArrayBuffer), { threads: 2 }), expected)
  })

  it('do so beside texts, and where values are kept', async () => {
    const mixed = (Buffers: Buffers) => ({ ...columns(Buffers), word: words })
    assert.equal(
      await modelOf(mixed(SharedArrayBuffer), { threads: 2, categorical: true }),
      await modelOf(mixed(ArrayBuffer), { threads: 1, categorical: true }))
    assert.equal(
      await modelOf(matrix(SharedArrayBuffer), { threads: 2, linear: true }),
      await modelOf(matrix(ArrayBuffer), { threads: 1, linear: true }))
  })

  it('do so with categories, those of an evaluation set that the training lacks included',
    async () => {
      const kinds = 40
      const other = (own: number): number => own === 3 ? 77 : own === 4 ? -2 : own === 5 ? 2.5
        : own === 6 ? 70_000 : own
      const kindOf = (row: number): number => row % 97 === 0 ? NaN : row * 7919 % 10_007 % kinds
      const tables = (Buffers: Buffers, map: (own: number) => number) => {
        const data = floats(Buffers, nRows * 8)
        for (let row = 0; row < nRows; row++) {
          data.set(values.subarray(row * nColumns, (row + 1) * nColumns), row * 8)
          data[row * 8 + 7] = map(kindOf(row))
        }
        const rows = Array.from({ length: nRows }, (_, row) =>
          Array.from(data.subarray(row * 8, row * 8 + 8)))
        const byName = Object.fromEntries(Array.from({ length: 8 }, (_, c) => {
          const column = floats(Buffers, nRows)
          for (let row = 0; row < nRows; row++) column[row] = data[row * 8 + c]!
          return [`Column_${c}`, column]
        }))
        return { matrix: { data, shape: [nRows, 8] as const }, rows, byName }
      }
      const y = labels.map((own, row) => own ^ Number(kindOf(row) % 5 === 2))
      const train3 = async (X: MemoryRows, evalX: MemoryRows, numThreads: number) => {
        const set = Dataset.from(X, y, { categorical: ['Column_7'] })
        const { model } = await train(
          { objective: 'binary', numIterations: 3, numLeaves: 9, numThreads }, set,
          { evalSets: [{ name: 'other', data: Dataset.from(evalX, y) }] })
        assert.ok(model.trees.some(({ splitFeature }) => splitFeature.includes(7)))
        return serializeModel(model)
      }
      const [own, others] = [tables(ArrayBuffer, (kind) => kind), tables(ArrayBuffer, other)]
      const expected = await train3(own.rows, others.rows, 1)
      const [shared, sharedOthers] =
        [tables(SharedArrayBuffer, (kind) => kind), tables(SharedArrayBuffer, other)]
      for (const form of ['matrix', 'byName'] as const) {
        assert.equal(await train3(own[form], others[form], 1), expected, form)
        for (const threads of [1, 2]) {
          assert.equal(await train3(shared[form], sharedOthers[form], threads), expected, form)
        }
      }
    })

  it('are given up when the caller says so', async () => {
    const giveUp = new AbortController()
    const phases: LoadProgress['phase'][] = []
    const training = train({ objective: 'binary', numIterations: 3, numThreads: 2 },
      Dataset.from(matrix(SharedArrayBuffer), labels), {
        signal: giveUp.signal,
        onLoad: ({ phase }) => {
          phases.push(phase)
          if (phase === 'scan') giveUp.abort()
        },
      })
    await assert.rejects(training, { code: 'ABORTED' })
    assert.ok(!phases.includes('bin'))
  })
})
