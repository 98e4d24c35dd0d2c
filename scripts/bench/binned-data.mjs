/**
 * Bins a data set on one thread: with the engine's own functions from the same row-major float32
 * array that the others are given, so that no reader or loader has a part; sparse matrices as the
 * library does.
 */
import { datasetFromMemory } from '@coppice/data'
import {
  binColumns, binLookup, binMatrix, CategorySample, findCategoricalBins, findColumnBins,
  findNumericBins, sampledOffsets, sampleRule, ValueSample,
} from '@coppice/engine'

/** LightGBM's defaults, which are ours too. */
const sampleCount = 200_000
const dataRandomSeed = 1
const binOptions = { maxBin: 255, minDataInBin: 3 }
const missing = { useMissing: true, zeroAsMissing: false }

/** Rows that columns are taken out of before the next ones: they stay in the cache. */
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
export function binData(data) {
  const { nFeatures, categorical, train } = data
  const { nRows } = train
  const offsets = sampledOffsets(sampleRule(nRows, sampleCount, dataRandomSeed), 0, nRows)
  const bins = new Uint8Array(new SharedArrayBuffer(nRows * nFeatures))
  const features = categorical.length === 0
    ? binNumbers(data, offsets, bins) : binMixed(data, offsets, bins)
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

/** Rows of numbers are binned as they are. Returns the features. */
function binNumbers({ nFeatures, train: { x, nRows } }, offsets, bins) {
  const matrix = { data: x, nColumns: nFeatures }
  const all = Array.from({ length: nFeatures }, (_, f) => f)
  const mappers = findColumnBins(
    all.map((start) => ({ data: x, start, stride: nFeatures })),
    all.map(() => ({ ...binOptions, ...missing, filterCount: null })), nRows, offsets)
  const features = mappers.map((mapper, f) => ({ name: `f${f}`, mapper, categories: null }))
  binMatrix(features.map(({ mapper }) => binLookup(mapper)), matrix, all, 0, nRows, bins)
  return features
}

/** Categories and numbers are binned by column. Returns the features. */
function binMixed({ nFeatures, categorical, train, test }, offsets, bins) {
  const columns = takeColumns({ ...train, nFeatures, categorical }, 0, nFeatures)
  const features = columns.map((column, f) => {
    if (categorical.includes(f)) {
      return categoricalFeature(f, column, offsets, [train.x, test.x], nFeatures)
    }
    const sample = new ValueSample(offsets === null ? column.length : offsets.length)
    sample.add(column, offsets)
    return numericFeature(f, sample.finish())
  })
  binColumns(features.map(({ mapper }) => binLookup(mapper)), columns, train.nRows, bins)
  return features
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

function numericFeature(f, sample) {
  const { mapper } = findNumericBins(sample, { ...binOptions, ...missing })
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

function shared(values) {
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}
