import type { MomentsPart } from '@coppice/engine'
import { ProtocolError } from '../protocol/error.js'
import { referenceChecksum } from './sum-checksum.js'

const CHECKSUM_BYTES = 8

/**
 * A store's sums of linear leaves as bytes: a checksum (8 bytes), then the numbers, 8 bytes each,
 * little-endian.
 */
export function packMoments(part: MomentsPart): Uint8Array {
  const bytes = new Uint8Array(CHECKSUM_BYTES + part.byteLength)
  bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), CHECKSUM_BYTES)
  const sum = referenceChecksum(bytes.subarray(CHECKSUM_BYTES))
  new DataView(bytes.buffer).setBigUint64(0, sum, true)
  return bytes
}

/**
 * Reads what `packMoments` wrote. Whether the numbers can be is not looked at, see `momentsFault`
 * of the engine.
 *
 * @throws ProtocolError for other bytes
 */
export function unpackMoments(bytes: Uint8Array): MomentsPart {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < CHECKSUM_BYTES || bytes.length % 8 !== 0) {
    throw new ProtocolError('damaged', `packed sums of leaves: ${bytes.length} bytes`)
  }
  const numbers = bytes.slice(CHECKSUM_BYTES)
  if (view.getBigUint64(0, true) !== referenceChecksum(numbers)) {
    throw new ProtocolError('damaged', 'packed sums of leaves: the checksum is wrong')
  }
  return new BigInt64Array(numbers.buffer)
}
