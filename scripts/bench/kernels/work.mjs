/**
 * What each kernel is given to do. Kernels are called with as many rows as a leaf may have, again
 * and again, as training does it: code that is called once is not compiled as well.
 *
 * @typedef {object} Work
 * @property {string} name
 * @property {string[]} [kernels] - exports that it measures; else the first word of its name
 * @property {string} unit - what the time is divided by
 * @property {number} nUnits - of one run
 * @property {() => void} run
 * @property {() => void} [before] - brings everything back to how it was; not timed
 * @property {() => Uint8Array[]} result - what the run wrote
 * @property {{ kind: 'cells' | 'divisions' | 'read' | 'copy', perUnit: number, bytes?: number,
 *   what: string }} limit - perUnit: additions, divisions or bytes; bytes: of all that is touched
 */
import { byLeaf } from './leaf-rows.mjs'
import { nClasses } from './memory.mjs'

/** Of a record that is touched at one place, this much comes from memory. */
const lineBytes = 64

/** @returns {Work[]} in the order in which they are run: each finds what it needs */
export function worksOf(memory) {
  return [
    ...rowWorks(memory), partitionWork(memory), ...rearrangeWork(memory),
    ...gradientWorks(memory), ...sumWorks(memory),
  ]
}

/** Works on rows that lie `stride` bytes apart, of which they need some bytes and `more`. */
function touching(stride, nRows, more) {
  const perUnit = Math.min(stride, lineBytes) + more
  return { kind: 'read', perUnit, bytes: nRows * stride, what: `${perUnit} bytes read` }
}

function rowWorks({ arena, at, kernels, layout, rows, tiles, nRows, nFeatures, rowIdOffset }) {
  const { binStride, sideStride } = layout
  const scores = () => [arena.bytes(at.score, nRows * 8)]
  return [
    {
      name: 'histogram', unit: 'row and feature', nUnits: nRows * nFeatures,
      before: () => tiles.forEach(({ cells, bytes }) => arena.bytes(cells, bytes).fill(0)),
      run: () => tiles.forEach(({ index, histogram }) => byLeaf(nRows, (first, n) =>
        histogram(rows.bins(index, first), rows.sides(first), n))),
      result: () => tiles.map(({ cells, bytes }) => arena.bytes(cells, bytes)),
      limit: { kind: 'cells', perUnit: 1, what: 'an addition to a cell' },
    },
    {
      name: 'scatterLeaf', unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.scatterLeaf(
        at.score, rows.sides(first) + rowIdOffset, n, sideStride, 2 ** -10)),
      result: scores, limit: touching(sideStride, nRows, 8),
    },
    {
      name: 'walkTree, 31 leaves', unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.walkTree(
        at.score + first * 8, rows.column(0) + first * binStride, binStride, 0, n, at.nodes,
        at.values)),
      result: scores, limit: touching(binStride, nRows, 8),
    },
  ]
}

/** Splitting leaves: rows in one piece by one kernel, rows in tiles plane by plane. */
function partitionWork(memory) {
  const { arena, at, kernels, layout, rows, moved, nRows, nFeatures } = memory
  const { nTiles, binStride, sideStride, rowBytes } = layout
  const feature = 3 % nFeatures
  const planes = Array.from({ length: nTiles }, (_, tile) => ({
    stride: binStride, from: (row) => rows.bins(tile, row), to: (row) => moved.bins(tile, row),
  }))
  if (nTiles > 1) {
    planes.push({
      stride: sideStride, from: (row) => rows.sides(row), to: (row) => moved.sides(row),
    })
  }
  return {
    name: nTiles === 1 ? 'partition' : 'decide, divide', unit: 'row', nUnits: nRows,
    run: () => byLeaf(nRows, (first, n) => {
      if (nTiles === 1) {
        kernels.partition(
          moved.bins(0, first), rows.bins(0, first), n, binStride, feature, at.table)
        return
      }
      kernels.decide(
        at.decisions, rows.column(feature) + first * binStride, n, binStride, at.table)
      for (const { stride, from, to } of planes) {
        kernels.divide(to(first), from(first), n, stride, at.decisions)
      }
    }),
    result: () => planes.map(({ stride, to }) => arena.bytes(to(0), nRows * stride)),
    limit: {
      kind: 'copy', perUnit: rowBytes, bytes: nRows * rowBytes, what: `${rowBytes} bytes copied`,
    },
  }
}

/**
 * Splitting leaves in place. Leaves are rearranged once; after that the same is to be done again
 * with the rows that came out, so every round works on a fresh copy.
 */
function rearrangeWork({ arena, at, kernels, layout, rows, moved, nRows, nFeatures }) {
  const { nTiles, binStride, rowBytes } = layout
  if (nTiles > 1) return []
  const bytes = () => arena.bytes(moved.bins(0, 0), nRows * binStride)
  return [{
    name: 'rearrange', unit: 'row', nUnits: nRows,
    before: () => bytes().set(arena.bytes(rows.bins(0, 0), nRows * binStride)),
    run: () => byLeaf(nRows, (first, n) => kernels.rearrange(
      moved.bins(0, first), n, binStride, 3 % nFeatures, at.table, at.rearrange)),
    result: () => [bytes()],
    limit: touching(rowBytes, nRows, 0),
  }]
}

function gradientWorks({ arena, at, kernels, layout, moved, nRows }) {
  const { sideStride } = layout
  const scales = [2 ** 24, 2 ** 24]
  const pairs = () => [arena.bytes(at.pairs, nRows * 8)]
  const limit = { kind: 'read', perUnit: 24, bytes: nRows * 24, what: '24 bytes read' }
  const rows = (f) => () => byLeaf(nRows, (first, n) => f(
    at.pairs + first * 8, at.score + first * 8, at.label + first * 8, n))
  const planeBytes = nRows * 8
  return [
    {
      name: 'binaryGradients', unit: 'row', nUnits: nRows, limit, result: pairs,
      run: rows((out, score, label, n) =>
        kernels.binaryGradients(out, 8, score, label, 0, n, 1, 1, 1, 1, ...scales)),
    },
    {
      name: 'residualGradients', unit: 'row', nUnits: nRows, limit, result: pairs,
      run: rows((out, score, label, n) =>
        kernels.residualGradients(out, 8, score, label, 0, n, ...scales)),
    },
    {
      name: `softmaxGradients, ${nClasses} classes`, unit: 'row and class',
      nUnits: nRows * nClasses,
      run: rows((out, score, label, n) => kernels.softmaxGradients(
        out, planeBytes, score, planeBytes, label, 0, n, nClasses, 2, ...scales, at.work)),
      result: () => [arena.bytes(at.pairs, planeBytes * nClasses)],
      limit: {
        kind: 'read', perUnit: 16, bytes: nRows * 16 * nClasses, what: '16 bytes read',
      },
    },
    {
      name: 'putGradients', unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.putGradients(
        moved.sides(first), n, sideStride, at.pairs + first * 8)),
      result: () => [arena.bytes(moved.sides(0), (nRows - 1) * sideStride + 8)],
      limit: touching(sideStride, nRows, 8),
    },
  ]
}

/** Work on the sums of one histogram, so short that it is done many times. */
function sumWorks({ arena, at, kernels, tiles, nFeatures, nCells, planes, candidateBytes }) {
  const times = 50
  const sumBytes = nCells * 20
  const again = (f) => () => {
    for (let i = 0; i < times; i++) f()
  }
  const totals = () => {
    const [gradients, hessians, counts] = planes(at.sums)
    const sum = (Type, plane) => new Type(arena.memory.buffer, plane, nCells / nFeatures)
      .reduce((total, value) => total + value)
    return [sum(BigInt64Array, gradients), sum(BigInt64Array, hessians), sum(Int32Array, counts)]
  }
  const combine = (name, combineSums) => ({
    name, unit: 'cell', nUnits: nCells * times,
    before: () => arena.bytes(at.others, sumBytes).set(arena.bytes(at.sums, sumBytes)),
    run: again(() => combineSums(at.others, at.sums)),
    result: () => [arena.bytes(at.others, sumBytes)],
    limit: { kind: 'copy', perUnit: 20, bytes: sumBytes, what: '20 bytes copied' },
  })
  return [
    {
      name: 'widen', unit: 'cell', nUnits: nCells * times,
      run: again(() => tiles.forEach(({ cells, first, last }) => kernels.widen(
        ...planes(at.sums), cells, at.layout, first, last, 0))),
      result: () => [arena.bytes(at.sums, sumBytes)],
      limit: { kind: 'copy', perUnit: 20, bytes: sumBytes, what: '20 bytes copied' },
    },
    combine('addSums', (dst, src) => kernels.addSums(dst, src, nCells)),
    combine('subtractSums', (dst, src) => kernels.subtractSums(dst, src, nCells)),
    {
      name: 'scan', unit: 'cell', nUnits: nCells * times,
      run: () => {
        const sums = totals()
        again(() => kernels.scan(
          at.candidate, ...planes(at.sums), at.layout, 0, nFeatures, at.mask, at.params,
          at.scratch, ...sums))()
      },
      result: () => [arena.bytes(at.candidate, candidateBytes)],
      limit: { kind: 'divisions', perUnit: 2, what: '2 divisions' },
    },
  ]
}
