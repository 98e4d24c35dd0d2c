/** Rows as Parquet files for whole processes: with the types that the files of a user have. */
import path from 'node:path'
import { flightsFiles, flightsTable } from './flights-data.mjs'
import { featureColumn, labelColumn } from './parquet-data.mjs'

/**
 * @typedef {object} FilesOfCase
 * @property {string[]} train - paths of Parquet files
 * @property {string[]} test
 * @property {string} label - its column
 * @property {{ y: Float64Array, weight: null, nRows: number }} testRows - for the metrics
 */

/**
 * Writes a data set of numbers, one file for each part, float32.
 *
 * @param {string} dir
 * @param {import('./data-files.mjs').BenchData} data
 * @returns {Promise<FilesOfCase>}
 */
export async function writeNumbers(dir, { objective, nFeatures, train, test }) {
  const labelType = objective === 'binary' ? 'INT32' : 'DOUBLE'
  const write = async (name, { nRows, x, y }) => {
    const columns = Array.from({ length: nFeatures }, (_, f) => ({
      name: featureColumn(f),
      data: Float32Array.from({ length: nRows }, (_, row) => x[row * nFeatures + f]),
      type: 'FLOAT',
    }))
    const label = { name: labelColumn, data: Array.from(y), type: labelType }
    return [await writeFile(path.join(dir, `${name}.parquet`), [...columns, label])]
  }
  return {
    train: await write('train', train), test: await write('test', test), label: labelColumn,
    testRows: test,
  }
}

/**
 * The flights: their files as they are, or, where fewer rows are asked for, the first of them.
 *
 * @returns {Promise<FilesOfCase>}
 */
export async function flightsInFiles(dir, { nTrain = Infinity, nTest = Infinity }) {
  const filesOf = async (part, nRows) => {
    if (nRows === Infinity) return flightsFiles(part)
    const columns = Object.entries(await flightsTable(part, nRows)).map(([name, data]) =>
      ({ name, data, type: typeof data[0] === 'string' ? 'STRING' : 'INT32' }))
    return [await writeFile(path.join(dir, `${part}.parquet`), columns)]
  }
  const { delayed } = await flightsTable('test', nTest)
  return {
    train: await filesOf('train', nTrain), test: await filesOf('test', nTest), label: 'delayed',
    testRows: { nRows: delayed.length, y: Float64Array.from(delayed), weight: null },
  }
}

async function writeFile(filename, columns) {
  const { parquetWriteFile } = await import('hyparquet-writer')
  const columnData = columns.map((column) => ({ ...column, nullable: false, statistics: false }))
  await parquetWriteFile({ filename, columnData, rowGroupSize: 131_072 })
  return filename
}
