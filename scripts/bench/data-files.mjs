/**
 * Data sets as raw little-endian files in a folder, which every contestant reads: the features of
 * each part as float32, row-major, its labels and, where there are any, its weights as float64.
 *
 * @typedef {{ nRows: number, x: Float32Array, y: Float64Array, weight: Float64Array | null }} Part
 * @typedef {{ objective: 'binary' | 'regression', nFeatures: number, categorical: number[],
 *   train: Part, test: Part }} BenchData - categorical: indices of features that hold codes
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const parts = ['train', 'test']

/** Writes a data set. @param {string} dir @param {BenchData} data */
export function writeData(dir, data) {
  mkdirSync(dir, { recursive: true })
  for (const part of parts) {
    const { x, y, weight } = data[part]
    writeFileSync(path.join(dir, `${part}-x.f32`), x)
    writeFileSync(path.join(dir, `${part}-y.f64`), y)
    if (weight !== null) writeFileSync(path.join(dir, `${part}-weight.f64`), weight)
  }
  writeFileSync(path.join(dir, 'data.json'), JSON.stringify({
    objective: data.objective,
    nFeatures: data.nFeatures,
    categorical: data.categorical,
    isWeighted: data.train.weight !== null,
  }))
}

/** Reads what `writeData` wrote. @returns {BenchData} */
export function readData(dir) {
  const { isWeighted, ...head } = JSON.parse(readFileSync(path.join(dir, 'data.json'), 'utf8'))
  const data = { ...head }
  for (const part of parts) {
    const x = readNumbers(path.join(dir, `${part}-x.f32`), Float32Array)
    const y = readNumbers(path.join(dir, `${part}-y.f64`), Float64Array)
    const weight = isWeighted
      ? readNumbers(path.join(dir, `${part}-weight.f64`), Float64Array) : null
    data[part] = { nRows: y.length, x, y, weight }
  }
  return data
}

/** A file as a typed array, in memory of its own so that it is aligned. */
export function readNumbers(file, Type) {
  const bytes = readFileSync(file)
  const buffer = new ArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return new Type(buffer)
}
