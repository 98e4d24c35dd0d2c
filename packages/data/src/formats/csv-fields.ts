/** Splits the records of one unit into fields and remembers where the wanted ones stand. */

import { CoppiceError } from '@coppice/model'
import { CARRIAGE_RETURN, LINE_FEED } from './csv-bytes.js'
import type { DecodingMachine } from './decoding-machine.js'

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
}

/** The fields of some consecutive rows, in the memory of a machine. */
export interface FieldBlock {
  /** Row of the unit that is the block's row 0. */
  readonly firstRow: number
  readonly nRows: number
  /** Where the block's text begins in the unit; fields are relative to it. */
  readonly base: number
  /** Offsets in the memory: the text, and slots x stride i32 each, as `splitFields` has them. */
  readonly text: number
  readonly starts: number
  readonly ends: number
  readonly stride: number
}

/** Text is brought into the memory in pieces of this many bytes: what a cache has room for. */
const WINDOW_BYTES = 128 * 1024
/** Fields of a block, and the fewest rows that are worth the calls for each of their columns. */
const BLOCK_FIELDS = 8 * 1024
const BLOCK_ROWS_MIN = 64

/** The bytes, with a line end after the last record where the file has none. */
export function withLineEnd(bytes: Uint8Array): Uint8Array {
  const last = bytes[bytes.length - 1]
  if (last === LINE_FEED || last === CARRIAGE_RETURN) return bytes
  const ended = new Uint8Array(bytes.length + 1)
  ended.set(bytes)
  ended[bytes.length] = LINE_FEED
  return ended
}

/** Finds the fields of the wanted columns, a block of rows at a time. Linear in the bytes. */
export class FieldSplitter {
  /** The most rows of a block. */
  readonly blockRows: number
  private readonly slots: number
  private readonly starts: number
  private readonly ends: number
  private readonly out: number
  /** The piece of the unit that is in the memory: [windowStart, windowEnd), at `window`. */
  private window: number
  private windowBytes: number
  private windowStart = 0
  private windowEnd = 0
  /** Done with up to here. */
  private position = 0
  private row = 0

  /** @param slots - nColumns: for each column its slot in the blocks, or -1 where not wanted */
  constructor(
    private readonly machine: DecodingMachine,
    private readonly text: UnitText,
    slots: Int32Array,
    nSlots: number,
  ) {
    const wanted = Math.max(BLOCK_ROWS_MIN, Math.floor(BLOCK_FIELDS / nSlots))
    this.blockRows = Math.min(wanted, Math.max(1, text.nRows))
    const nCells = nSlots * this.stride
    this.slots = machine.reserve(slots.length * 4)
    this.starts = machine.reserve(nCells * 4)
    this.ends = machine.reserve(nCells * 4)
    this.out = machine.reserve(16)
    this.windowBytes = Math.min(WINDOW_BYTES, text.bytes.length)
    this.window = machine.reserveText(this.windowBytes)
    machine.ints(this.slots, slots.length).set(slots)
  }

  private get stride(): number {
    // A record behind the last of a block is met before it is known to be one.
    return this.blockRows + 1
  }

  /**
   * The next rows, or null after the last. The block is gone with the next call.
   *
   * @throws CoppiceError 'IO' when the records are not those that were planned
   */
  nextBlock(): FieldBlock | null {
    const { text, starts, ends, stride } = this
    while (this.position < text.bytes.length) {
      const base = this.position
      const firstRow = this.row
      const at = this.window + base - this.windowStart
      const nRows = this.splitWindow(at)
      if (nRows > 0) return { firstRow, nRows, base, text: at, starts, ends, stride }
      if (this.position === base) this.moveWindow()
    }
    if (this.row !== text.nRows) throw changedError(text)
    return null
  }

  /** Splits what the window has for a block; returns its rows. */
  private splitWindow(at: number): number {
    const { machine, text, position, windowEnd } = this
    const nRowsMax = Math.min(this.blockRows, text.nRows - this.row)
    const isLast = windowEnd === text.bytes.length ? 1 : 0
    const nRows = machine.kernels.splitFields(
      this.out, at, windowEnd - position, isLast, text.separator, text.nColumns, this.slots,
      nRowsMax, this.starts, this.ends, this.stride,
    )
    if (nRows < 0) throw changedError(text)
    this.position += machine.ints(this.out, 1)[0]!
    this.row += nRows
    return nRows
  }

  /** Brings in the text from `position` on: more of it where not even a record was complete. */
  private moveWindow(): void {
    const { machine, text, position } = this
    if (this.windowEnd === text.bytes.length) throw changedError(text)
    if (this.windowStart === position && this.windowEnd > 0) {
      this.windowBytes = Math.min(this.windowBytes * 2, text.bytes.length)
      this.window = machine.reserveText(this.windowBytes)
    }
    const end = Math.min(position + this.windowBytes, text.bytes.length)
    machine.bytes(this.window, end - position).set(text.bytes.subarray(position, end))
    this.windowStart = position
    this.windowEnd = end
  }
}

function changedError(text: UnitText): CoppiceError {
  return new CoppiceError(
    'IO',
    `${text.name}: the records from line ${text.firstLine} on are no longer the ` +
      `${text.nRows} rows of ${text.nColumns} fields that were counted; the file changed while ` +
      'it was being read',
  )
}
