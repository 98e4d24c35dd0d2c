/**
 * Reader of NumPy arrays: `.npy` versions 1 to 3 (numpy/lib/format.py states the format), one or
 * two dimensions, booleans, integers and floats of 8 to 64 bits, either byte order, C or Fortran
 * order. Columns are `Column_0`, `Column_1`, ...; an array of one dimension is one column.
 *
 * 64-bit integers beyond 2^53 become the nearest double, and their column is then 'float'.
 */

import { CoppiceError, assert } from '@coppice/model'
import type {
  ByteSource,
  ColumnChunk,
  ColumnType,
  NumberChunk,
  PartitionPlan,
  PartitionReader,
  Unit,
} from '../reader.js'
import { coerceChunk } from './coerce.js'
import { UNIT_BYTES, readBytes } from './csv-bytes.js'
import { DTYPE_NAMES, dtypeOf, type Dtype } from './npy-dtype.js'

/** `PartitionPlan.detail` of an .npy partition. */
interface NpyDetail {
  /** The descriptor of numpy, such as '<f8'. */
  readonly descr: string
  readonly isFortran: boolean
  readonly dataStart: number
}

interface NpyHeader {
  readonly descr: string
  readonly isFortran: boolean
  readonly shape: readonly number[]
  readonly dataStart: number
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** numpy itself refuses longer headers (`max_header_size` is 10000 characters). */
const HEADER_BYTES_MAX = 64 * 1024
const COLUMNS_MAX = 1_000_000

/** Reads `.npy` arrays. */
export const npyReader: PartitionReader = createNpyReader(UNIT_BYTES)

/** A reader whose units decode to about `unitBytes` bytes of doubles. */
export function createNpyReader(unitBytes: number): PartitionReader {
  return {
    format: 'npy',
    plan: (source) => planNpy(source, unitBytes),
    read: readNpy,
  }
}

async function planNpy(source: ByteSource, unitBytes: number): Promise<PartitionPlan> {
  const header = await readHeader(source)
  const { descr, isFortran, shape, dataStart } = header
  const dtype = dtypeOf(descr)
  if (dtype === null) {
    throw new CoppiceError(
      'DATA',
      `${source.name} is an array of ${descr}, which is not supported; legal are ` +
        `${DTYPE_NAMES}; save it as one of these, for example with: a.astype('float64')`,
    )
  }
  if (shape.length < 1 || shape.length > 2) {
    throw new CoppiceError(
      'DATA',
      `${source.name} has the shape (${shape.join(', ')}); an array must have one dimension ` +
        '(a column) or two (rows x columns)',
    )
  }
  const nRows = shape[0]!
  const nColumns = shape[1] ?? 1
  if (nColumns < 1 || nColumns > COLUMNS_MAX) {
    throw new CoppiceError(
      'DATA',
      `${source.name} has ${nColumns} columns; it must have 1 to ${COLUMNS_MAX}`,
    )
  }
  const needed = nRows * nColumns * dtype.itemBytes
  const found = source.byteLength - dataStart
  if (found !== needed) {
    throw new CoppiceError(
      'DATA',
      `${source.name} is ${found < needed ? 'truncated' : 'longer than it says'}: ${nRows} x ` +
        `${nColumns} values of ${descr} take ${needed} bytes after the header, but there are ` +
        `${found}; write the file again`,
    )
  }
  const unitRows = Math.max(1, Math.floor(unitBytes / (nColumns * 8)))
  const units: Unit[] = []
  for (let firstRow = 0; firstRow < nRows; firstRow += unitRows) {
    const n = Math.min(unitRows, nRows - firstRow)
    units.push({ index: units.length, firstRow, nRows: n, start: 0, end: 0 })
  }
  const detail: NpyDetail = { descr, isFortran, dataStart }
  const columns = Array.from({ length: nColumns }, (_, column) => ({
    name: `Column_${column}`,
    type: dtype.type,
  }))
  return { columns, nRows, units, detail }
}

async function readHeader(source: ByteSource): Promise<NpyHeader> {
  const start = await readBytes(source, 0, Math.min(12, source.byteLength))
  if (start.length < 12 || MAGIC.some((byte, i) => start[i] !== byte)) {
    throw new CoppiceError(
      'DATA',
      `${source.name} is not an .npy file: ` +
        (start.length < 12
          ? `it has ${start.length} bytes, less than the shortest header`
          : 'it does not begin with \\x93NUMPY (an .npz archive must be unpacked first)'),
    )
  }
  const version = start[6]!
  if (version < 1 || version > 3) {
    throw new CoppiceError(
      'DATA',
      `${source.name} is an .npy file of version ${version}.${start[7]}; 1.0, 2.0 and 3.0 are ` +
        'supported',
    )
  }
  const view = new DataView(start.buffer, start.byteOffset, start.length)
  const textStart = version === 1 ? 10 : 12
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const dataStart = textStart + length
  if (length > HEADER_BYTES_MAX || dataStart > source.byteLength) {
    throw new CoppiceError(
      'DATA',
      `the header of ${source.name} is said to have ${length} bytes, but the file has ` +
        `${source.byteLength} and a header at most ${HEADER_BYTES_MAX}; the file is damaged`,
    )
  }
  const text = new TextDecoder().decode(await readBytes(source, textStart, dataStart))
  return { ...parseHeader(source.name, text), dataStart }
}

/** Python's literal of a dict with exactly the keys descr, fortran_order and shape. */
function parseHeader(name: string, text: string): Omit<NpyHeader, 'dataStart'> {
  const isDict = /^\{.*\}\s*$/s.test(text)
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /['"]shape['"]\s*:\s*\(([\dL,\s]*)\)/.exec(text)?.[1]
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(text)
  const sizes = (shape ?? '').split(',').map((size) => size.trim().replace(/L$/, ''))
  const dimensions = sizes.filter((size) => size !== '').map(Number)
  if (
    !isDict ||
    order === undefined ||
    shape === undefined ||
    descr === null ||
    !dimensions.every(Number.isSafeInteger)
  ) {
    throw new CoppiceError(
      'DATA',
      `the header of ${name} is damaged: it must be a dictionary with 'descr', ` +
        `'fortran_order' and 'shape', and is '${text.slice(0, 80).trim()}'`,
    )
  }
  return { descr: descr[1] ?? 'records', isFortran: order === 'True', shape: dimensions }
}

async function readNpy(
  source: ByteSource,
  plan: PartitionPlan,
  unit: Unit,
  columns: readonly number[],
  types: readonly (ColumnType | null)[],
): Promise<ColumnChunk[]> {
  if (columns.length === 0) return []
  const { descr, isFortran, dataStart } = plan.detail as NpyDetail
  const dtype = dtypeOf(descr)
  assert(dtype !== null, `${descr} was planned`)
  const { itemBytes } = dtype
  const nColumns = plan.columns.length
  for (const column of columns) {
    assert(column >= 0 && column < nColumns, `column ${column} is one of ${nColumns}`)
  }
  const strided: Strided[] = []
  if (isFortran) {
    const rangeOf = (column: number): [number, number] => {
      const start = dataStart + (column * plan.nRows + unit.firstRow) * itemBytes
      return [start, start + unit.nRows * itemBytes]
    }
    await source.prefetch?.(columns.map(rangeOf))
    for (const column of columns) {
      const bytes = await readBytes(source, ...rangeOf(column))
      strided.push({ bytes, offset: 0, stride: itemBytes })
    }
  } else {
    const rowBytes = nColumns * itemBytes
    const start = dataStart + unit.firstRow * rowBytes
    const bytes = await readBytes(source, start, start + unit.nRows * rowBytes)
    for (const column of columns) {
      strided.push({ bytes, offset: column * itemBytes, stride: rowBytes })
    }
  }
  const isWide = dtype.type === null
  return strided.map((cells, i) => {
    const chunk = decode(cells, dtype, unit.nRows)
    const name = plan.columns[columns[i]!]!.name
    if (isWide && chunk.type === 'float' && types[i] !== 'float') {
      throw unsafeError(source.name, name, unit.firstRow, descr, cells, chunk)
    }
    return coerceChunk(chunk, types[i] ?? null, {
      column: name,
      source: source.name,
      firstRow: unit.firstRow,
    })
  })
}

/** The cells of one column: the first is at `offset`, each further one `stride` bytes on. */
interface Strided {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly stride: number
}

function unsafeError(
  source: string,
  column: string,
  firstRow: number,
  descr: string,
  cells: Strided,
  { values }: NumberChunk,
): CoppiceError {
  const row = values.findIndex((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER)
  return new CoppiceError(
    'DATA',
    `column '${column}' of ${source} holds the integer ${exactInteger(cells, descr, row)} in row ` +
      `${firstRow + row + 1}, which a double cannot hold exactly (beyond 2^53); ignore the ` +
      `column, or give it the type 'float' to round it (schema)`,
  )
}

/** A 64-bit integer as it is stored. */
function exactInteger({ bytes, offset, stride }: Strided, descr: string, row: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const position = offset + row * stride
  const isLittle = descr.startsWith('<')
  return descr.endsWith('u8')
    ? view.getBigUint64(position, isLittle)
    : view.getBigInt64(position, isLittle)
}

function decode({ bytes, offset, stride }: Strided, dtype: Dtype, nRows: number): NumberChunk {
  const values = new Float64Array(nRows)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  dtype.decode(view, values, offset, stride)
  let type = dtype.type
  if (type === null) {
    const isSafe = values.every((value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER)
    type = isSafe ? 'int' : 'float'
  }
  return { type, values }
}
