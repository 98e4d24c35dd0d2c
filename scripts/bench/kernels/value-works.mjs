/** The kernels that sort, count and merge the values of a column, and those that find bins. */
import { inRoot } from '../../lib/paths.mjs'
import { BenchRandom } from '../random.mjs'
import { copies, reads } from './work-limits.mjs'

const engine = (file) => import(inRoot('packages/engine/dist/src', file))
const { SORT_COUNT_BYTES } = await engine('kernels/api.js')
const { binLookup, binOfCode, binOfValue } = await engine('binning/bin-values.js')
const { cellSearch } = await engine('binning/cell-search.js')

/** About as many as a thread samples of a column. */
const valuesOfSample = 65_536
/** Rows are binned a tile at a time, which stays in the cache; so many bytes are a row. */
const rowsOfTile = 2048
const rowBytes = 28
const nBins = 255
const nCodes = 1000
/** One code in so many is not known. */
const unknownEvery = 64

/**
 * Columns whose bounds are searched in each way: the farther their values are from 0, the more
 * uneven are bounds with as many values between each two. Products and roots only, which are the
 * same everywhere.
 */
const columns = [
  { way: 'short', suffix: '', shape: (x) => x },
  { way: 'long', suffix: 'Long', shape: (x) => x * rootOf(x) * rootOf(rootOf(rootOf(x))) },
  { way: 'curved', suffix: 'Curved', shape: (x) => x * x * x },
]
/** Bounds are those of a sample of its own: they do not depend on what was drawn before. */
const seedOfBounds = 6

/** @returns {import('./work.mjs').Work[]} */
export function valueWorks(memory, { nRows }) {
  const normals = Float64Array.from({ length: nRows }, () => memory.random.normal())
  const places = {
    nRows, normals, values: memory.reserve(nRows * 8), counts: memory.reserve(nRows * 4),
    scratch: memory.reserve(valuesOfSample * 8), digits: memory.reserve(SORT_COUNT_BYTES),
  }
  const works = [
    keepWork(memory, places), sortWork(memory, places), countWork(memory, places),
    mergeWork(memory, places),
    ...searchWorks(memory, places), codesWork(memory, places),
  ]
  return works.map(({ isRight, ...work }) => {
    work.before?.()
    work.run()
    if (!isRight()) throw new Error(`${work.name}: not what it should be`)
    return work
  })
}

function rootOf(x) {
  return Math.sqrt(Math.abs(x))
}

/** Calls f(first, count) for each so many of n. */
function byPiece(n, atOnce, f) {
  for (let first = 0; first < n; first += atOnce) f(first, Math.min(atOnce, n - first))
}

/** Values f(x), in ascending order within each piece. */
function sortedPieces(normals, atOnce, f) {
  const values = normals.map(f)
  byPiece(values.length, atOnce, (first, n) => values.subarray(first, first + n).sort())
  return values
}

/** Every eighth value is 0, and some are NaN. */
function keepWork(memory, { nRows, normals, values, counts }) {
  const { kernels } = memory
  const sampled = normals.map((x, i) => (i % 8 === 0 ? 0 : i % 101 === 0 ? NaN : x))
  const lengths = new Int32Array(Math.ceil(nRows / valuesOfSample))
  const kept = (piece) =>
    memory.doubles(values + piece * valuesOfSample * 8, lengths[piece])
  return {
    name: 'keepStored', kernels: ['keepStored'], unit: 'value', nUnits: nRows,
    before: () => memory.doubles(values, nRows).set(sampled),
    run: () => byPiece(nRows, valuesOfSample, (first, n) => {
      lengths[first / valuesOfSample] = kernels.keepStored(values + first * 8, n, counts)
    }),
    result: () => Array.from(lengths, (n, piece) =>
      memory.bytes(values + piece * valuesOfSample * 8, n * 8)),
    limit: copies(8, nRows),
    isRight: () => {
      let isRight = true
      byPiece(nRows, valuesOfSample, (first, n) => {
        const own = sampled.subarray(first, first + n).filter((x) => x === x && x !== 0)
        const found = kept(first / valuesOfSample)
        isRight &&= own.length === found.length && own.every((x, i) => x === found[i])
      })
      return isRight
    },
  }
}

function sortWork(memory, { nRows, normals, values, scratch, digits }) {
  const { kernels } = memory
  return {
    name: 'sortValues', kernels: ['sortValues'], unit: 'value', nUnits: nRows,
    before: () => memory.doubles(values, nRows).set(normals),
    run: () => byPiece(nRows, valuesOfSample, (first, n) =>
      kernels.sortValues(values + first * 8, scratch, n, digits)),
    result: () => [memory.bytes(values, nRows * 8)],
    limit: copies(8, nRows),
    isRight: () => {
      const expected = sortedPieces(normals, valuesOfSample, (x) => x)
      return memory.doubles(values, nRows).every((value, i) => value === expected[i])
    },
  }
}

/** Thousandths, of which many are alike. */
function countWork(memory, { nRows, normals, values, counts }) {
  const { kernels } = memory
  const sorted = sortedPieces(normals, valuesOfSample, (x) => Math.round(x * 1000) / 1000)
  const lengths = new Int32Array(Math.ceil(nRows / valuesOfSample))
  const results = (array) => Array.from(lengths, (n, piece) => array(piece * valuesOfSample, n))
  return {
    name: 'countDistinct', kernels: ['countDistinct'], unit: 'value', nUnits: nRows,
    before: () => memory.doubles(values, nRows).set(sorted),
    run: () => byPiece(nRows, valuesOfSample, (first, n) => {
      lengths[first / valuesOfSample] =
        kernels.countDistinct(values + first * 8, counts + first * 4, n)
    }),
    result: () => [
      ...results((first, n) => memory.bytes(values + first * 8, n * 8)),
      ...results((first, n) => memory.bytes(counts + first * 4, n * 4)),
    ],
    limit: reads(8, nRows),
    isRight: () => results((first, n) => areCounts(
      memory.doubles(values + first * 8, n), memory.words(counts + first * 4, n),
      sorted.subarray(first, first + valuesOfSample))).every((isRight) => isRight),
  }
}

/** @returns {Map<number, number>} how often each value occurs, in the order of the values */
function countedOf(values) {
  const counted = new Map()
  for (const value of values) counted.set(value, (counted.get(value) ?? 0) + 1)
  return counted
}

/** Whether these are the distinct ones of some values, in ascending order, and their numbers. */
function areCounts(found, counts, values) {
  const expected = countedOf(values)
  return found.length === expected.size && found.every((value, i) =>
    counts[i] === expected.get(value) && (i === 0 || value > found[i - 1]))
}

/** Lists of distinct values with their counts, one after another, each where its rows are. */
function placeLists(memory, nRows, normals, atOnce) {
  const sorted = sortedPieces(normals, atOnce, (x) => x)
  const lists = { values: new Float64Array(nRows), counts: new Uint32Array(nRows), lengths: [] }
  byPiece(nRows, atOnce, (first, n) => {
    const counted = countedOf(sorted.subarray(first, first + n))
    lists.values.set([...counted.keys()], first)
    lists.counts.set([...counted.values()], first)
    lists.lengths.push(counted.size)
  })
  // the one without a partner gets an empty one
  if (lists.lengths.length % 2 === 1) lists.lengths.push(0)
  return {
    values: memory.put(lists.values), counts: memory.put(lists.counts), lengths: lists.lengths,
  }
}

/** Lists of samples in pairs. */
function mergeWork(memory, { nRows, normals, values, counts }) {
  const { kernels } = memory
  const atOnce = Math.min(valuesOfSample, Math.ceil(nRows / 2))
  const lists = placeLists(memory, nRows, normals, atOnce)
  const { lengths } = lists
  const merged = new Int32Array(lengths.length / 2)
  const results = (array) => Array.from(merged, (n, pair) => array(2 * pair * atOnce, n))
  const nUnits = lengths.reduce((sum, length) => sum + length, 0)
  return {
    name: 'mergeCounted', kernels: ['mergeCounted'], unit: 'value', nUnits,
    run: () => {
      for (let pair = 0; pair < merged.length; pair++) {
        const first = 2 * pair * atOnce
        const second = first + atOnce
        merged[pair] = kernels.mergeCounted(
          values + first * 8, counts + first * 4,
          lists.values + first * 8, lists.counts + first * 4, lengths[2 * pair],
          lists.values + second * 8, lists.counts + second * 4, lengths[2 * pair + 1])
      }
    },
    result: () => [
      ...results((first, n) => memory.bytes(values + first * 8, n * 8)),
      ...results((first, n) => memory.bytes(counts + first * 4, n * 4)),
    ],
    limit: copies(12, nUnits),
    isRight: () => results((first, n) => areCounts(
      memory.doubles(values + first * 8, n), memory.words(counts + first * 4, n),
      normals.subarray(first, first + 2 * atOnce))).every((isRight) => isRight),
  }
}

/**
 * Finds bins tile by tile, each tile as another feature of the same rows.
 *
 * @param {(out: number, first: number, n: number) => void} find
 * @param {(row: number) => number} expected - its bin
 */
function binningWork(memory, { name, nRows, bytes }, find, expected) {
  const tile = memory.reserve(rowsOfTile * rowBytes)
  return {
    name, kernels: [name], unit: 'value', nUnits: nRows,
    before: () => memory.bytes(tile, rowsOfTile * rowBytes).fill(0),
    run: () => {
      let feature = 0
      for (let first = 0; first < nRows; first += rowsOfTile) {
        find(tile + feature, first, Math.min(rowsOfTile, nRows - first))
        feature = feature + 1 === rowBytes ? 0 : feature + 1
      }
    },
    result: () => [memory.bytes(tile, rowsOfTile * rowBytes)],
    limit: reads(bytes + 1, nRows),
    isRight: () => {
      const found = memory.bytes(tile, rowsOfTile * rowBytes)
      // others wrote over what was found for rows before
      const last = Math.ceil(nRows / rowsOfTile) - rowBytes
      for (let row = Math.max(0, last) * rowsOfTile; row < nRows; row++) {
        const feature = Math.floor(row / rowsOfTile) % rowBytes
        if (found[row % rowsOfTile * rowBytes + feature] !== expected(row)) return false
      }
      return new Set(found).size > Math.min(nRows, nBins) / 4
    },
  }
}

/** Bounds with as many of these values between each two. */
function lookupOf(sorted) {
  const upperBounds = Float64Array.from({ length: nBins }, (_, i) =>
    i + 1 < nBins ? sorted[Math.floor((i + 1) * sorted.length / nBins)] : Infinity)
  return binLookup({
    kind: 'numeric', missing: 'none', upperBounds, nBins, zeroBin: upperBounds.findIndex((x) =>
      x >= 0),
  })
}

function searchWorks(memory, { nRows, normals }) {
  const { kernels } = memory
  const random = new BenchRandom(seedOfBounds)
  const sample = Float64Array.from({ length: valuesOfSample }, () => random.normal()).sort()
  return columns.flatMap(({ way, suffix, shape }) => {
    const lookup = lookupOf(sample.map(shape))
    const search = cellSearch(lookup)
    if (search?.way !== way) throw new Error(`bounds are searched as ${search?.way}, not ${way}`)
    const place = memory.put(search.bytes)
    return [['Doubles', Float64Array], ['Floats', Float32Array]].map(([type, Numbers]) => {
      const name = `search${type}${suffix}`
      const kernel = kernels[name]
      const numbers = Numbers.from(normals, shape)
      const bytes = numbers.BYTES_PER_ELEMENT
      const values = memory.put(numbers)
      return binningWork(memory, { name, nRows, bytes },
        (out, first, n) => kernel(out, rowBytes, values + first * bytes, bytes, n, place),
        (row) => binOfValue(lookup, numbers[row]))
    })
  })
}

function codesWork(memory, { nRows }) {
  const { kernels, random } = memory
  const bins = Uint8Array.from({ length: nCodes }, () => random.next() % nBins)
  const codes = Int32Array.from({ length: nRows }, () =>
    random.next() % unknownEvery === 0 ? -1 : random.next() % nCodes)
  const place = memory.put(bins)
  const values = memory.put(codes)
  const lookup = { bins, otherBin: nBins }
  return binningWork(memory, { name: 'lookUpCodes', nRows, bytes: 4 },
    (out, first, n) => kernels.lookUpCodes(
      out, rowBytes, values + first * 4, n, place, nCodes, lookup.otherBin),
    (row) => binOfCode(lookup, codes[row]))
}
