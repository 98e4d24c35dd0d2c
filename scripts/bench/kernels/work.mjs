/**
 * What each kernel is given to do. Kernels are called with as many rows as a leaf may have, again
 * and again, as training does it: code that is called once is not compiled as well.
 *
 * @typedef {object} Work
 * @property {string} name
 * @property {string} unit - what the time is divided by
 * @property {number} nUnits - of one run
 * @property {() => void} run
 * @property {() => void} [before] - brings everything back to how it was; not timed
 * @property {() => Uint8Array[]} result - what the run wrote
 * @property {{ kind: 'cells' | 'divisions' | 'read' | 'copy', perUnit: number, bytes?: number,
 *   what: string }} limit - perUnit: additions, divisions or bytes; bytes: of all that is touched
 */
import { nClasses } from './memory.mjs'

const rowsOfLeaf = 8192
/** Of a record that is touched at one place, this much comes from memory. */
const lineBytes = 64

/** @returns {Work[]} in the order in which they are run: each finds what it needs */
export function worksOf(memory) {
  return [...rowWorks(memory), ...gradientWorks(memory), ...sumWorks(memory)]
}

/** Of a record at one place, and of a score or a pair of gradients. */
function touchedBytes(stride) {
  return Math.min(stride, lineBytes) + 8
}

/** Calls f(first, count) for each leaf. */
function byLeaf(nRows, f) {
  for (let first = 0; first < nRows; first += rowsOfLeaf) {
    f(first, Math.min(rowsOfLeaf, nRows - first))
  }
}

function rowWorks({ arena, at, kernels, specialised, nRows, nFeatures, stride, ...rest }) {
  const { gradientOffset, rowIdOffset, histBytes } = rest
  const records = nRows * stride
  const histogram = (name, add) => ({
    name, unit: 'row and feature', nUnits: nRows * nFeatures,
    before: () => arena.bytes(at.hist, histBytes).fill(0),
    run: () => byLeaf(nRows, (first, n) => add(at.records + first * stride, n)),
    result: () => [arena.bytes(at.hist, histBytes)],
    limit: { kind: 'cells', perUnit: 1, what: 'an addition to a cell' },
  })
  const touched = touchedBytes(stride)
  const limit = { kind: 'read', perUnit: touched, bytes: records, what: `${touched} bytes read` }
  return [
    histogram('histogram', (rec, n) =>
      kernels.histogram(at.hist, rec, n, stride, nFeatures, gradientOffset)),
    ...(specialised === null ? []
      : [histogram('histogram, specialised', (rec, n) => specialised(at.hist, rec, n))]),
    {
      name: 'partition', unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.partition(
        at.moved + first * stride, at.records + first * stride, n, stride, 3 % nFeatures,
        at.table)),
      result: () => [arena.bytes(at.moved, records)],
      limit: { kind: 'copy', perUnit: stride, bytes: records, what: `${stride} bytes copied` },
    },
    {
      name: 'scatterLeaf', unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.scatterLeaf(
        at.score, at.records + first * stride, n, stride, rowIdOffset, 2 ** -10)),
      result: () => [arena.bytes(at.score, nRows * 8)],
      limit,
    },
    {
      name: 'walkTree, 31 leaves', unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.walkTree(
        at.score + first * 8, at.records + first * stride, stride, 0, n, at.nodes, at.values)),
      result: () => [arena.bytes(at.score, nRows * 8)],
      limit,
    },
  ]
}

function gradientWorks({ arena, at, kernels, nRows, stride, gradientOffset }) {
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
        kernels.binaryGradients(out, 8, score, label, 0, n, 1, 1, 1, ...scales)),
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
        at.moved + first * stride, n, stride, gradientOffset, at.pairs + first * 8)),
      result: () => [arena.bytes(at.moved, nRows * stride)],
      limit: {
        kind: 'read', perUnit: touchedBytes(stride), bytes: nRows * stride,
        what: `${touchedBytes(stride)} bytes read`,
      },
    },
  ]
}

/** Work on the sums of one histogram, so short that it is done many times. */
function sumWorks({ arena, at, kernels, nFeatures, nCells, histBytes, planes, candidateBytes }) {
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
      run: again(() => kernels.widen(
        ...planes(at.sums), at.hist, at.layout, 0, nFeatures, 0)),
      result: () => [arena.bytes(at.sums, sumBytes)],
      limit: { kind: 'copy', perUnit: 20, bytes: histBytes, what: '20 bytes copied' },
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
