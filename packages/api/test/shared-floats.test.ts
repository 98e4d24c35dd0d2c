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
