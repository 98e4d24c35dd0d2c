import { sha256, Sha256, toHex } from '@coppice/model'

/**
 * A journal is a line of text, then records, little-endian:
 *
 *     0   4  CRC-32 of all that follows in the record
 *     4   4  bytes of the payload
 *     8  32  chain: SHA-256 of the chain before it, then the payload
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

/** The chain after a record with this payload. */
export function nextChain(chain: Uint8Array, payload: Uint8Array): Uint8Array {
  return new Sha256().update(chain).update(payload).digest()
}

/** SHA-256 of a record's bytes. */
export function digestOf(record: Uint8Array): string {
  return toHex(sha256(record))
}
