/** Rows, scores, sums and a tree in a thread's memory, in the forms that the kernels read. */
import { inRoot } from '../../lib/paths.mjs'
import { BenchRandom } from '../random.mjs'

const { Arena } = await import(inRoot('packages/engine/dist/src/kernels/arena.js'))
const { instantiateKernels } = await import(inRoot('packages/engine/dist/src/kernels/load.js'))
const { specialiseHistogram, SPECIALISED_FEATURES_MAX } = await import(
  inRoot('packages/engine/dist/src/kernels/specialised-histogram.js'))
const { CANDIDATE_BYTES } = await import(inRoot('packages/engine/dist/src/kernels/candidate.js'))
const {
  CELL_BYTES, CELLS_PER_FEATURE, LAYOUT_ENTRY_BYTES, SCAN_SCRATCH_BYTES, SUM_BYTES,
} = await import(inRoot('packages/engine/dist/src/kernels/api.js'))

export const nBins = 255
/** Classes of the gradients of softmax. */
export const nClasses = 4
const nLeaves = 31
/** A third of the rows goes left. */
const cutBin = 85
/** Cells of a feature in the planes of sums: an even number. */
const cellsOfSums = nBins + 1

/**
 * @param {{ nRows: number, nFeatures: number }} shape - rows: an even number
 * @returns {object} the kernels, addresses in their memory, and sizes in bytes
 */
export function makeKernelMemory({ nRows, nFeatures }) {
  const arena = new Arena()
  const gradientOffset = (nFeatures + 3) & ~3
  const stride = (gradientOffset + 12 + 7) & ~7
  const nCells = nFeatures * cellsOfSums
  const at = {
    records: arena.reserve((nRows + 1) * stride), moved: arena.reserve((nRows + 1) * stride),
    hist: arena.reserve(Math.max(8, nFeatures) * CELLS_PER_FEATURE * CELL_BYTES),
    layout: arena.reserve(nFeatures * LAYOUT_ENTRY_BYTES),
    sums: arena.reserve(nCells * SUM_BYTES), others: arena.reserve(nCells * SUM_BYTES),
    table: arena.reserve(256), mask: arena.reserve(nFeatures), params: arena.reserve(13 * 8),
    scratch: arena.reserve(SCAN_SCRATCH_BYTES), candidate: arena.reserve(CANDIDATE_BYTES),
    score: arena.reserve(nRows * 8 * nClasses), label: arena.reserve(nRows * 8),
    pairs: arena.reserve(nRows * 8 * nClasses), work: arena.reserve(nClasses * 64),
    nodes: arena.reserve((nLeaves - 1) * 16), values: arena.reserve(nLeaves * 8),
  }
  const shape = {
    nRows, nFeatures, nCells, stride, gradientOffset, rowIdOffset: gradientOffset + 8,
    histBytes: nFeatures * CELLS_PER_FEATURE * CELL_BYTES, candidateBytes: CANDIDATE_BYTES,
  }
  const memory = { arena, at, ...shape }
  fillRows(memory, new BenchRandom(12_345))
  fillTables(memory)
  return {
    ...memory,
    kernels: instantiateKernels(arena.memory),
    specialised: nFeatures <= SPECIALISED_FEATURES_MAX
      ? specialiseHistogram(arena.memory, shape) : null,
    planes: (base) => [base, base + nCells * 8, base + nCells * 16],
  }
}

function fillRows({ arena, at, nRows, nFeatures, stride, gradientOffset }, random) {
  const bytes = arena.bytes(at.records, nRows * stride)
  const view = new DataView(bytes.buffer, at.records)
  for (let row = 0; row < nRows; row++) {
    const record = row * stride
    for (let f = 0; f < nFeatures; f++) bytes[record + f] = (random.next() >>> 8) % nBins
    view.setInt32(record + gradientOffset, (random.next() >>> 8) - (1 << 23), true)
    view.setUint32(record + gradientOffset + 4, random.next() >>> 8, true)
    view.setUint32(record + gradientOffset + 8, row, true)
  }
  const score = arena.doubles(at.score, nRows * nClasses)
  for (let i = 0; i < score.length; i++) score[i] = random.normal()
}

function fillTables({ arena, at, nRows, nFeatures }) {
  arena.bytes(at.table, cutBin).fill(1)
  arena.bytes(at.mask, nFeatures).fill(1)
  const layout = arena.ints(at.layout, nFeatures * 4)
  for (let f = 0; f < nFeatures; f++) layout.set([f * cellsOfSums, nBins, -1, 0], f * 4)
  // lambda_l1, lambda_l2, fewest rows, least hessian, least gain, largest step, units of
  // gradients and hessians, then those of categories
  arena.doubles(at.params, 13)
    .set([0, 0, 20, 1e-3, 0, 0, 2 ** -24, 2 ** -24, 10, 10, 32, 4, 100])
  const label = arena.doubles(at.label, nRows)
  const random = new BenchRandom(6)
  for (let row = 0; row < nRows; row++) label[row] = random.next() & 1
  fillTree(arena, at, nFeatures)
}

/** A tree as balanced as can be: node i has the children 2i + 1 and 2i + 2, leaves come last. */
function fillTree(arena, at, nFeatures) {
  const words = arena.ints(at.nodes, (nLeaves - 1) * 4)
  const childOf = (i) => i < nLeaves - 1 ? i : ~(i - (nLeaves - 1))
  for (let i = 0; i < nLeaves - 1; i++) {
    words.set([(5 * i) % nFeatures, at.table, childOf(2 * i + 1), childOf(2 * i + 2)], i * 4)
  }
  arena.doubles(at.values, nLeaves).forEach((_, leaf, values) => {
    values[leaf] = leaf / 32
  })
}
