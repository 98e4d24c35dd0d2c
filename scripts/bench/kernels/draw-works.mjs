/** Works of the engine that draw rows: bagging, by class, GOSS, the sample for bins. */
import { byLeaf } from './leaf-rows.mjs'
import { copies, reads } from './work-limits.mjs'

/** A record of 28 features, and where its side and row id are. */
const stride = 40
const sideOffset = 28
const rowIdOffset = 36
const hashStart = 0x1234_5678
/** Of draws of 32 bits: 60 %. */
const limit60 = Math.floor(0.6 * 2 ** 32)

/** @returns {import('./work.mjs').Work[]} */
export function drawWorks(memory, { nRows }) {
  const { random } = memory
  const records = memory.put(
    Uint32Array.from({ length: nRows * stride / 4 }, (_, i) =>
      i % 10 === 9 ? Math.floor(i / 10) : random.next() >>> 2))
  const state = {
    nRows, records, kept: memory.reserve(nRows * stride), outside: memory.reserve(nRows * 4 + 4),
    marks: memory.reserve(nRows), keys: memory.reserve(nRows * 4),
    labels: memory.putDoubles(nRows, () => random.next() & 1),
  }
  return [...keepWorks(memory, state), ...keyWorks(memory, state), sampleWork(memory, state)]
}

/** Copying the rows of the bag, and listing the others. */
function keepWorks(memory, { nRows, records, kept, outside, marks, labels }) {
  const { kernels } = memory
  const found = { n: 0 }
  const result = () => [
    memory.bytes(kept, found.n * stride), memory.bytes(outside, (nRows - found.n) * 4)]
  // what is kept of one leaf lies behind that of those before
  const keeping = (keep) => () => {
    found.n = 0
    byLeaf(nRows, (first, n) => {
      found.n += keep(
        kept + found.n * stride, outside + (first - found.n) * 4, records + first * stride, n,
        first)
    })
  }
  const markByClass = () => byLeaf(nRows, (first, n) => kernels.markByClass(
    marks + first, labels + first * 8, n, hashStart, first, limit60 / 2, limit60))
  const limit = copies(stride, nRows)
  return [
    {
      name: 'bag, 60 % of the rows', kernels: ['bag'], unit: 'row', nUnits: nRows, result, limit,
      run: keeping((dst, out, src, n, first) =>
        kernels.bag(dst, out, src, n, stride, rowIdOffset, hashStart, first, limit60)),
    },
    {
      name: 'markByClass', kernels: ['markByClass'], unit: 'row', nUnits: nRows, run: markByClass,
      result: () => [memory.bytes(marks, nRows)], limit: reads(8, nRows),
    },
    {
      name: 'keepMarked, 45 % of the rows', kernels: ['keepMarked'], unit: 'row', nUnits: nRows,
      before: markByClass, result, limit,
      run: keeping((dst, out, src, n, first) =>
        kernels.keepMarked(dst, out, src, n, stride, rowIdOffset, marks + first)),
    },
  ]
}

/** GOSS: keys of gradients, their digits, marks, and weights of those that were drawn. */
function keyWorks(memory, { nRows, records, kept, marks, keys }) {
  const { kernels } = memory
  const bits = 11
  const counts = memory.reserve(2 ** bits * 8)
  const findKeys = () => byLeaf(nRows, (first, n) => kernels.importanceKeys(
    keys + first * 4, records + first * stride + sideOffset, stride, 0, 1, n, 0))
  findKeys()
  const threshold = memory.words(keys, nRows).slice().sort()[Math.floor(0.8 * nRows)]
  const mark = () => {
    findKeys()
    byLeaf(nRows, (first, n) => kernels.markByKey(
      marks + first, keys + first * 4, n, threshold, hashStart, first, limit60))
  }
  return [
    {
      name: 'importanceKeys', kernels: ['importanceKeys'], unit: 'row', nUnits: nRows,
      run: findKeys, result: () => [memory.bytes(keys, nRows * 4)], limit: reads(stride, nRows),
    },
    {
      name: 'tallyKeys, first digit', kernels: ['tallyKeys'], unit: 'row', nUnits: nRows,
      before: () => memory.doubles(counts, 2 ** bits).fill(0),
      run: () => byLeaf(nRows, (first, n) =>
        kernels.tallyKeys(counts, keys + first * 4, n, 31 - bits, bits, 0)),
      result: () => [memory.bytes(counts, 2 ** bits * 8)],
      limit: { kind: 'cells', perUnit: 1, what: 'an addition to a cell' },
    },
    {
      name: 'markByKey', kernels: ['markByKey'], unit: 'row', nUnits: nRows,
      run: () => byLeaf(nRows, (first, n) => kernels.markByKey(
        marks + first, keys + first * 4, n, threshold, hashStart, first, limit60)),
      result: () => [memory.bytes(marks, nRows)], limit: reads(4, nRows),
    },
    {
      name: 'weighMarked', kernels: ['weighMarked'], unit: 'row', nUnits: nRows,
      before: () => {
        mark()
        memory.bytes(kept, nRows * stride).set(memory.bytes(records, nRows * stride))
      },
      run: () => byLeaf(nRows, (first, n) => kernels.weighMarked(
        kept + first * stride + sideOffset, n, stride, rowIdOffset - sideOffset, marks, 1.25)),
      result: () => [memory.bytes(kept, nRows * stride)], limit: reads(stride, nRows),
    },
  ]
}

function sampleWork(memory, { nRows, outside }) {
  const { kernels } = memory
  const found = new Float64Array(1)
  return {
    name: 'drawRows, a fifth of the rows', kernels: ['drawRows'], unit: 'row', nUnits: nRows,
    run: () => {
      found[0] = 0
      byLeaf(nRows, (first, n) => {
        found[0] += kernels.drawRows(outside, n, hashStart, first, limit60 / 3)
      })
    },
    result: () => [new Uint8Array(found.buffer)],
    // nothing is read: four bytes are written, of a fifth of the rows for good
    limit: copies(4, nRows),
  }
}
