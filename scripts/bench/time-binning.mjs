/** Times what `fit` does with rows in memory before it trains. */
import { createHash } from 'node:crypto'
import { datasetFromMemory } from '@coppice/data'
import { BinningThreads } from '@coppice/engine/threads'
import { csrOf } from './data-files.mjs'

/** The rows of a data set in the forms that callers have them. */
const rowsOf = {
  shared: ({ nFeatures, train: { x, nRows } }) => {
    const data = new Float32Array(new SharedArrayBuffer(x.byteLength))
    data.set(x)
    return { data, shape: [nRows, nFeatures] }
  },
  matrix: ({ nFeatures, train: { x, nRows } }) => ({ data: x, shape: [nRows, nFeatures] }),
  columns: ({ nFeatures, train: { x, nRows } }) =>
    Object.fromEntries(Array.from({ length: nFeatures }, (_, f) => {
      const column = new Float64Array(nRows)
      for (let row = 0, at = f; row < nRows; row++, at += nFeatures) column[row] = x[at]
      return [`Column_${f}`, column]
    })),
  csr: ({ nFeatures, train }) => csrOf(train, nFeatures),
}

const kinds = { binary: 'binary', multiclass: 'class', regression: 'number' }

/**
 * @param {import('./data-files.mjs').BenchData} data
 * @param {keyof typeof rowsOf} form
 * @returns {Promise<{ binMs: number, sha256: string }>}
 */
export async function timeBinning(data, form, nThreads) {
  const { objective, categorical, train: { y, weight } } = data
  const rows = rowsOf[form](data)
  const start = performance.now()
  const binner = new BinningThreads(nThreads)
  const { features, blocks } = await datasetFromMemory(rows, y, {
    labelKind: kinds[objective], binner, categorical: categorical.map((f) => `Column_${f}`),
    ...(weight === null ? {} : { weights: weight }),
  })
  await binner.close()
  const binMs = performance.now() - start
  const digest = createHash('sha256').update(JSON.stringify(features))
  for (const { bins } of blocks) digest.update(bins)
  return { binMs, sha256: digest.digest('hex') }
}
