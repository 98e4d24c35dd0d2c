/** Splits the records of one unit into fields and remembers where the wanted ones stand. */

import { CoppiceError } from '@coppice/model'
import { CARRIAGE_RETURN, LINE_FEED, QUOTE } from '../../../src/formats/csv-bytes.js'
import { afterQuote, closingQuote, endsField, isBlank } from '../../../src/formats/csv-records.js'
import { STRUCTURE_BLOCK, findStructure, wordView } from '../../../src/formats/csv-structure.js'

/** The text of one unit: whole records. */
export interface UnitText {
  /** For messages: the path or URL. */
  readonly name: string
  /** Ends with a line end; see `withLineEnd`. */
  readonly bytes: Uint8Array
  readonly firstLine: number
  readonly separator: number
  readonly nColumns: number
  readonly nRows: number
  /** No quoted field and no carriage return: every line feed ends a record. */
  readonly isPlain: boolean
}

/** The fields of some consecutive rows: few enough that their text stays in the cache. */
export interface FieldBlock {
  readonly bytes: Uint8Array
  /** Row of the unit that is the block's row 0. */
  readonly firstRow: number
  readonly nRows: number
  /** starts[slot * capacity + row]: the field's first byte, quotes and spaces included. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly capacity: number
}

/** With many columns to skip, looking for the line end costs less than walking to it. */
const COLUMNS_WORTH_A_JUMP = 6
/** About as much text and as many fields as the second-level cache holds. */
const BLOCK_BYTES = 64 * 1024
const BLOCK_FIELDS = 8 * 1024

/** The bytes, with a line end after the last record where the file has none. */
export function withLineEnd(bytes: Uint8Array): Uint8Array {
  const last = bytes[bytes.length - 1]
  if (last === LINE_FEED || last === CARRIAGE_RETURN) return bytes
  const ended = new Uint8Array(bytes.length + 1)
  ended.set(bytes)
  ended[bytes.length] = LINE_FEED
  return ended
}

/**
 * Finds the fields of the wanted columns, a block of rows at a time. Linear in the bytes; what
 * lies behind the last wanted column of a record is skipped.
 */
export class FieldSplitter {
  private readonly words: Int32Array
  private readonly positions = new Int32Array(STRUCTURE_BLOCK)
  private nPositions = 0
  private nextPosition = 0
  /** Structure is known up to here. */
  private structureEnd = 0
  /** Where the next field begins. */
  private start = 0
  /** Positions before this one are done with. */
  private skipTo = 0
  private column = 0
  private row = 0
  private readonly starts: Int32Array
  private readonly ends: Int32Array
  private readonly capacity: number
  private readonly lastWanted: number
  private readonly canJump: boolean

  /** @param slots - nColumns: for each column its slot in the blocks, or -1 where not wanted */
  constructor(
    private readonly text: UnitText,
    private readonly slots: Int32Array,
    nSlots: number,
  ) {
    const { bytes, nRows } = text
    const rows = Math.min((BLOCK_BYTES * nRows) / bytes.length, BLOCK_FIELDS / nSlots, nRows)
    this.capacity = Math.max(1, Math.floor(rows))
    this.starts = new Int32Array(nSlots * this.capacity)
    this.ends = new Int32Array(nSlots * this.capacity)
    this.words = wordView(bytes)
    this.lastWanted = findLastWanted(slots)
    this.canJump = text.isPlain && text.nColumns - this.lastWanted > COLUMNS_WORTH_A_JUMP
  }

  /**
   * The next rows, or null after the last. The block's arrays are reused by the next call.
   *
   * @throws CoppiceError 'IO' when the records are not those that were planned
   */
  nextBlock(): FieldBlock | null {
    const firstRow = this.row
    while (this.row - firstRow < this.capacity) {
      if (this.nextPosition === this.nPositions && !this.findMore()) break
      this.splitSome(firstRow)
    }
    const nRows = this.row - firstRow
    if (nRows === 0 && (this.row !== this.text.nRows || this.start !== this.text.bytes.length)) {
      throw changedError(this.text)
    }
    if (nRows === 0) return null
    const { starts, ends, capacity } = this
    return { bytes: this.text.bytes, firstRow, nRows, starts, ends, capacity }
  }

  private findMore(): boolean {
    const { bytes } = this.text
    const from = Math.max(this.structureEnd, this.skipTo)
    if (from >= bytes.length) return false
    this.structureEnd = Math.min(from + STRUCTURE_BLOCK, bytes.length)
    this.nPositions = findStructure(
      bytes,
      this.words,
      from,
      this.structureEnd,
      this.positions,
    )
    this.nextPosition = 0
    return true
  }

  /** Goes through the known positions until they or the block's rows end. */
  private splitSome(firstRow: number): void {
    const { positions, nPositions, starts, ends, capacity, slots, lastWanted, canJump } = this
    const { bytes, separator, nColumns } = this.text
    const rowsLeft = this.text.nRows - firstRow
    let { column, start, skipTo } = this
    let row = this.row - firstRow
    let i = this.nextPosition
    while (i < nPositions && row < capacity) {
      const p = positions[i++]!
      if (p < skipTo) continue
      const byte = bytes[p]!
      if (byte === separator) {
        const slot = slots[column]!
        if (slot >= 0) {
          starts[slot * capacity + row] = start
          ends[slot * capacity + row] = p
        }
        start = p + 1
        if (column === lastWanted && canJump) {
          skipTo = bytes.indexOf(LINE_FEED, start)
          column = nColumns - 1
        } else if (++column >= nColumns) {
          throw changedError(this.text)
        }
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        if (column > 0 || !isBlank(bytes, start, p, separator)) {
          if (column + 1 !== nColumns || row >= rowsLeft) throw changedError(this.text)
          const slot = slots[column]!
          if (slot >= 0) {
            starts[slot * capacity + row] = start
            ends[slot * capacity + row] = p
          }
          row++
          column = 0
        }
        start = skipTo = byte === CARRIAGE_RETURN && bytes[p + 1] === LINE_FEED ? p + 2 : p + 1
      } else if (byte === QUOTE && isBlank(bytes, start, p, separator)) {
        const close = closingQuote(bytes, p + 1)
        if (close < 0) throw changedError(this.text)
        skipTo = afterQuote(bytes, close + 1, separator)
        if (!endsField(bytes, skipTo, separator)) throw changedError(this.text)
      }
    }
    this.column = column
    this.start = start
    this.skipTo = skipTo
    this.row = firstRow + row
    this.nextPosition = i
  }
}

function findLastWanted(slots: Int32Array): number {
  let last = slots.length - 1
  while (last > 0 && slots[last]! < 0) last--
  return last
}

function changedError(text: UnitText): CoppiceError {
  return new CoppiceError(
    'IO',
    `${text.name}: the records from line ${text.firstLine} on are no longer the ` +
      `${text.nRows} rows of ${text.nColumns} fields that were counted; the file changed while ` +
      'it was being read',
  )
}
