/** The training rows of a data set as Parquet files: what clusters read. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { openTableFile } from '@coppice/data/node'

/** Partitions of a training set: several for each worker. */
export const nPartitions = 8

/** Rows that are taken out of the matrix at a time. */
const rowsAtOnce = 16_384

/** The folder of the partitions of the data set in `dir`. */
export function parquetFolder(dir) {
  return path.join(dir, 'train')
}

/** Where the label is. Features are f0, f1, ... */
export const labelColumn = 'y'

/** @param {number} feature - its index */
export const featureColumn = (feature) => `f${feature}`

/** Bounds of the partitions: as equal as can be, in the order of the rows. */
export function partitionBounds(nRows) {
  return Array.from({ length: nPartitions + 1 }, (_, p) => Math.floor((nRows * p) / nPartitions))
}

/**
 * Writes the partitions, the same values as in `writeData`: features as doubles, codes of
 * categories and labels of classes as integers.
 *
 * @param {string} dir - of the data set
 * @param {import('./data-files.mjs').BenchData} data
 */
export async function writeParquet(dir, { objective, nFeatures, categorical, train }) {
  const folder = parquetFolder(dir)
  mkdirSync(folder, { recursive: true })
  const columns = Array.from({ length: nFeatures }, (_, f) =>
    ({ name: featureColumn(f), type: categorical.includes(f) ? 'int' : 'float' }))
  columns.push({ name: labelColumn, type: objective === 'binary' ? 'int' : 'float' })
  const bounds = partitionBounds(train.nRows)
  for (let p = 0; p < nPartitions; p++) {
    const file = await openTableFile(
      path.join(folder, `part-${p}.parquet`), columns, bounds[p + 1] - bounds[p])
    for (let first = bounds[p]; first < bounds[p + 1]; first += rowsAtOnce) {
      const end = Math.min(bounds[p + 1], first + rowsAtOnce)
      await file.write(chunksOf(columns, train, first, end))
    }
    await file.commit()
  }
}

function chunksOf(columns, { x, y }, first, end) {
  const nFeatures = columns.length - 1
  return columns.map(({ type }, f) => {
    if (f === nFeatures) return { type, values: y.slice(first, end) }
    const values = new Float64Array(end - first)
    for (let row = first; row < end; row++) values[row - first] = x[row * nFeatures + f]
    return { type, values }
  })
}
