/** Works of the engine on the sums of one histogram, beside those of work.mjs. */
import { inRoot } from '../../lib/paths.mjs'
import { copies, reads } from './work-limits.mjs'

const engine = (file) => import(inRoot('packages/engine/dist/src', file))
const { cellOffsets } = await engine('kernels/cells.js')
const {
  CELL_BYTES, COLUMN_TOTALS_BYTES, HALF_CELL_BYTES, LAYOUT_ENTRY_BYTES, RULES_BYTES,
  RULES_FEATURE_BYTES, SCAN_SCRATCH_BYTES, SUM_BYTES,
} = await engine('kernels/api.js')

const nBins = 255
/** Cells of a feature in the planes of sums: an even number. */
const cellsOfSums = 256
/** Calls of one run: the work is short. */
const times = 50
const rowsOfBin = 40

/** @returns {import('./work.mjs').Work[]} */
export function sumWorks(memory, { nFeatures }) {
  const nCells = nFeatures * cellsOfSums
  const nWords = nFeatures * LAYOUT_ENTRY_BYTES / 4
  const layout = memory.put(Int32Array.from({ length: nWords }, (_, i) =>
    [(i >> 2) * cellsOfSums, nBins, -1, 0][i & 3]))
  const state = {
    nFeatures, nCells, layout, sums: sumsOf(memory, nFeatures),
    out: memory.reserve(nCells * SUM_BYTES),
    planes: (base) => [base, base + nCells * 8, base + nCells * 16],
  }
  return [
    halfWork(memory, state), ...bundleWorks(memory), ...foldWorks(memory, state),
    constrainedWork(memory, state),
  ]
}

function again(f) {
  return () => {
    for (let i = 0; i < times; i++) f()
  }
}

/** Sums of features that all see the same rows: each has the bins of the first, shifted. */
function sumsOf(memory, nFeatures) {
  const { random } = memory
  const nCells = nFeatures * cellsOfSums
  const own = Array.from({ length: nBins }, (_, bin) => {
    const n = 1 + random.next() % (2 * rowsOfBin)
    const slope = Math.round((bin - 127) * 1e4)
    return {
      gradient: BigInt(n * (slope + random.next() % 1_000_000 - 500_000)),
      hessian: BigInt(n * (1_000_000 + random.next() % 1000)), n,
    }
  })
  const sums = memory.reserve(nCells * SUM_BYTES)
  const gradients = memory.longs(sums, nCells)
  const hessians = memory.longs(sums + nCells * 8, nCells)
  const counts = memory.ints(sums + nCells * 16, nCells)
  for (let f = 0; f < nFeatures; f++) {
    own.forEach((_, bin) => {
      const { gradient, hessian, n } = own[(bin + 7 * f) % nBins]
      const at = f * cellsOfSums + bin
      gradients[at] = gradient
      hessians[at] = hessian
      counts[at] = n
    })
  }
  return sums
}

function halfWork(memory, { nFeatures, nCells, layout, out, planes }) {
  const { kernels, random } = memory
  const nBytes = cellOffsets(new Array(nFeatures).fill(nBins), HALF_CELL_BYTES).at(-1)
  const cells = memory.put(BigInt64Array.from({ length: nBytes / 8 }, () =>
    (BigInt(random.next()) << 16n) | BigInt(random.next() % rowsOfBin)))
  return {
    name: 'widenHalf', kernels: ['widenHalf'], unit: 'cell', nUnits: nCells * times,
    run: again(() => kernels.widenHalf(...planes(out), cells, layout, 0, nFeatures, 0, 1 << 30)),
    result: () => [memory.bytes(out, nCells * SUM_BYTES)], limit: copies(SUM_BYTES, nCells),
  }
}

/** 40 columns of 50 flags each, as one-hot encoding makes them. */
function bundleWorks(memory) {
  const { kernels, random } = memory
  const [nColumns, nFlags] = [40, 50]
  const nFeatures = nColumns * nFlags
  const columnBytes = cellOffsets([nFlags + 1]).at(-1)
  const hist = memory.put(BigInt64Array.from({ length: nColumns * columnBytes / 8 }, (_, i) =>
    i % 2 === 0 ? BigInt(random.next()) : (BigInt(random.next()) << 16n) | BigInt(rowsOfBin)))
  const columns = memory.put(Uint32Array.from({ length: nColumns * 2 }, (_, i) =>
    i % 2 === 0 ? (i >> 1) * columnBytes : nFlags + 1))
  const totals = memory.reserve(nColumns * COLUMN_TOTALS_BYTES)
  const members = memory.put(Int32Array.from({ length: nFeatures * 4 }, (_, i) => {
    const column = Math.floor((i >> 2) / nFlags)
    const value = 1 + (i >> 2) % nFlags
    return [column * columnBytes + value * CELL_BYTES, 0, column * COLUMN_TOTALS_BYTES, 0][i & 3]
  }))
  const nCells = nFeatures * 2
  const layout = memory.put(Int32Array.from({ length: nFeatures * 4 }, (_, i) =>
    [(i >> 2) * 2, 2, -1, 0][i & 3]))
  const out = memory.reserve(nCells * SUM_BYTES)
  const sumColumns = () => kernels.sumColumns(totals, hist, columns, nColumns)
  const nBundled = nColumns * (nFlags + 1)
  return [
    {
      name: 'sumColumns', kernels: ['sumColumns'], unit: 'cell', nUnits: nBundled * times,
      run: again(sumColumns),
      result: () => [memory.bytes(totals, nColumns * COLUMN_TOTALS_BYTES)],
      limit: reads(CELL_BYTES, nBundled),
    },
    {
      name: 'widenBundles, flags', kernels: ['widenBundles'], unit: 'flag',
      nUnits: nFeatures * times, before: sumColumns,
      run: again(() => kernels.widenBundles(
        out, out + nCells * 8, out + nCells * 16, hist, totals, layout, members, 0, nFeatures, 0)),
      result: () => [memory.bytes(out, nCells * SUM_BYTES)],
      limit: copies(2 * SUM_BYTES, nFeatures),
    },
  ]
}

/** Sums of bins: of all of a feature, and of groups. */
function foldWorks(memory, { nFeatures, nCells, sums, out, planes }) {
  const { kernels } = memory
  const groups = memory.put(Uint8Array.from({ length: 256 }, (_, bin) => bin >> 5))
  const totals = memory.reserve(24)
  const byFeature = (f) => again(() => {
    for (let feature = 0; feature < nFeatures; feature++) f(feature * cellsOfSums)
  })
  const at = (base, cell) => [base + cell * 8, base + nCells * 8 + cell * 8,
    base + nCells * 16 + cell * 4]
  const nBinsOfAll = nFeatures * nBins
  const limit = reads(SUM_BYTES, nBinsOfAll)
  return [
    {
      name: 'sumBins', kernels: ['sumBins'], unit: 'bin', nUnits: nBinsOfAll * times,
      run: byFeature((cell) => kernels.sumBins(totals, ...at(sums, cell), nBins)),
      result: () => [memory.bytes(totals, 20)], limit,
    },
    {
      name: 'coarsen, 8 groups', kernels: ['coarsen'], unit: 'bin', nUnits: nBinsOfAll * times,
      before: () => memory.bytes(out, nCells * SUM_BYTES).fill(0),
      run: byFeature((cell) =>
        kernels.coarsen(...at(out, cell), ...at(sums, cell), groups, nBins)),
      result: () => planes(out).map((plane) => memory.bytes(plane, nCells * 4)), limit,
    },
  ]
}

/** The best split under bounds, with a third of the features monotone either way. */
function constrainedWork(memory, { nFeatures, nCells, layout, sums, planes }) {
  const { kernels } = memory
  const rules = memory.put(Float64Array.from(
    { length: (RULES_BYTES + nFeatures * RULES_FEATURE_BYTES) / 8 }, (_, i) => {
      const head = [-1e3, 1e3, 0, 0, 1, 0, -1, 0, 0, 2048]
      const own = i - head.length
      return own < 0 ? head[i] : [Math.floor(own / 3) % 3 - 1, 1, 0][own % 3]
    }))
  const mask = memory.put(new Uint8Array(nFeatures).fill(1))
  // as in memory.mjs; the last is for extra_trees
  const params = memory.put(Float64Array.from(
    [0, 0, 20, 1e-3, 0, 0, 2 ** -24, 2 ** -24, 10, 10, 32, 4, 100, 0]))
  const scratch = memory.reserve(SCAN_SCRATCH_BYTES)
  const candidate = memory.reserve(128)
  const [gradients, hessians, counts] = planes(sums)
  const total = (values) => values.reduce((sum, value) => sum + value)
  const totals = [
    total(memory.longs(gradients, nBins)), total(memory.longs(hessians, nBins)),
    total(memory.ints(counts, nBins))]
  return {
    name: 'scanConstrained', kernels: ['scanConstrained'], unit: 'cell', nUnits: nCells * times,
    run: again(() => kernels.scanConstrained(
      candidate, ...planes(sums), layout, 0, nFeatures, mask, params, scratch, ...totals, rules)),
    result: () => {
      if (memory.ints(candidate + 8, 1)[0] < 0) throw new Error('scanConstrained found no split')
      return [memory.bytes(candidate, 48)]
    },
    limit: { kind: 'divisions', perUnit: 4, what: '4 divisions' },
  }
}
