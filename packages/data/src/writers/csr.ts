/** Writes sparse rows as a file of the form that `formats/csr-layout.ts` describes. */
import { assert } from '@coppice/model'
import { compactTexts } from '../formats/compact-texts.js'
import {
  CSR_MAGIC, type CsrHeader, PREFIX_BYTES, SAME_VALUE, UNIT_HEAD_BYTES, valueKinds, VERSION,
} from '../formats/csr-layout.js'
import type { ColumnChunk, NumberChunk, SparseNumbers, StringChunk } from '../reader.js'
import { joinBytes } from './join-bytes.js'

/** Rows that are written as one unit. */
export interface CsrUnit {
  readonly nRows: number
  /** Of the columns that are not plain, in order. */
  readonly sparse: readonly (NumberChunk | SparseNumbers)[]
  /** Of the plain ones, in order, of the types that the header says. */
  readonly plain: readonly ColumnChunk[]
}

/**
 * A file of sparse rows. Equal rows in equal units give equal bytes, whether zeros among them
 * were stored or not.
 */
export async function csrFile(
  header: Omit<CsrHeader, 'version' | 'units'>, units: AsyncIterable<CsrUnit> | Iterable<CsrUnit>,
): Promise<Uint8Array> {
  const isPlain = new Set(header.plain.map(({ index }) => index))
  const sparseColumns = Uint32Array.from({ length: header.nColumns }, (_, column) => column)
    .filter((column) => !isPlain.has(column))
  const bodies: Uint8Array[] = []
  const sizes: { nRows: number, nBytes: number }[] = []
  for await (const unit of units) {
    const body = unitBytes(unit, sparseColumns)
    bodies.push(body)
    sizes.push({ nRows: unit.nRows, nBytes: body.length })
  }
  const whole: CsrHeader = { version: VERSION, ...header, units: sizes }
  const text = new TextEncoder().encode(JSON.stringify(whole))
  const prefix = new Uint8Array(PREFIX_BYTES)
  prefix.set(CSR_MAGIC)
  new DataView(prefix.buffer).setUint32(CSR_MAGIC.length, text.length, true)
  return joinBytes([prefix, text, ...bodies])
}

interface Entries {
  readonly columns: Uint32Array
  readonly counts: Uint32Array
  readonly rows: Uint16Array | Uint32Array
  readonly values: Float64Array
}

function unitBytes(
  { nRows, sparse, plain }: CsrUnit, sparseColumns: Uint32Array,
): Uint8Array {
  assert(sparse.length === sparseColumns.length, 'all columns are plain or sparse')
  const { columns, counts, rows, values } = entriesOf(nRows, sparse, sparseColumns)
  let at = 0
  const narrow = Array.from(counts, (count) => narrowed(values.subarray(at, at += count)))
  const head = new Uint8Array(UNIT_HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, columns.length, true)
  view.setUint32(4, rows.length, true)
  view.setUint32(8, rows.BYTES_PER_ELEMENT, true)
  return joinBytes([
    head, bytesOf(columns), bytesOf(counts), Uint8Array.from(narrow, ({ kind }) => kind),
    bytesOf(rows), ...narrow.map(({ stored }) => bytesOf(stored)),
    ...plain.flatMap((chunk) =>
      chunk.type === 'string' ? textBytes(chunk) : [bytesOf(chunk.values)]),
  ])
}

/** The entries by column, those that are 0 left out. */
function entriesOf(
  nRows: number, sparse: CsrUnit['sparse'], sparseColumns: Uint32Array,
): Entries {
  const most = sparse.reduce((sum, chunk) =>
    sum + ('stored' in chunk ? chunk.stored : chunk.values).length, 0)
  const rows = nRows <= 0x1_0000 ? new Uint16Array(most) : new Uint32Array(most)
  const values = new Float64Array(most)
  const columns: number[] = []
  const counts: number[] = []
  let at = 0
  for (const [i, chunk] of sparse.entries()) {
    const before = at
    const own = 'stored' in chunk ? chunk.stored : chunk.values
    for (let k = 0; k < own.length; k++) {
      const value = own[k]!
      if (value === 0) continue
      rows[at] = 'stored' in chunk ? chunk.rows[k]! : k
      values[at++] = value
    }
    if (at === before) continue
    columns.push(sparseColumns[i]!)
    counts.push(at - before)
  }
  return {
    columns: Uint32Array.from(columns), counts: Uint32Array.from(counts),
    rows: rows.subarray(0, at), values: values.subarray(0, at),
  }
}

/** Values, at least one, in the narrowest form that holds them exactly. */
function narrowed(values: Float64Array): { kind: number, stored: ArrayBufferView } {
  let [min, max] = [Infinity, -Infinity]
  let areIntegers = true
  let areFloats = true
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
    if (areIntegers && !Number.isInteger(value)) areIntegers = false
    if (areFloats && value === value && Math.fround(value) !== value) areFloats = false
  }
  const kind = valueKinds.findIndex(({ range, nBytes }) => range === null
    ? nBytes === 8 || areFloats
    : areIntegers && min >= range[0] && max <= range[1])
  const areSame = min === max && !values.some((value) => value !== value)
  const stored = valueKinds[kind]!.make(areSame ? 1 : values.length)
  if (areSame) stored[0] = min
  else stored.set(values)
  return { kind: areSame ? kind + SAME_VALUE : kind, stored }
}

function textBytes(chunk: StringChunk): Uint8Array[] {
  const { codes, dictionary } = compactTexts(chunk)
  const text = new TextEncoder().encode(JSON.stringify(dictionary))
  return [bytesOf(Uint32Array.of(text.length)), text, bytesOf(codes)]
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
