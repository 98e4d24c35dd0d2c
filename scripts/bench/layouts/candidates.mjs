/**
 * The candidates: where a layout keeps its rows, how it builds a histogram and how it splits a
 * leaf. A leaf is a range [first, first + n) of one of three buffers; the first holds all rows and
 * is never written, the others take turns.
 *
 * @typedef {object} Candidate
 * @property {string} name
 * @property {boolean} keepsContract - exact sums and counts; such candidates agree to the bit
 * @property {number} cellBytes - of a bin in the histogram
 * @property {() => void} reset - before a tree
 * @property {(buffer: number, first: number, n: number) => void} histogram - adds the rows
 * @property {(from: number, to: number, first: number, n: number, feature: number) => number}
 *   partition - returns how many rows go left
 */

const tileWords = 16 // 64 bins: one cache line of a record.

/**
 * Fills a memory with random rows in the form of each candidate.
 *
 * @param {object} kernels - exports of kernels.ts
 * @param {import('./memory.mjs').BenchMemory} memory
 * @param {{ nRows: number, nFeatures: number, random: object }} shape - features a multiple of 4
 * @returns {{ candidates: Candidate[], hist: number, nCells: number }} - cells of a histogram
 */
export function makeCandidates(kernels, memory, { nRows, nFeatures, random }) {
  const nWords = nFeatures / 4
  const carriedBytes = nFeatures + 12
  const table = memory.take(256)
  const hist = memory.take(nFeatures * 4096)
  const pairs = memory.take(nRows * 8)
  const columns = memory.take(nRows * nFeatures)
  memory.fillTable(table)
  const rows = { nRows, nFeatures, pairs, columns }
  memory.fillRows(rows, random)
  const shared = { kernels, memory, rows, nWords, table, hist }
  const carried = (name, stride, histogram) =>
    recordCandidate(shared, { name, stride, isCarried: true, histogram })
  const byWord = (at, n, stride) => kernels.histCarried(hist, at, n, stride, nWords)
  const byByte = nFeatures === 28
    ? (at, n, stride) => kernels.histBytes28(hist, at, n, stride)
    : (at, n, stride) => kernels.histBytes(hist, at, n, stride, nWords)
  const gather = (at, n, stride, w0, w1) =>
    kernels.histGather(hist, at, n, stride, nWords, w0, w1, pairs)
  const list = [
    carried(`carried, ${carriedBytes} bytes`, carriedBytes, byWord),
    ...(nFeatures === 28 ? [carried('carried, 48 bytes', 48, byWord)] : []),
    carried(`carried, ${carriedBytes} bytes, byte loads`, carriedBytes, byByte),
    recordCandidate(shared, { name: 'gathered by row id', stride: nFeatures + 4,
      histogram: (at, n, stride) => gather(at, n, stride, 0, nWords) }),
    recordCandidate(shared, { name: 'gathered, feature tiles', stride: nFeatures + 4,
      histogram: (at, n, stride) => inTiles(nWords, (w0, w1) => gather(at, n, stride, w0, w1)) }),
    indexCandidate(shared, { name: 'index list', splitsColumn: false, isTiled: false }),
    indexCandidate(shared,
      { name: 'index list, split column', splitsColumn: true, isTiled: false }),
    indexCandidate(shared,
      { name: 'index list, feature tiles', splitsColumn: true, isTiled: true }),
    recordCandidate(shared, { name: 'packed 16-bit, no counts', stride: nFeatures + 4,
      isPacked: true,
      histogram: (at, n, stride) => kernels.histPacked(hist, at, n, stride, nWords) }),
  ]
  return { candidates: list, hist, nCells: nFeatures * 256 }
}

function inTiles(nWords, call) {
  for (let w0 = 0; w0 < nWords; w0 += tileWords) call(w0, Math.min(nWords, w0 + tileWords))
}

/** Records move: all rows of a leaf lie side by side. */
function recordCandidate(shared, { name, stride, isCarried = false, isPacked = false, histogram }) {
  const { kernels, memory, rows, table } = shared
  const { nRows } = rows
  const take = () => memory.take(nRows * stride)
  const form = isPacked ? 'packed' : isCarried ? 'carried' : 'row id'
  // Candidates of one form and stride share the rows, which are never written.
  const key = `${form} ${stride}`
  memory.kept[key] ??= { buffers: [take(), take(), take()],
    sides: isPacked ? [0, 0, 0].map(() => memory.take(nRows * 8)) : [0, 0, 0], isFilled: false }
  const { buffers, sides, isFilled } = memory.kept[key]
  if (!isFilled) memory.fillRecords(buffers[0], stride, rows, form)
  memory.kept[key].isFilled = true
  const partitionOf = { 40: kernels.part40, 48: kernels.part48 }[stride]
  return {
    name,
    keepsContract: !isPacked,
    cellBytes: isPacked ? 8 : 16,
    reset: () => {},
    histogram: (buffer, first, n) => histogram(buffers[buffer] + first * stride, n, stride),
    partition(from, to, first, n, feature) {
      const src = buffers[from] + first * stride
      const dst = buffers[to] + first * stride
      if (partitionOf !== undefined) return partitionOf(dst, src, n, feature, table)
      const side = isPacked ? sides[from] + first * 8 : 0
      const sideDst = isPacked ? sides[to] + first * 8 : 0
      return stride === 32
        ? kernels.part32(dst, src, n, feature, table, sideDst, side)
        : kernels.partLong(dst, src, n, stride, feature, table, sideDst, side)
    },
  }
}

/** Lists of row ids move; rows and gradient pairs stay. */
function indexCandidate(shared, { name, splitsColumn, isTiled }) {
  const { kernels, memory, rows, nWords, table, hist } = shared
  const { nRows, nFeatures, pairs, columns } = rows
  const stride = nFeatures + 4
  const records = memory.kept[`row id ${stride}`].buffers[0]
  memory.kept.ids ??= [0, 0, 0].map(() => memory.take(nRows * 4))
  const ids = memory.kept.ids
  return {
    name,
    keepsContract: true,
    cellBytes: 16,
    reset: () => memory.fillIds(ids[0], nRows),
    histogram(buffer, first, n) {
      const call = (w0, w1) => kernels.histIndex(
        hist, ids[buffer] + first * 4, n, records, stride, w0, w1, pairs)
      if (isTiled) inTiles(nWords, call)
      else call(0, nWords)
    },
    partition: (from, to, first, n, feature) => kernels.partIndex(
      ids[to] + first * 4, ids[from] + first * 4, n,
      splitsColumn ? columns + feature * nRows : records + feature, splitsColumn ? 1 : stride,
      table),
  }
}
