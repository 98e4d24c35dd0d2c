import { HALF_CELL_BYTES } from './api.js'

/**
 * The histogram kernel for one shape of rows, as a WebAssembly module written at run time: a
 * straight line over the features with every address a constant. Meant for at most some hundred
 * features: the code of more would not stay in the processor's instruction cache.
 *
 * Columns are gone through in *pieces*, whose cells stay in the first-level cache: all pieces of
 * some thousand rows, which stay in the second, then the next rows. Per piece and row, with row and
 * pair as pointers:
 *
 *     v = {load i32 gradient, load u32 hessian << 16 | 1}
 *     for each column f:  a = load u8 row[byte[f]] << 4;  (cells[f])[a] += v
 *     row += binStride;  pair += pairStride
 *
 * or with half cells v = gradient << 16 | 1 and a shift by 3.
 */
export type HistogramPass = (bins: number, pairs: number, n: number) => void

/** A column of a tile. */
export interface HistogramColumn {
  /** Address of its cells, above those of the column before. */
  readonly cells: number
  /** Where its bin is among a row's. Up to three bytes behind those of the last may be read. */
  readonly byte: number
  /** The bin has two bytes, little-endian. */
  readonly isWide: boolean
}

/** Rows as the kernel sees them. */
export interface HistogramShape {
  readonly columns: readonly HistogramColumn[]
  /** Bytes from the bins of one row to those of the next. */
  readonly binStride: number
  /** Bytes from one row's pair of gradient i32 and hessian u32 to the next. */
  readonly pairStride: number
  /** CELL_BYTES, or HALF_CELL_BYTES where all rows have the same hessian. */
  readonly cellBytes: number
}

/**
 * Cells of a piece. First-level caches have 32 to 128 KiB; 28 features of 255 bins take 0.63 of the
 * time in two pieces of 57 KiB on a processor with 48 KiB, and gain up to a tenth on one with 32.
 * Smaller pieces gain nothing more: what is done once a row is done for each.
 */
const PIECE_BYTES = 65_536
/** Rows of a block: a few hundred KiB, with sides. */
const BLOCK_ROWS = 4096

const op = {
  block: 0x02, loop: 0x03, end: 0x0b, br: 0x0c, brIf: 0x0d, select: 0x1b,
  get: 0x20, set: 0x21, tee: 0x22,
  i64Load: 0x29, i64Load32S: 0x34, i64Load32U: 0x35,
  i32Load: 0x28, i32Load8U: 0x2d, i32Load16U: 0x2f,
  i32Const: 0x41, i64Const: 0x42, i32LtU: 0x49, i32GtU: 0x4b, i32GeU: 0x4f,
  i32Add: 0x6a, i32Sub: 0x6b, i32Mul: 0x6c, i32And: 0x71, i32Shl: 0x74, i32ShrU: 0x76,
  i64Store: 0x37, i64Add: 0x7c, i64Or: 0x84, i64Shl: 0x86,
  simd: 0xfd,
} as const
const simd = { load: 0x00, store: 0x0b, i64x2Splat: 0x12, i64x2ReplaceLane: 0x1e, i64x2Add: 0xce }
const type = { i32: 0x7f, i64: 0x7e, v128: 0x7b, func: 0x60, empty: 0x40 }
// parameters, then locals
const local = {
  bins: 0, pairs: 1, n: 2, end: 3, blockEnd: 4, row: 5, pair: 6, cell: 7, word: 8, value: 9,
  half: 10,
}

/** Of each memory the kernels that there are, by shape. */
const known = new WeakMap<WebAssembly.Memory, Map<string, HistogramPass>>()
/** Shapes of a memory: trainings one after the other that have it may each bring some. */
const SHAPES_MAX = 64

/** The kernel for rows of this shape, bound to a memory. */
export function specialiseHistogram(
  memory: WebAssembly.Memory, shape: HistogramShape,
): HistogramPass {
  const passes = known.get(memory) ?? new Map<string, HistogramPass>()
  known.set(memory, passes)
  const key = JSON.stringify(shape)
  const before = passes.get(key)
  if (before !== undefined) return before
  if (passes.size >= SHAPES_MAX) passes.clear()
  const module = new WebAssembly.Module(moduleBytes(shape))
  const instance = new WebAssembly.Instance(module, { env: { memory } })
  const pass = instance.exports['histogram'] as HistogramPass
  passes.set(key, pass)
  return pass
}

function moduleBytes(shape: HistogramShape): Uint8Array<ArrayBuffer> {
  const body = [
    // six i32 locals, one v128 and one i64
    3, 6, type.i32, 1, type.v128, 1, type.i64,
    ...code(shape),
  ]
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, type.func, 3, type.i32, type.i32, type.i32, 0]),
    ...section(2, [1, ...name('env'), ...name('memory'), 2, 1, ...unsigned(1), ...unsigned(65536)]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('histogram'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

/** At least one: columns that begin about PIECE_BYTES apart at most. */
function piecesOf(columns: readonly HistogramColumn[]): readonly (readonly HistogramColumn[])[] {
  if (columns.length === 0) return [[]]
  const first = columns[0]!.cells
  const span = columns.at(-1)!.cells - first
  const nPieces = Math.floor(span / PIECE_BYTES) + 1
  const pieces = Array.from({ length: nPieces }, (): HistogramColumn[] => [])
  for (const column of columns) {
    pieces[Math.floor((column.cells - first) * nPieces / (span + 1))]!.push(column)
  }
  return pieces.filter((piece) => piece.length > 0)
}

const get = (variable: number): number[] => [op.get, variable]

function advance(variable: number, step: number): number[] {
  return [...get(variable), op.i32Const, ...signed(step), op.i32Add, op.set, variable]
}

function code(shape: HistogramShape): number[] {
  const { columns, binStride } = shape
  const blockBytes = signed(BLOCK_ROWS * binStride)
  return [
    // end = bins + n * binStride
    ...get(local.bins), ...get(local.n), op.i32Const, ...signed(binStride), op.i32Mul, op.i32Add,
    op.set, local.end,
    op.block, type.empty, op.loop, type.empty,
    ...get(local.bins), ...get(local.end), op.i32GeU, op.brIf, 1,
    // blockEnd = end - bins > blockBytes ? bins + blockBytes : end
    ...get(local.bins), op.i32Const, ...blockBytes, op.i32Add, ...get(local.end),
    ...get(local.end), ...get(local.bins), op.i32Sub, op.i32Const, ...blockBytes, op.i32GtU,
    op.select, op.set, local.blockEnd,
    ...piecesOf(columns).flatMap((piece) => pieceCode(piece, shape)),
    ...get(local.row), op.set, local.bins, ...get(local.pair), op.set, local.pairs,
    op.br, 0, op.end, op.end, op.end,
  ]
}

/** Rows from `bins` to `blockEnd`. */
function pieceCode(
  columns: readonly HistogramColumn[], { binStride, pairStride, cellBytes }: HistogramShape,
): number[] {
  const isHalf = cellBytes === HALF_CELL_BYTES
  const cellBits = isHalf ? 3 : 4
  const features = wordsOf(columns).flatMap((word) => word.flatMap((column, i) => {
    const cells = unsigned(column.cells)
    return [
      ...(word.length > 1
        ? addressInWord(column, i === 0, cellBits)
        : addressAlone(column, cellBits)),
      op.tee, local.cell,
      ...(isHalf ? addHalf(cells) : addWhole(cells)),
    ]
  }))
  return [
    ...get(local.bins), op.set, local.row, ...get(local.pairs), op.set, local.pair,
    op.loop, type.empty,
    ...(isHalf ? halfValue() : wholeValue()),
    ...features,
    ...advance(local.row, binStride), ...advance(local.pair, pairStride),
    ...get(local.row), ...get(local.blockEnd), op.i32LtU, op.brIf, 0, op.end,
  ]
}

/** value = {gradient, hessian << 16 | 1} */
function wholeValue(): number[] {
  return [
    ...get(local.pair), op.i64Load32S, 2, 0, op.simd, simd.i64x2Splat,
    ...get(local.pair), op.i64Load32U, 2, 4,
    op.i64Const, 16, op.i64Shl, op.i64Const, 1, op.i64Or,
    op.simd, simd.i64x2ReplaceLane, 1, op.set, local.value,
  ]
}

/** Adds it to a cell, whose address is on the stack. */
function addWhole(cells: readonly number[]): number[] {
  return [
    ...get(local.cell), op.simd, simd.load, 3, ...cells,
    ...get(local.value), op.simd, simd.i64x2Add, 1,
    op.simd, simd.store, 3, ...cells,
  ]
}

/** half = gradient << 16 | 1 */
function halfValue(): number[] {
  return [
    ...get(local.pair), op.i64Load32S, 2, 0,
    op.i64Const, 16, op.i64Shl, op.i64Const, 1, op.i64Or, op.set, local.half,
  ]
}

/** As `addWhole`. */
function addHalf(cells: readonly number[]): number[] {
  return [
    ...get(local.cell), op.i64Load, 3, ...cells,
    ...get(local.half), op.i64Add, op.i64Store, 3, ...cells,
  ]
}

/**
 * Columns by the four bytes that their bins are in, which are then loaded at once; those of two
 * bytes by themselves.
 */
function wordsOf(columns: readonly HistogramColumn[]): HistogramColumn[][] {
  const words: HistogramColumn[][] = []
  for (const column of columns) {
    const [before] = words.at(-1) ?? []
    const isTogether = before !== undefined && !before.isWide && !column.isWide &&
      before.byte >> 2 === column.byte >> 2
    if (isTogether) words.at(-1)!.push(column)
    else words.push([column])
  }
  return words
}

/** Of a column's cell, above those of the column. */
function addressAlone({ byte, isWide }: HistogramColumn, cellBits: number): number[] {
  return [
    ...get(local.row), isWide ? op.i32Load16U : op.i32Load8U, 0, ...unsigned(byte),
    op.i32Const, cellBits, op.i32Shl,
  ]
}

/** The same, of a bin that is loaded with its neighbours. */
function addressInWord(
  { byte }: HistogramColumn, isFirst: boolean, cellBits: number,
): number[] {
  const shift = 8 * (byte & 3) - cellBits
  return [
    ...(isFirst
      ? [...get(local.row), op.i32Load, 0, ...unsigned(byte & ~3), op.tee, local.word]
      : get(local.word)),
    op.i32Const, ...signed(Math.abs(shift)), shift > 0 ? op.i32ShrU : op.i32Shl,
    op.i32Const, ...signed(0xff << cellBits), op.i32And,
  ]
}

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function name(text: string): number[] {
  return [text.length, ...Array.from(text, (c) => c.charCodeAt(0))]
}

/** LEB128 of an unsigned 32-bit number. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...bytes, rest]
}

/** LEB128 of a signed number that is not negative. */
function signed(value: number): number[] {
  const bytes = unsigned(value)
  const last = bytes.at(-1)!
  // the sign is in bit 6 of the last byte
  return last & 0x40 ? [...bytes.slice(0, -1), last | 0x80, 0] : bytes
}
