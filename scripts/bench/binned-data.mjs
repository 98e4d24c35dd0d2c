/**
 * Bins a data set on one thread: with the engine's own functions from the same row-major float32
 * array that the others are given, so that no reader or loader has a part; sparse matrices as the
 * library does.
 */
import { datasetFromMemory } from '@coppice/data'
import {
  binCodes, binLookup, binValues, CategorySample, findCategoricalBins, findNumericBins,
  sampledOffsets, sampleRule, ValueSample,
} from '@coppice/engine'

/** LightGBM's defaults, which are ours too. */
const sampleCount = 200_000
const dataRandomSeed = 1
const binOptions = { maxBin: 255, minDataInBin: 3 }
const missing = { useMissing: true, zeroAsMissing: false }

/** Columns that are taken out of the rows at a time: few enough to need little memory. */
const columnsAtOnce = 32
/** Rows binned before the next column: their bytes stay in the second-level cache. */
const rowsAtOnce = 2048

/**
 * Bins a sparse matrix.
 *
 * @param {import('@coppice/model').CsrMatrix} rows
 * @param {import('./data-files.mjs').Part} part - their labels
 */
export function binSparse(rows, { y }) {
  return datasetFromMemory(rows, y, { labelKind: 'binary' })
}

/**
 * @param {import('./data-files.mjs').BenchData} data - dense
 * @returns {import('@coppice/engine').BinnedDataset} of the training rows, on SharedArrayBuffers,
 *   so that threads read them without a copy
 */
export function binData({ nFeatures, categorical, train, test }) {
  const { nRows } = train
  const offsets = sampledOffsets(sampleRule(nRows, sampleCount, dataRandomSeed), 0, nRows)
  const bins = new Uint8Array(new SharedArrayBuffer(nRows * nFeatures))
  const features = []
  for (let first = 0; first < nFeatures; first += columnsAtOnce) {
    const end = Math.min(nFeatures, first + columnsAtOnce)
    const columns = takeColumns({ ...train, nFeatures, categorical }, first, end)
    const found = columns.map((column, c) => categorical.includes(first + c)
      ? categoricalFeature(first + c, column, offsets, [train.x, test.x], nFeatures)
      : numericFeature(first + c, column, offsets))
    binGroup(found, columns, bins, first, nFeatures)
    features.push(...found)
  }
  return {
    nRows,
    features,
    blocks: [{ firstRow: 0, nRows, bins }],
    label: shared(train.y),
    classes: null,
    weight: train.weight === null ? null : shared(train.weight),
    initScore: null,
    groupSizes: null,
  }
}

function takeColumns({ x, nRows, nFeatures, categorical }, first, end) {
  const columns = Array.from({ length: end - first }, (_, c) =>
    categorical.includes(first + c) ? new Int32Array(nRows) : new Float64Array(nRows))
  for (let start = 0; start < nRows; start += rowsAtOnce) {
    const stop = Math.min(nRows, start + rowsAtOnce)
    for (const [c, column] of columns.entries()) {
      for (let row = start, at = row * nFeatures + first + c; row < stop; row++, at += nFeatures) {
        column[row] = x[at]
      }
    }
  }
  return columns
}

function numericFeature(f, column, offsets) {
  const sample = new ValueSample(offsets === null ? column.length : offsets.length)
  sample.add(column, offsets)
  const { mapper } = findNumericBins(sample.finish(), { ...binOptions, ...missing })
  return { name: `f${f}`, mapper, categories: null }
}

/** The dictionary has every code of both parts: held-out rows may have categories of their own. */
function categoricalFeature(f, column, offsets, parts, nFeatures) {
  const sample = new CategorySample()
  sample.add(column, offsets)
  const { mapper } = findCategoricalBins(sample.finish(), binOptions)
  let largest = 0
  for (const x of parts) {
    for (let at = f; at < x.length; at += nFeatures) largest = Math.max(largest, x[at])
  }
  return { name: `f${f}`, mapper, categories: Array.from({ length: largest + 1 }, (_, i) => i) }
}

function binGroup(features, columns, bins, first, nFeatures) {
  const lookups = features.map(({ mapper }) => binLookup(mapper))
  const nRows = columns[0].length
  for (let start = 0; start < nRows; start += rowsAtOnce) {
    const end = Math.min(nRows, start + rowsAtOnce)
    for (const [c, lookup] of lookups.entries()) {
      const bin = lookup.kind === 'numeric' ? binValues : binCodes
      bin(lookup, columns[c], start, end, bins, start * nFeatures + first + c, nFeatures)
    }
  }
}

function shared(values) {
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}
