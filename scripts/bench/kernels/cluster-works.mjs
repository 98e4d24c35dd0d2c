/**
 * What the kernels that pack and unpack sums are given to do: the cells of one range, as many as
 * one may have, again and again.
 *
 * @typedef {import('./work.mjs').Work} Work
 * @typedef {import('./bench-memory.mjs').BenchMemory} BenchMemory
 */
import { inRoot } from '../../lib/paths.mjs'
import { copies, reads } from './work-limits.mjs'

const wire = (file) => import(inRoot('packages/cluster/dist/src/wire', file))
const { RANGE_CELLS_MAX } = await wire('sum-chunks.js')
const { SLACK } = await wire('sum-kernels.js')

/** Of the cells of a leaf that is not large. */
const filledShare = 0.4

/**
 * @param {BenchMemory} memory - nothing is in it
 * @param {{ nRows: number }} shape - so many cells are worked on, in ranges
 * @returns {Work[]}
 */
export function clusterWorks(memory, { nRows }) {
  // whole words of bitmaps
  const n = Math.max(64, Math.min(RANGE_CELLS_MAX, nRows) & ~63)
  const range = makeRange(memory, n)
  const times = Math.max(1, Math.round(nRows / n))
  /** Makes a work of many runs of a kernel, each of so many units. */
  const workOf = ({ name, kernel = name, unit, nUnits, run, result, limit, again = 1 }) => ({
    name, kernels: [kernel], unit, nUnits: nUnits * times * again,
    run: () => { for (let time = 0; time < times * again; time++) run() },
    result: () => result.map(([at, nBytes]) => memory.bytes(at, nBytes)),
    limit,
  })
  return [
    ...surveyWorks(memory.kernels, range), ...sparseWorks(memory.kernels, range),
    ...narrowWorks(memory.kernels, range), ...widenWorks(memory.kernels, range),
  ].map(workOf)
}

/** The planes of a range of which less than half the cells are filled, and what is made of it. */
function makeRange(memory, n) {
  const { random, kernels } = memory
  const plane = (nBytes) => memory.reserve(nBytes * (n + SLACK))
  const range = {
    n, nWords: n >> 6, stats: memory.reserve(64), bitmap: memory.reserve(n / 8 + 8),
    gradients: plane(8), hessians: plane(8), counts: plane(4),
    stored: plane(8), storedCounts: plane(4), lows: plane(4), highs: plane(4), pieces: plane(4),
    spread: plane(8), spreadCounts: plane(4), wide: plane(8), words: plane(4), nFilled: 0,
  }
  for (let cell = 0; cell < n; cell++) {
    if (random.uniform() >= filledShare) continue
    // Counts of three bytes; sums of five, as most are.
    const count = 1 + random.next() % 100_000
    memory.longs(range.gradients + cell * 8, 1)[0] =
      BigInt(Math.round(random.normal() * count * 2 ** 18))
    memory.longs(range.hessians + cell * 8, 1)[0] =
      BigInt(Math.round((1 + random.uniform()) * count * 2 ** 20))
    memory.words(range.counts + cell * 4, 1)[0] = count
    range.nFilled++
  }
  const { gradients, hessians, counts, stats, bitmap } = range
  const nFound = kernels.survey(stats, bitmap, gradients, hessians, counts, n)
  if (nFound !== range.nFilled) throw new Error(`survey: ${nFound} cells of ${range.nFilled}`)
  kernels.compact64(range.stored, gradients, bitmap, range.nWords)
  kernels.compact32(range.storedCounts, counts, bitmap, range.nWords)
  kernels.lows(range.lows, gradients, n)
  kernels.highs(range.highs, gradients, n)
  kernels.narrow(range.pieces, counts, n, 2, 0)
  return range
}

/** What takes in whole planes. */
function surveyWorks(kernels, range) {
  const { n, nWords, nFilled, stats, bitmap, gradients, hessians, counts } = range
  const nBytes = n * 8
  return [
    {
      name: 'survey', unit: 'cell', nUnits: n,
      run: () => {
        const nFound = kernels.survey(stats, bitmap, gradients, hessians, counts, n)
        if (nFound !== nFilled) throw new Error(`survey: ${nFound} cells of ${nFilled}`)
      },
      result: [[stats, 32], [bitmap, n / 8]],
      limit: reads(20, n),
    },
    {
      name: 'checksum', unit: 'byte', nUnits: nBytes,
      run: () => kernels.checksum(stats, gradients, nBytes),
      result: [[stats, 64]],
      limit: reads(1, nBytes, '1 byte read'),
    },
    {
      // A range has so few of these that it takes many to be measured.
      name: 'countBits', unit: 'word of 64 bits', nUnits: nWords, again: 100,
      run: () => {
        const nFound = kernels.countBits(bitmap, nWords)
        if (nFound !== nFilled) throw new Error(`countBits: ${nFound} bits of ${nFilled}`)
      },
      result: [[bitmap, n / 8]],
      limit: reads(8, nWords),
    },
  ]
}

/** Filled cells side by side, and back. */
function sparseWorks(kernels, range) {
  const { n, nWords, nFilled, bitmap, gradients, counts } = range
  const { stored, storedCounts, spread, spreadCounts } = range
  const work = (name, width, dst, src, nWritten) => ({
    name, unit: 'filled cell', nUnits: nFilled,
    run: () => kernels[name](dst, src, bitmap, nWords),
    result: [[dst, nWritten * width]],
    limit: copies(width, nFilled),
  })
  return [
    work('compact64', 8, stored, gradients, nFilled),
    work('compact32', 4, storedCounts, counts, nFilled),
    work('expand64', 8, spread, stored, n),
    work('expand32', 4, spreadCounts, storedCounts, n),
  ]
}

/** Works that make another plane of one: of n values, so many bytes each. */
function planeWork(n) {
  return (name, read, written, to, run) => ({
    name, kernel: name.split(',')[0], unit: 'value', nUnits: n, run,
    result: [[to, n * written]],
    limit: copies(read, n, written),
  })
}

/** Integers of 8 bytes to words, and words to what holds them. */
function narrowWorks(kernels, { n, gradients, counts, lows, highs, words }) {
  const work = planeWork(n)
  return [
    work('lows', 8, 4, lows, () => kernels.lows(lows, gradients, n)),
    work('highs', 8, 4, highs, () => kernels.highs(highs, gradients, n)),
    work('narrow, to 4 bytes', 4, 4, words, () => kernels.narrow(words, lows, n, 4, 0)),
    work('narrow, to 2 bytes', 4, 2, words, () => kernels.narrow(words, counts, n, 2, 0)),
    work('narrow, to 1 byte', 4, 1, words, () => kernels.narrow(words, counts, n, 1, 16)),
  ]
}

/** Back again. Bytes are or-ed to the halves that are there, as those of three bytes are. */
function widenWorks(kernels, { n, lows, highs, pieces, wide, words }) {
  const work = planeWork(n)
  return [
    work('widen, of 4 bytes', 4, 4, words, () => kernels.widen(words, lows, n, 4, 0, 0, 0)),
    work('widen, of 2 bytes', 2, 4, words, () => kernels.widen(words, pieces, n, 2, 0, 0, 0)),
    work('widen, of 1 byte', 1, 4, words, () => kernels.widen(words, pieces, n, 1, 16, 0, 1)),
    work('join', 8, 8, wide, () => kernels.join(wide, lows, highs, n, 0)),
    work('join, signs alone', 4, 8, wide, () => kernels.join(wide, lows, 0, n, 1)),
  ]
}
