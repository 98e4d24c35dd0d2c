import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TestRandom } from '@coppice/testkit'
import { memoryColumns } from '../src/cluster/memory-columns.js'
import { uploadRows } from '../src/cluster/upload-rows.js'
import { MemorySource } from '../src/data/memory.js'
import {
  type CsrMatrix, Dataset, evaluate, GBDTClassifier, GBDTRegressor, train,
} from '../src/index.js'
import { rejects } from './support.js'

/** One of 20 levels of each of 8 categories, a number in some rows, and columns that are 0. */
const nColumns = 170

interface Rows {
  readonly csr: CsrMatrix
  readonly dense: { readonly data: Float64Array, readonly shape: readonly [number, number] }
  readonly labels: readonly number[]
}

function makeRows(nRows: number, seed: number): Rows {
  const random = new TestRandom(seed)
  const values: number[] = []
  const indices: number[] = []
  const indptr = [0]
  const labels: number[] = []
  const dense = new Float64Array(nRows * nColumns)
  for (let row = 0; row < nRows; row++) {
    let score = 0
    const add = (column: number, value: number): void => {
      indices.push(column)
      values.push(value)
      dense[row * nColumns + column] = value + 0
    }
    // in no order
    if (random.below(3) === 0) add(165, random.below(40) === 0 ? NaN : random.normal())
    for (let group = 7; group >= 0; group--) {
      const level = random.below(20)
      add(group * 20 + level, 1)
      score += (level % 5 - 2) / (1 + group)
    }
    if (random.below(50) === 0) add(164, random.below(2) === 0 ? -0 : 3)
    add(160, random.below(5))
    indptr.push(indices.length)
    labels.push(score + random.normal() > 0 ? 1 : 0)
  }
  const csr: CsrMatrix = {
    data: Float64Array.from(values), indices: Int32Array.from(indices),
    indptr: Int32Array.from(indptr), shape: [nRows, nColumns],
  }
  return { csr, dense: { data: dense, shape: [nRows, nColumns] }, labels }
}

describe('sparse matrices', function () {
  this.timeout(60_000)
  const { csr, dense, labels } = makeRows(2500, 3)
  const fresh = makeRows(700, 4)
  const params = { objective: 'binary', numIterations: 8, numLeaves: 9, numThreads: 1 } as const
  const options = {
    weights: labels.map((_, row) => 1 + row % 3), categorical: [160],
    featureNames: Array.from({ length: nColumns }, (_, i) => `x${i}`),
  }

  it('train to the bytes of the dense ones, evaluation sets included', async () => {
    const run = async (
      rows: 'csr' | 'dense', numThreads: number, numRows: number, maxBin = 255,
    ) => {
      const [data, valid] = [
        Dataset.from(rows === 'csr' ? csr : dense, labels, options),
        Dataset.from(fresh[rows], fresh.labels)]
      return (await train(
        { ...params, numThreads, binConstructSampleCnt: numRows, maxBin, minDataInBin: 1 }, data,
        { evalSets: [valid] })).toString()
    }
    const expected = await run('dense', 1, 200_000)
    assert.equal(await run('csr', 1, 200_000), expected)
    assert.equal(await run('csr', 2, 200_000), expected)
    assert.equal(await run('csr', 1, 900), await run('dense', 1, 900))
    assert.notEqual(await run('csr', 1, 900), expected)
    // one column has bins of two bytes
    assert.equal(await run('csr', 2, 200_000, 700), await run('dense', 1, 200_000, 700))
  })

  it('predict what the dense ones do, on any number of threads', async () => {
    const model = await new GBDTClassifier(params).fit(csr, labels)
    const { booster } = model
    const few = Int32Array.from(csr.data, (value) => Number.isNaN(value) ? 2 : value)
    for (const type of ['probability', 'class', 'raw', 'leaf', 'contribution'] as const) {
      const expected = await booster.predict(fresh.dense, { type })
      assert.deepEqual(await booster.predict(fresh.csr, { type }), expected)
      assert.deepEqual(await booster.predict(Dataset.from(fresh.csr), { type }), expected)
      assert.deepEqual(await booster.predict(fresh.csr, { type, numThreads: 2 }), expected)
    }
    const typed = Int32Array.from(fresh.csr.shape) as unknown as readonly [number, number]
    assert.deepEqual(await booster.predict({ ...fresh.csr, shape: typed }),
      await booster.predict(fresh.csr))
    const wide = BigInt64Array.of(2500n, 170n) as unknown as readonly [number, number]
    await rejects(new GBDTClassifier(params).fit({ ...csr, shape: wide }, labels), 'DATA',
      'of shape [the bigint 2500, the bigint 170] must have two whole numbers')
    const linear = await train({ objective: 'regression', numIterations: 4, numLeaves: 6,
      numThreads: 1, linearTree: true }, Dataset.from(csr, labels))
    for (const numThreads of [1, 2]) {
      assert.deepEqual(await linear.predict(fresh.csr, { numThreads }),
        await linear.predict(fresh.dense))
    }
    const { shape } = csr
    const integers = { ...csr, data: few }
    assert.deepEqual(await model.predictProba(integers),
      await model.predictProba({ ...csr, data: Array.from(few) }))
    assert.deepEqual(await model.predict({ ...csr, data: few, shape: [shape[0], nColumns] }),
      await model.predict(integers))
    assert.deepEqual(await model.predictRaw({ data: [], indices: [], indptr: [0],
      shape: [0, nColumns] }), new Float64Array(0))
    await rejects(model.predict({ ...csr, shape: [shape[0], nColumns - 1] }), 'DATA', '169')
  })

  it('are evaluated and scored, labels beside them', async () => {
    const booster = await train(params, Dataset.from(csr, labels, options))
    const of = (rows: 'csr' | 'dense') => Dataset.from(fresh[rows], fresh.labels, {
      weights: fresh.labels.map((_, row) => 1 + row % 2),
    })
    assert.deepEqual(await evaluate(booster, of('csr')), await evaluate(booster, of('dense')))
    // more values than are made at a time
    const many = makeRows(7000, 9)
    const model = await new GBDTRegressor({ numIterations: 3 }).fit(csr, labels)
    assert.equal(await model.score(many.csr, many.labels),
      await model.score(many.dense, many.labels))
    await rejects(model.score(many.csr, labels), 'DATA', '2500 labels for 7000 rows')
  })

  it('go to a cluster without their zeros, to the bytes of a training here', async () => {
    const files = new Map<string, Uint8Array>()
    const upload = (bytes: Uint8Array): Promise<string> => {
      const name = createHash('sha256').update(bytes).digest('hex')
      files.set(name, bytes)
      return Promise.resolve(name)
    }
    const folder = await mkdtemp(path.join(tmpdir(), 'coppice-sparse-'))
    const schema = { x160: 'string', x3: 'bool', x165: 'float' } as const
    const texts = labels.map((label) => label > 0 ? 'late' : 'on time')
    const given = { ...options, schema, initScores: labels.map((_, row) => row % 4 / 8) }
    try {
      const columns = await memoryColumns(new MemorySource(csr, texts, given), null)
      await uploadRows(columns, upload, undefined)
      let nBytes = 0
      for (const [name, bytes] of files) {
        nBytes += bytes.length
        await writeFile(path.join(folder, name), bytes)
      }
      assert.ok(nBytes < csr.data.length * 4 + labels.length * 40, `${nBytes} bytes`)
      const manifest = [...files].find(([, bytes]) => bytes[0] === 0x7b)![0]
      await rename(path.join(folder, manifest), path.join(folder, 'm.json'))
      const opened = await Dataset.open(path.join(folder, 'm.json'), { ...columns.roles, schema })
      assert.equal((await train(params, opened)).toString(),
        (await train(params, Dataset.from(csr, texts, given))).toString())
    } finally {
      await rm(folder, { recursive: true })
    }
    await rejects(memoryColumns(new MemorySource(csr, labels, { schema: { Column_165: 'int' } }),
      null), 'DATA', `'Column_165' of the rows given has the value`)
  })

  it('are refused with the row of what is wrong, wherever it is', async () => {
    const at = (row: number): number => csr.indptr[row]!
    const change = (what: 'data' | 'indices', i: number, value: number): CsrMatrix => {
      const copy = Array.from(csr[what])
      copy[i] = value
      return { ...csr, [what]: copy }
    }
    const fit = (rows: CsrMatrix) => new GBDTClassifier(params).fit(rows, labels)
    await rejects(fit(change('indices', at(2100) + 1, nColumns)), 'DATA',
      `the column index ${nColumns} in row 2100; indices must be whole numbers from 0 to 169`)
    await rejects(fit(change('indices', at(2100) + 1, csr.indices[at(2100)]!)), 'DATA',
      'twice in row 2100')
    await rejects(fit({ ...csr, shape: [2501, nColumns] }), 'DATA', 'rows + 1 values in indptr')
    await rejects(fit(change('data', at(7), null as never)), 'DATA', 'has null in row 7, column')
    await rejects(fit({ ...csr, shape: [2500, 1_000_001] }), 'DATA', 'at most 1000000')
    await rejects(new GBDTClassifier(params).fit(csr, labels.slice(1)), 'DATA', '2499')
    await rejects(
      new GBDTClassifier(params).fit(
        change('data', csr.indices.length - 1, 0.5), labels, { categorical: [160] }),
      'DATA', 'Column_160')
  })
})
