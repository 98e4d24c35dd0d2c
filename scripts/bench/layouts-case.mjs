/**
 * The case `layouts`: what moving rows and building histograms cost in each candidate layout, with
 * nothing else around. Trees are grown level by level with known cuts, so that every candidate
 * does the same work: split each leaf, then build the histogram of the smaller child.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { median } from './compare.mjs'
import { compileAssembly } from './compile-assembly.mjs'
import { makeCandidates } from './layouts/candidates.mjs'
import { BenchMemory } from './layouts/memory.mjs'
import { BenchRandom } from './random.mjs'
import { markdownTable } from './report.mjs'

const shapes = [{ nRows: 1_000_000, nFeatures: 28 }, { nRows: 100_000, nFeatures: 500 }]
const tinyShapes = [{ nRows: 5_000, nFeatures: 28 }, { nRows: 1_000, nFeatures: 500 }]
const levelsOfTrees = [5, 8]
const tinyLevels = [3, 4]

/**
 * @param {object} options - of the command
 * @param {string} dir - a folder for the compiled module
 * @param {(line: string) => void} log
 */
export async function runLayoutsCase({ isTiny, rows, repeats }, dir, log) {
  const wasm = await compileAssembly('layouts/kernels.ts', path.join(dir, 'layouts.wasm'))
  const tables = []
  const results = []
  for (const { nRows, nFeatures } of isTiny ? tinyShapes : shapes) {
    const shape = { nRows: rows ?? nRows, nFeatures }
    const memory = new BenchMemory()
    const { exports: kernels } = await WebAssembly.instantiate(
      wasm, { env: { memory: memory.memory } })
    const made = makeCandidates(kernels, memory, { ...shape, random: new BenchRandom(12_345) })
    for (const levels of isTiny ? tinyLevels : levelsOfTrees) {
      const nLeaves = 2 ** levels
      log(`layouts: ${shape.nRows} x ${shape.nFeatures}, ${nLeaves} leaves`)
      const measured = measure(made, memory, { ...shape, levels, repeats })
      results.push({ ...shape, nLeaves, measured })
      tables.push(tableOf(shape, nLeaves, measured))
    }
  }
  return {
    title: 'layouts: row records and histograms, kernels only, 1 thread',
    markdown: tables.join('\n\n'),
    results,
    failure: null,
  }
}

/** Candidates in turns; the first round warms up and checks that they agree. */
function measure({ candidates, hist, nCells }, memory, { nRows, nFeatures, levels, repeats }) {
  const measured = candidates.map(({ name, keepsContract }) =>
    ({ name, keepsContract, partitionMs: [], histogramMs: [], sha256: '' }))
  for (let round = 0; round <= repeats; round++) {
    for (const [i, candidate] of candidates.entries()) {
      const hash = round === 0 ? createHash('sha256') : null
      const histBytes = nCells * candidate.cellBytes
      const look = () => hash?.update(memory.bytes().subarray(hist, hist + histBytes))
      const clear = () => memory.bytes().fill(0, hist, hist + histBytes)
      const times = growTree(candidate, { nRows, nFeatures, levels, clear, look })
      if (round > 0) {
        measured[i].partitionMs.push(times.partitionMs)
        measured[i].histogramMs.push(times.histogramMs)
      } else {
        measured[i].sha256 = hash.digest('hex')
      }
    }
  }
  const sums = measured.filter(({ keepsContract }) => keepsContract).map(({ sha256 }) => sha256)
  if (new Set(sums).size !== 1) {
    throw new Error(`the histograms of the layouts differ: ${JSON.stringify(measured)}`)
  }
  return measured
}

/** Grows one tree; `look` sees each histogram. Clearing the histogram counts as part of it. */
function growTree(candidate, { nRows, nFeatures, levels, clear, look }) {
  const times = { partitionMs: 0, histogramMs: 0 }
  const timed = (key, work) => {
    const start = performance.now()
    const result = work()
    times[key] += performance.now() - start
    return result
  }
  const histogram = (buffer, first, n) => {
    timed('histogramMs', () => {
      clear()
      candidate.histogram(buffer, first, n)
    })
    look()
  }
  candidate.reset()
  histogram(0, 0, nRows)
  let leaves = [[0, nRows]]
  for (let level = 0; level < levels; level++) {
    const from = level === 0 ? 0 : 2 - (level & 1)
    const to = 1 + (level & 1)
    // 5 has no divisor in common with 28: no feature is split twice.
    const feature = (3 + 5 * level) % nFeatures
    leaves = leaves.flatMap(([first, n]) => {
      if (n < 2) return []
      const nLeft = timed('partitionMs', () => candidate.partition(from, to, first, n, feature))
      if (nLeft * 2 <= n) histogram(to, first, nLeft)
      else histogram(to, first + nLeft, n - nLeft)
      return [[first, nLeft], [first + nLeft, n - nLeft]]
    })
  }
  return times
}

function tableOf({ nRows, nFeatures }, nLeaves, measured) {
  const rows = measured.map(({ name, keepsContract, partitionMs, histogramMs, sha256 }) => {
    const sums = partitionMs.map((ms, i) => ms + histogramMs[i])
    return [name, median(partitionMs).toFixed(1), median(histogramMs).toFixed(1),
      median(sums).toFixed(1), `${sha256.slice(0, 16)}${keepsContract ? '' : ' (other sums)'}`]
  })
  const header = ['layout', 'partition ms', 'histogram ms', 'sum ms', 'SHA-256 of the histograms']
  return `${nRows} x ${nFeatures}, ${nLeaves} leaves:\n\n${markdownTable(header, rows)}`
}
