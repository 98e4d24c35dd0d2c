import { ProtocolError } from '../protocol/error.js'
import { RANGE_CELLS_MAX } from './sum-chunks.js'
import { FULL_WIDTHS, HEADER_BYTES, MAGIC, type PackedHeader, packedBytes } from './sum-layout.js'

/** Writes the header to the first bytes of `packed`. */
export function writeHeader(packed: Uint8Array, header: PackedHeader): void {
  const { isSparse, widths, nCells, nStored } = header
  packed[0] = MAGIC
  packed[1] = isSparse ? 1 : 0
  packed.set(widths, 2)
  packed.fill(0, 5, 8)
  const view = new DataView(packed.buffer, packed.byteOffset)
  view.setUint32(8, nCells, true)
  view.setUint32(12, nStored, true)
}

/** Packed sums that are none. */
export function damaged(what: string): ProtocolError {
  return new ProtocolError('damaged', `packed sums: ${what}`)
}

/**
 * Reads the header of packed sums and checks it, and that all that follows from it is there; what
 * comes after the sums is not looked at.
 *
 * @throws ProtocolError
 */
export function readHeader(bytes: Uint8Array): PackedHeader {
  if (bytes.length < HEADER_BYTES) throw damaged(`${bytes.length} bytes are less than a header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes[0] !== MAGIC || bytes[1]! > 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    throw damaged('the header is not one')
  }
  const isSparse = bytes[1] === 1
  const widths = [bytes[2]!, bytes[3]!, bytes[4]!] as const
  const nCells = view.getUint32(8, true)
  const nStored = view.getUint32(12, true)
  if (widths.some((width, i) => width > FULL_WIDTHS[i]!)) {
    throw damaged(`integers of ${widths.join(', ')} bytes; at most ${FULL_WIDTHS.join(', ')} are`)
  }
  if (nCells === 0 || nCells % 4 !== 0 || nCells > RANGE_CELLS_MAX) {
    throw damaged(`${nCells} cells; a range has a multiple of 4 up to ${RANGE_CELLS_MAX}`)
  }
  if (isSparse ? 2 * nStored >= nCells : nStored !== nCells) {
    throw damaged(`${nStored} of ${nCells} cells are stored, ${isSparse ? 'sparse' : 'dense'}`)
  }
  const header: PackedHeader = { isSparse, widths, nCells, nStored }
  if (packedBytes(header) > bytes.length) {
    throw damaged(`${bytes.length} bytes; by the header there are ${packedBytes(header)}`)
  }
  return header
}
