/**
 * Data sets as raw little-endian files in a folder, which every contestant reads: the features of
 * each part as float32, row-major, or as the places of the ones in each row; its labels and, where
 * there are any, its weights as float64.
 *
 * @typedef {{ indices: Int32Array, starts: Int32Array }} Ones - a sparse matrix whose values are
 *   all 1: row r has ones in the columns `indices[starts[r] .. starts[r + 1]]`, ascending
 * @typedef {{ nRows: number, x: Float32Array | null, ones: Ones | null, y: Float64Array,
 *   weight: Float64Array | null }} Part - either x or ones
 * @typedef {{ objective: 'binary' | 'regression' | 'multiclass', nClasses: number,
 *   nFeatures: number, categorical: number[], train: Part, test: Part }} BenchData - categorical:
 *   indices of features that hold codes; nClasses: 1 for regression
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'

const parts = ['train', 'test']

/** The system reads at most 2 GiB at once. */
const bytesAtOnce = 1 << 30

/** Writes a data set. @param {string} dir @param {BenchData} data */
export function writeData(dir, data) {
  mkdirSync(dir, { recursive: true })
  for (const part of parts) {
    const { x, ones, y, weight } = data[part]
    const write = (name, values) => writeFileSync(path.join(dir, `${part}-${name}`), values)
    if (ones === null) {
      write('x.f32', x)
    } else {
      write('indices.i32', ones.indices)
      write('starts.i32', ones.starts)
    }
    write('y.f64', y)
    if (weight !== null) write('weight.f64', weight)
  }
  const { objective, nClasses, nFeatures, categorical, train } = data
  writeFileSync(path.join(dir, 'data.json'), JSON.stringify({
    objective, nClasses, nFeatures, categorical,
    isWeighted: train.weight !== null,
    isSparse: train.ones !== null,
  }))
}

/** Reads what `writeData` wrote. @returns {BenchData} */
export function readData(dir) {
  const { isWeighted, isSparse, ...head } = JSON.parse(
    readFileSync(path.join(dir, 'data.json'), 'utf8'))
  const data = { ...head }
  for (const part of parts) {
    const read = (name, Type) => readNumbers(path.join(dir, `${part}-${name}`), Type)
    const y = read('y.f64', Float64Array)
    data[part] = {
      nRows: y.length,
      x: isSparse ? null : read('x.f32', Float32Array),
      ones: isSparse
        ? { indices: read('indices.i32', Int32Array), starts: read('starts.i32', Int32Array) }
        : null,
      y,
      weight: isWeighted ? read('weight.f64', Float64Array) : null,
    }
  }
  return data
}

/** A file as a typed array, in memory of its own so that it is aligned; of any size. */
export function readNumbers(file, Type) {
  const fd = openSync(file)
  try {
    const buffer = new ArrayBuffer(fstatSync(fd).size)
    for (let at = 0; at < buffer.byteLength;) {
      const wanted = Math.min(bytesAtOnce, buffer.byteLength - at)
      const count = readSync(fd, new Uint8Array(buffer, at, wanted))
      if (count === 0) throw new Error(`${file} became shorter while it was read`)
      at += count
    }
    return new Type(buffer)
  } finally {
    closeSync(fd)
  }
}

/** A sparse part as a user of ours would give it. @returns {import('@coppice/model').CsrMatrix} */
export function csrOf({ nRows, ones: { indices, starts } }, nFeatures) {
  const data = new Float32Array(indices.length).fill(1)
  return { data, indices, indptr: starts, shape: [nRows, nFeatures] }
}

/** The values of rows [first, end) as a row-major matrix, whichever way they are held. */
export function denseRows({ x, ones }, nFeatures, first, end) {
  if (ones === null) return x.subarray(first * nFeatures, end * nFeatures)
  const dense = new Float32Array((end - first) * nFeatures)
  for (let row = first; row < end; row++) {
    for (let i = ones.starts[row]; i < ones.starts[row + 1]; i++) {
      dense[(row - first) * nFeatures + ones.indices[i]] = 1
    }
  }
  return dense
}
