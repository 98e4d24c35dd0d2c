/** Reader of sparse rows in the form that `csr-layout.ts` describes. */
import { assert, CoppiceError } from '@coppice/model'
import type {
  ByteSource, ColumnChunk, ColumnType, NumberChunk, PartitionPlan, PartitionReader, SparseNumbers,
  StoredColumn, Unit,
} from '../reader.js'
import { compactTexts } from './compact-texts.js'
import { readBytes } from './csv-bytes.js'
import { parseHeader } from './csr-header.js'
import {
  CSR_MAGIC, type CsrHeader, PREFIX_BYTES, SAME_VALUE, UNIT_HEAD_BYTES, valueKinds,
} from './csr-layout.js'
import { STORED_SHARE_MAX } from './sparse-columns.js'
import { coerceStored, withValues } from './stored-columns.js'

/** `PartitionPlan.detail`. */
type CsrDetail = Pick<CsrHeader, 'type' | 'plain'>

/** Reads files of sparse rows. */
export const csrReader: PartitionReader = {
  format: 'csr',
  plan,
  read: async (source, planned, unit, columns, types) =>
    (await readStored(source, planned, unit, columns, types)).map(withValues),
  readStored,
}

async function plan(source: ByteSource): Promise<PartitionPlan> {
  const prefix = await readBytes(source, 0, Math.min(PREFIX_BYTES, source.byteLength))
  if (prefix.length < PREFIX_BYTES || CSR_MAGIC.some((byte, i) => prefix[i] !== byte)) {
    throw damaged(source, 'it does not begin as one')
  }
  const end = PREFIX_BYTES +
    new DataView(prefix.buffer, prefix.byteOffset).getUint32(CSR_MAGIC.length, true)
  if (end > source.byteLength) throw damaged(source, 'its header goes beyond its end')
  const header = parseHeader(await readBytes(source, PREFIX_BYTES, end))
  if (header === null) throw damaged(source, 'its header is not one')
  const { nColumns, names, type, plain } = header
  const units: Unit[] = []
  let [firstRow, start] = [0, end]
  for (const { nRows, nBytes } of header.units) {
    units.push({ index: units.length, firstRow, nRows, start, end: start + nBytes })
    firstRow += nRows
    start += nBytes
  }
  if (start !== source.byteLength) {
    throw damaged(source, `it has ${source.byteLength} bytes, but its header says ${start}`)
  }
  const texts = new Set(plain.flatMap((column) => column.type === 'string' ? [column.index] : []))
  const detail: CsrDetail = { type, plain }
  return {
    columns: Array.from({ length: nColumns }, (_, i) =>
      ({ name: names?.[i] ?? `Column_${i}`, type: texts.has(i) ? 'string' : null })),
    nRows: firstRow,
    units,
    detail,
  }
}

async function readStored(
  source: ByteSource,
  { columns, detail }: PartitionPlan,
  unit: Unit,
  wanted: readonly number[],
  types: readonly (ColumnType | null)[],
): Promise<StoredColumn[]> {
  if (wanted.length === 0) return []
  const bytes = await readBytes(source, unit.start, unit.end)
  const { nRows, firstRow } = unit
  const parser = new UnitParser(source, bytes, unit)
  const entries = parser.entries(columns.length)
  const { type, plain } = detail as CsrDetail
  const plainChunks = new Map(plain.map((column) =>
    [column.index, parser.plain(column.type)] as const))
  parser.requireEnd()
  return wanted.map((column, i) => {
    assert(column >= 0 && column < columns.length, `column ${column} exists`)
    const chunk = plainChunks.get(column) ?? sparseChunk(entries, column, nRows, type)
    return coerceStored(chunk, types[i] ?? null,
      { column: columns[column]!.name, source: source.name, firstRow })
  })
}

interface UnitEntries {
  /** Per column and one more: where its entries begin. */
  readonly starts: Int32Array
  readonly rows: Int32Array
  readonly values: Float64Array
}

function sparseChunk(
  { starts, rows, values }: UnitEntries, column: number, nRows: number, type: NumberChunk['type'],
): NumberChunk | SparseNumbers {
  const [start, end] = [starts[column]!, starts[column + 1]!]
  const chunk = {
    type, nRows, rows: rows.subarray(start, end), stored: values.subarray(start, end),
  }
  return end - start <= nRows * STORED_SHARE_MAX ? chunk : withValues(chunk) as NumberChunk
}

/** Takes a unit apart from front to back. */
class UnitParser {
  readonly #source: ByteSource
  readonly #bytes: Uint8Array
  readonly #unit: Unit
  #at = 0

  constructor(source: ByteSource, bytes: Uint8Array, unit: Unit) {
    this.#source = source
    this.#bytes = bytes
    this.#unit = unit
  }

  entries(nColumnsAll: number): UnitEntries {
    const head = new DataView(this.#take(UNIT_HEAD_BYTES))
    const [nColumns, nEntries] = [head.getUint32(0, true), head.getUint32(4, true)]
    const rowBytes = head.getUint32(8, true)
    if (rowBytes !== 2 && rowBytes !== 4) throw this.#damaged()
    const columns = new Uint32Array(this.#take(nColumns * 4))
    const counts = new Uint32Array(this.#take(nColumns * 4))
    const kinds = new Uint8Array(this.#take(nColumns))
    const rowsTaken = this.#take(nEntries * rowBytes)
    const rows = Int32Array.from(
      rowBytes === 2 ? new Uint16Array(rowsTaken) : new Uint32Array(rowsTaken))
    const starts = this.#starts(columns, counts, rows, nColumnsAll)
    return { starts, rows, values: this.#values(kinds, counts, nEntries) }
  }

  #values(kinds: Uint8Array, counts: Uint32Array, nEntries: number): Float64Array {
    const values = new Float64Array(nEntries)
    let at = 0
    for (let i = 0; i < kinds.length; i++) {
      const end = at + counts[i]!
      const kind = valueKinds[kinds[i]! & ~SAME_VALUE]
      if (kind === undefined) throw this.#damaged()
      const isSame = kinds[i]! >= SAME_VALUE
      const stored = kind.view(this.#take((isSame ? 1 : end - at) * kind.nBytes))
      if (isSame) values.fill(stored[0]!, at, end)
      else values.set(stored, at)
      at = end
    }
    for (let i = 0; i < nEntries; i++) values[i] = canonical(values[i]!)
    return values
  }

  /** Checks that entries are where the file says, and that rows ascend. */
  #starts(
    columns: Uint32Array, counts: Uint32Array, rows: Int32Array, nColumnsAll: number,
  ): Int32Array {
    const starts = new Int32Array(nColumnsAll + 1)
    let [at, next] = [0, 0]
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!
      const end = at + counts[i]!
      if (column < next || column >= nColumnsAll || end > rows.length) throw this.#damaged()
      starts.fill(at, next, column + 1)
      next = column + 1
      for (let last = -1; at < end; at++) {
        const row = rows[at]!
        if (row <= last || row >= this.#unit.nRows) throw this.#damaged()
        last = row
      }
    }
    if (at !== rows.length) throw this.#damaged()
    starts.fill(at, next)
    return starts
  }

  plain(type: ColumnType): ColumnChunk {
    const { nRows } = this.#unit
    if (type !== 'string') {
      const values = new Float64Array(this.#take(nRows * 8))
      return { type, values: values.map(canonical) }
    }
    const [length] = new Uint32Array(this.#take(4))
    const dictionary = textsOf(new Uint8Array(this.#take(length!)))
    const codes = new Int32Array(this.#take(nRows * 4))
    const nTexts = dictionary?.length ?? -1
    if (dictionary === null || !codes.every((code) => code >= -1 && code < nTexts)) {
      throw this.#damaged()
    }
    return compactTexts({ type, codes, dictionary })
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length) throw this.#damaged()
  }

  /** The next bytes, in a buffer of their own that any numbers can be views of. */
  #take(nBytes: number): ArrayBuffer {
    const end = this.#at + nBytes
    if (end > this.#bytes.length) throw this.#damaged()
    const taken = this.#bytes.slice(this.#at, end)
    this.#at = end
    return taken.buffer as ArrayBuffer
  }

  #damaged(): CoppiceError {
    return damaged(this.#source, `its unit ${this.#unit.index} does not hold what it says`)
  }
}

/** Distinct texts, or null for what is none. */
function textsOf(bytes: Uint8Array): string[] | null {
  try {
    const texts: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return Array.isArray(texts) && texts.every((text) => typeof text === 'string') &&
      new Set(texts).size === texts.length ? texts : null
  } catch {
    return null
  }
}

function canonical(value: number): number {
  return value !== value ? NaN : value + 0
}

function damaged({ name }: ByteSource, why: string): CoppiceError {
  return new CoppiceError('DATA', `${name} is not a file of sparse rows, or it is damaged: ` +
    `${why}; write it again`)
}
