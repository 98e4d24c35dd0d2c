/** Rows, scores, sums and a tree in a thread's memory, in the forms that the kernels read. */
import { inRoot } from '../../lib/paths.mjs'
import { BenchRandom } from '../random.mjs'

const engine = (file) => import(inRoot('packages/engine/dist/src', file))
const { Arena } = await engine('kernels/arena.js')
const { instantiateKernels } = await engine('kernels/load.js')
const { cellOffsets } = await engine('kernels/cells.js')
const { specialiseHistogram } = await engine('kernels/specialised-histogram.js')
const { CANDIDATE_BYTES } = await engine('kernels/candidate.js')
const {
  CELL_BYTES, LAYOUT_ENTRY_BYTES, REARRANGE_BYTES, SCAN_SCRATCH_BYTES, SUM_BYTES,
} = await engine('kernels/api.js')
const { byteLayout, ROW_ID_OFFSET } = await engine('execution/record-layout.js')
const { RecordPlanes } = await engine('execution/record-planes.js')

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
 * @returns {object} the kernels, buffers of rows, and addresses in their memory
 */
export function makeKernelMemory({ nRows, nFeatures }) {
  const arena = new Arena()
  const layout = byteLayout(nFeatures)
  const rows = new RecordPlanes(arena, layout, nRows)
  const moved = new RecordPlanes(arena, layout, nRows)
  const tiles = tilesOf(arena, layout)
  const nCells = nFeatures * cellsOfSums
  const at = {
    layout: arena.reserve(nFeatures * LAYOUT_ENTRY_BYTES),
    sums: arena.reserve(nCells * SUM_BYTES), others: arena.reserve(nCells * SUM_BYTES),
    table: arena.reserve(256), mask: arena.reserve(nFeatures), params: arena.reserve(13 * 8),
    decisions: arena.reserve(nRows), rearrange: arena.reserve(REARRANGE_BYTES),
    scratch: arena.reserve(SCAN_SCRATCH_BYTES), candidate: arena.reserve(CANDIDATE_BYTES),
    score: arena.reserve(nRows * 8 * nClasses), label: arena.reserve(nRows * 8),
    pairs: arena.reserve(nRows * 8 * nClasses), work: arena.reserve((nClasses + 2) * 512),
    nodes: arena.reserve((nLeaves - 1) * 16), values: arena.reserve(nLeaves * 8),
  }
  const memory = {
    arena, at, layout, rows, moved, tiles, nRows, nFeatures, nCells, rowIdOffset: ROW_ID_OFFSET,
    candidateBytes: CANDIDATE_BYTES, kernels: instantiateKernels(arena.memory),
    planes: (base) => [base, base + nCells * 8, base + nCells * 16],
  }
  fillRows(memory, new BenchRandom(12_345))
  fillTables(memory)
  return memory
}

/** Features that are summed in one pass: their cells, and the kernel that is written for them. */
function tilesOf(arena, { nTiles, tileStarts, byteOf, binStride, sideStride }) {
  return Array.from({ length: nTiles }, (_, index) => {
    const [first, last] = tileStarts.slice(index)
    const offsets = cellOffsets(new Array(last - first).fill(nBins))
    const bytes = offsets.at(-1)
    const cells = arena.reserve(bytes + 260 * CELL_BYTES)
    return {
      index, first, last, bytes, cells,
      histogram: specialiseHistogram(arena.memory, {
        columns: offsets.slice(0, -1).map((offset, c) =>
          ({ cells: cells + offset, byte: byteOf[first + c], isWide: false })),
        binStride,
        pairStride: sideStride,
        cellBytes: CELL_BYTES,
      }),
    }
  })
}

function fillRows({ arena, at, layout, rows, nRows, nFeatures, rowIdOffset }, random) {
  const bytes = new Uint8Array(arena.memory.buffer)
  const view = arena.view()
  for (let f = 0; f < nFeatures; f++) {
    for (let row = 0, bin = rows.column(f); row < nRows; row++, bin += layout.binStride) {
      bytes[bin] = (random.next() >>> 8) % nBins
    }
  }
  for (let row = 0; row < nRows; row++) {
    const side = rows.sides(row)
    view.setInt32(side, (random.next() >>> 8) - (1 << 23), true)
    view.setUint32(side + 4, random.next() >>> 8, true)
    view.setUint32(side + rowIdOffset, row, true)
  }
  const score = arena.doubles(at.score, nRows * nClasses)
  for (let i = 0; i < score.length; i++) score[i] = random.normal()
}

function fillTables({ arena, at, rows, nRows, nFeatures }) {
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
  fillTree(arena, at, (feature) => rows.column(feature % nFeatures) - rows.column(0))
}

/** A tree as balanced as can be: node i has the children 2i + 1 and 2i + 2, leaves come last. */
function fillTree(arena, at, offsetOf) {
  const words = arena.ints(at.nodes, (nLeaves - 1) * 4)
  const childOf = (i) => i < nLeaves - 1 ? i : ~(i - (nLeaves - 1))
  for (let i = 0; i < nLeaves - 1; i++) {
    words.set([offsetOf(5 * i), at.table, childOf(2 * i + 1), childOf(2 * i + 2)], i * 4)
  }
  arena.doubles(at.values, nLeaves).forEach((_, leaf, values) => {
    values[leaf] = leaf / 32
  })
}
