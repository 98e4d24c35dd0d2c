import { sha256, Sha256 } from '@coppice/model'

/**
 * A journal is a line of text, then records, little-endian:
 *
 *     0   4  CRC-32 of all that follows in the record
 *     4   4  bytes of the payload
 *     8  32  chain: SHA-256 of the chain before it, the number and the SHA-256 of the record
 *    40      payload: u32 number of the record, from 0; then the record, see record-codec.ts
 *
 * The chain before the first record is the SHA-256 of the first line. The checksum finds bytes
 * that were changed or not written; the chain finds records that are whole but not of this
 * journal: its last value stands for all of it.
 */
export const JOURNAL_NAME = 'coppice-journal '
export const JOURNAL_LINE = `${JOURNAL_NAME}1\n`
export const RECORD_HEADER_BYTES = 40
/** Bytes of the payload before the record. */
export const INDEX_BYTES = 4

/** The first line as bytes. */
export function journalLine(): Uint8Array {
  return new TextEncoder().encode(JOURNAL_LINE)
}

/** The chain before the first record. */
export function firstChain(): Uint8Array {
  return sha256(journalLine())
}

/** The chain after a record of this number and digest. */
export function nextChain(chain: Uint8Array, index: number, digest: Uint8Array): Uint8Array {
  const number = new Uint8Array(INDEX_BYTES)
  new DataView(number.buffer).setUint32(0, index, true)
  return new Sha256().update(chain).update(number).update(digest).digest()
}
