/** Works of the engine on rows that are cut in planes or narrow, and on what rows are made of. */
import { byLeaf, rowsOfLeaf } from './leaf-rows.mjs'
import { copies, reads } from './work-limits.mjs'

const sideBytes = 12
const narrowStride = 8
/** A tile of rows fills a cache line; four rows of other works are as much memory as one of it. */
const tileStride = 64
const tileShare = 4
/** A third of the rows goes left. */
const cutBin = 85
const feature = 3
const nLeaves = 31

/** @returns {import('./work.mjs').Work[]} */
export function rowWorks(memory, { nRows }) {
  const { random } = memory
  const table = memory.put(Uint8Array.from({ length: 256 }, (_, bin) => bin < cutBin ? 1 : 0))
  const randomBytes = (n) => memory.put(Uint8Array.from({ length: n }, () => random.next() >>> 24))
  return [
    ...narrowWorks(memory, { nRows, table, randomBytes }),
    ...tileWorks(memory, { nRows: Math.floor(nRows / tileShare), table, randomBytes }),
    ...fillWorks(memory, { nRows, table, randomBytes }),
  ]
}

function narrowWorks(memory, { nRows, table, randomBytes }) {
  const { kernels } = memory
  const [bins, sides] = [randomBytes(nRows * narrowStride), randomBytes(nRows * sideBytes)]
  const moved = memory.reserve(nRows * narrowStride)
  const movedSides = memory.reserve(nRows * sideBytes)
  const work = memory.reserve(512)
  const result = () => [
    memory.bytes(moved, nRows * narrowStride), memory.bytes(movedSides, nRows * sideBytes)]
  const rowBytes = narrowStride + sideBytes
  return [
    {
      name: 'partitionNarrow, 6 features', kernels: ['partitionNarrow'], unit: 'row',
      nUnits: nRows, result, limit: copies(rowBytes, nRows),
      run: () => byLeaf(nRows, (first, n) => kernels.partitionNarrow(
        moved + first * narrowStride, movedSides + first * sideBytes, bins + first * narrowStride,
        sides + first * sideBytes, n, narrowStride, feature, table)),
    },
    {
      name: 'rearrangeNarrow, 6 features', kernels: ['rearrangeNarrow'], unit: 'row',
      nUnits: nRows, result, limit: reads(narrowStride, nRows),
      before: () => {
        memory.bytes(moved, nRows * narrowStride).set(memory.bytes(bins, nRows * narrowStride))
        memory.bytes(movedSides, nRows * sideBytes).set(memory.bytes(sides, nRows * sideBytes))
      },
      run: () => byLeaf(nRows, (first, n) => kernels.rearrangeNarrow(
        moved + first * narrowStride, movedSides + first * sideBytes, n, narrowStride, feature,
        table, work)),
    },
  ]
}

/** Splitting leaves of rows in planes: which way rows go, and then plane by plane. */
function tileWorks(memory, { nRows, table, randomBytes }) {
  const { kernels } = memory
  const tile = { nRows, rows: randomBytes(nRows * tileStride) }
  const moved = memory.reserve(nRows * tileStride)
  const decisions = memory.reserve(nRows)
  // two thirds of the bins of two bytes go left
  const bits = memory.put(new Uint8Array(8192).fill(0b01101101))
  const decided = () => [memory.bytes(decisions, nRows)]
  const decide = () => byLeaf(nRows, (first, n) => kernels.decide(
    decisions + first, tile.rows + first * tileStride + feature, n, tileStride, table))
  return [
    {
      name: 'decide', kernels: ['decide'], unit: 'row', nUnits: nRows, run: decide,
      result: decided, limit: reads(tileStride, nRows),
    },
    {
      name: 'decideWide, 65,536 bins', kernels: ['decideWide'], unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.decideWide(
        decisions + first, tile.rows + first * tileStride, n, tileStride, bits)),
      result: decided, limit: reads(tileStride, nRows),
    },
    {
      name: 'divide', kernels: ['divide'], unit: 'row', nUnits: nRows, before: decide,
      run: () => byLeaf(nRows, (first, n) => kernels.divide(
        moved + first * tileStride, tile.rows + first * tileStride, n, tileStride,
        decisions + first)),
      result: () => [memory.bytes(moved, nRows * tileStride)], limit: copies(tileStride, nRows),
    },
    ...exchangeWorks(memory, { ...tile, moved, decisions, decide }),
    gatherWork(memory, { ...tile, moved }),
  ]
}

function exchangeWorks(memory, { nRows, rows, moved, decisions, decide }) {
  const { kernels } = memory
  // at most half of a leaf's rows are on the wrong side, and one more is written
  const listBytes = (rowsOfLeaf / 2 + 1) * 4
  const nLists = Math.ceil(nRows / rowsOfLeaf)
  const rights = memory.reserve(nLists * listBytes)
  const lefts = memory.reserve(nLists * listBytes)
  decide()
  const nLeft = Array.from({ length: nLists }, (_, leaf) => memory
    .bytes(decisions + leaf * rowsOfLeaf, Math.min(rowsOfLeaf, nRows - leaf * rowsOfLeaf))
    .reduce((sum, goesLeft) => sum + goesLeft, 0))
  const nPairs = new Int32Array(nLists)
  const findMisplaced = () => byLeaf(nRows, (first, n, leaf) => {
    nPairs[leaf] = kernels.misplaced(
      decisions + first, n, nLeft[leaf], rights + leaf * listBytes, lefts + leaf * listBytes)
  })
  const lists = () => [rights, lefts].flatMap((list) => [...nPairs].map((n, leaf) =>
    memory.bytes(list + leaf * listBytes, n * 4)))
  return [
    {
      name: 'misplaced', kernels: ['misplaced'], unit: 'row', nUnits: nRows, before: decide,
      run: findMisplaced, result: lists, limit: reads(1, nRows),
    },
    {
      name: 'exchangeRows', kernels: ['exchangeRows'], unit: 'row of the leaf', nUnits: nRows,
      before: () => {
        decide()
        findMisplaced()
        memory.bytes(moved, nRows * tileStride).set(memory.bytes(rows, nRows * tileStride))
      },
      run: () => byLeaf(nRows, (first, _n, leaf) => kernels.exchangeRows(
        moved + first * tileStride, tileStride, rights + leaf * listBytes,
        lefts + leaf * listBytes, nPairs[leaf])),
      result: () => [memory.bytes(moved, nRows * tileStride)],
      // of the third on the left, two thirds change places with as many behind
      limit: { ...copies(28, nRows), bytes: nRows * tileStride },
    },
  ]
}

function gatherWork(memory, { nRows, rows, moved }) {
  const { kernels, random } = memory
  const chosen = Uint32Array.from({ length: nRows }, (_, row) => row)
    .filter(() => random.next() < 0x8000_0000)
  const ids = memory.put(chosen)
  return {
    name: 'gatherRows, half of them', kernels: ['gatherRows'], unit: 'row', nUnits: chosen.length,
    run: () => byLeaf(chosen.length, (first, n) => kernels.gatherRows(
      moved + first * tileStride, rows, n, tileStride, ids + first * 4, 4)),
    result: () => [memory.bytes(moved, chosen.length * tileStride)],
    limit: copies(tileStride, chosen.length),
  }
}

/** Making records, and adding trees to scores. */
function fillWorks(memory, { nRows, table, randomBytes }) {
  const { kernels, random } = memory
  const [width, stride] = [28, 40]
  const plain = randomBytes(nRows * width)
  const records = memory.reserve(nRows * stride)
  const scores = memory.putDoubles(nRows, () => random.normal())
  const additions = memory.putDoubles(nRows, () => random.normal())
  const nColumns = 8
  // each byte of a packed column stands for a flag of its own, 0 for none
  const places = memory.put(Uint32Array.from({ length: nColumns * 256 }, (_, i) =>
    i % 256 === 0 ? 0xffff_ffff : (i * 7) % width))
  const values = memory.put(new Uint8Array(nColumns * 256).fill(1))
  const filled = () => [memory.bytes(records, nRows * stride)]
  return [
    {
      name: 'copyRows, 28 bytes', kernels: ['copyRows'], unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.copyRows(
        records + first * stride, stride, plain + first * width, width, width, n)),
      result: filled, limit: copies(width, nRows),
    },
    {
      name: 'placeEntries', kernels: ['placeEntries'], unit: 'packed byte',
      nUnits: nRows * nColumns,
      before: () => memory.bytes(records, nRows * stride).fill(0),
      run: () => byLeaf(nRows, (first, n) => kernels.placeEntries(
        records + first * stride, stride, plain + first * nColumns, nColumns, n, places, values)),
      result: filled, limit: reads(1, nRows * nColumns),
    },
    {
      name: 'addScores', kernels: ['addScores'], unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) =>
        kernels.addScores(scores + first * 8, additions + first * 8, n)),
      result: () => [memory.bytes(scores, nRows * 8)], limit: copies(16, nRows),
    },
    wideWalkWork(memory, { nRows, table, plain, width, scores }),
    spreadWork(memory),
  ]
}

/** A balanced tree whose nodes split by a byte and by two bytes in turn. */
function wideWalkWork(memory, { nRows, table, plain, width, scores }) {
  const { kernels } = memory
  const bits = memory.put(new Uint8Array(8192).fill(0b01101101))
  const childOf = (i) => i < nLeaves - 1 ? i : ~(i - (nLeaves - 1))
  const nodes = memory.put(Int32Array.from({ length: (nLeaves - 1) * 4 }, (_, i) => {
    const node = i >> 2
    const isWide = node % 2 === 1
    return [(5 * node) % (width - 1), isWide ? bits + 1 : table, childOf(2 * node + 1),
      childOf(2 * node + 2)][i & 3]
  }))
  const values = memory.putDoubles(nLeaves, (leaf) => leaf / 32)
  return {
    name: 'walkTreeWide, 31 leaves', kernels: ['walkTreeWide'], unit: 'row', nUnits: nRows,
    run: () => byLeaf(nRows, (first, n) => kernels.walkTreeWide(
      scores + first * 8, plain + first * width, width, 0, n, nodes, values)),
    result: () => [memory.bytes(scores, nRows * 8)], limit: reads(width + 8, nRows),
  }
}

/** The table of a split, so short that it is made many times. */
function spreadWork(memory) {
  const { kernels, random } = memory
  const times = 1000
  const bits = memory.put(Uint8Array.from({ length: 32 * times }, () => random.next() >>> 24))
  const bytes = memory.reserve(256)
  return {
    name: 'spreadBits', kernels: ['spreadBits'], unit: 'bin', nUnits: 256 * times,
    run: () => {
      for (let i = 0; i < times; i++) kernels.spreadBits(bytes, bits + i * 32)
    },
    result: () => [memory.bytes(bytes, 256)], limit: copies(1, 4096),
  }
}
