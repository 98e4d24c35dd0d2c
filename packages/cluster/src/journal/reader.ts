import { sha256, toHex } from '@coppice/model'
import type { Crc32 } from '../protocol/frame.js'
import { ProtocolError } from '../protocol/error.js'
import { MESSAGE_BYTES_MAX } from '../protocol/limits.js'
import {
  firstChain, INDEX_BYTES, JOURNAL_NAME, journalLine, nextChain, RECORD_HEADER_BYTES,
} from './format.js'
import { RecordOrder } from './order.js'
import { decodeRecord } from './record-codec.js'
import type { JournalRecord } from './record.js'

/** Where a journal stopped to make sense. */
export interface JournalDamage {
  readonly kind:
    /** The last record is not whole: the writer was stopped in the middle of it. */
    | 'torn'
    /** Bytes have changed: a record is not what was written, and all that follow are useless. */
    | 'damaged'
    /** An iteration is there twice, and differs. */
    | 'contradiction'
    /** It is no journal at all, or of another version. */
    | 'foreign'
  /** Byte from which on nothing is used; all before it is sound. */
  readonly offset: number
  /** Bytes from there to the end. */
  readonly lostBytes: number
  readonly reason: string
}

/** What is in a journal. */
export interface JournalContents {
  /** In order, each once. */
  readonly records: readonly JournalRecord[]
  /** Records in the sound part, equal repeats too. */
  readonly nRecords: number
  /** Bytes of the sound part. */
  readonly validBytes: number
  /** null when all of it is sound. */
  readonly damage: JournalDamage | null
  /** The last record's chain: equal for equal journals. */
  readonly chain: Uint8Array
  /** The order of the records so far, to go on from. */
  readonly order: RecordOrder
}

/** Reads a journal up to where it is sound. Total: never throws, whatever the bytes are. */
export function readJournal(bytes: Uint8Array, crc32: Crc32): JournalContents {
  const order = new RecordOrder()
  const records: JournalRecord[] = []
  let chain = firstChain()
  let offset = 0
  let nRecords = 0
  let problem = checkLine(bytes)
  if (problem === null) offset = journalLine().length
  while (problem === null && offset < bytes.length) {
    const read = readRecord(bytes.subarray(offset), chain, nRecords, crc32)
    problem = 'reason' in read ? read : admit(read, order, records)
    if (problem !== null || 'reason' in read) break
    nRecords++
    chain = read.chain
    offset += read.nBytes
  }
  const damage = problem === null ? null
    : { ...problem, offset, lostBytes: bytes.length - offset }
  return { records, nRecords, validBytes: offset, damage, chain, order }
}

type Problem = Pick<JournalDamage, 'kind' | 'reason'>

function checkLine(bytes: Uint8Array): Problem | null {
  const line = journalLine()
  const start = bytes.subarray(0, line.length)
  if (start.every((byte, i) => byte === line[i])) {
    return start.length === line.length ? null
      : { kind: 'torn', reason: 'its first line is not whole' }
  }
  const name = new TextDecoder().decode(bytes.subarray(0, JOURNAL_NAME.length))
  return { kind: 'foreign', reason: name === JOURNAL_NAME
    ? 'it was written by another version of Coppice; go on with that one, or start a new job'
    : 'it does not begin as a journal; name another folder, or remove the file' }
}

interface ReadRecord {
  readonly record: JournalRecord
  readonly digest: string
  readonly nBytes: number
  readonly chain: Uint8Array
}

/** Reads the record at the start of `bytes`. */
function readRecord(
  bytes: Uint8Array, chain: Uint8Array, index: number, crc32: Crc32,
): ReadRecord | Problem {
  const torn = (there: string): Problem =>
    ({ kind: 'torn', reason: `record ${index} is not whole: ${there} are there` })
  const damaged = (what: string): Problem =>
    ({ kind: 'damaged', reason: `record ${index} ${what}` })
  if (bytes.length < RECORD_HEADER_BYTES) return torn(`${bytes.length} bytes of its header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const payloadBytes = view.getUint32(4, true)
  if (payloadBytes < INDEX_BYTES || payloadBytes > MESSAGE_BYTES_MAX) {
    return damaged(`has an impossible length, ${payloadBytes} bytes`)
  }
  const nBytes = RECORD_HEADER_BYTES + payloadBytes
  if (bytes.length < nBytes) return torn(`${bytes.length} of ${nBytes} bytes`)
  if (crc32(bytes.subarray(4, nBytes)) !== view.getUint32(0, true)) {
    return damaged('has a wrong checksum')
  }
  const payload = bytes.subarray(RECORD_HEADER_BYTES, nBytes)
  const found = view.getUint32(RECORD_HEADER_BYTES, true)
  if (found !== index) return damaged(`is numbered ${found}`)
  const body = payload.subarray(INDEX_BYTES)
  const digest = sha256(body)
  const following = nextChain(chain, index, digest)
  if (!following.every((byte, i) => byte === bytes[8 + i])) {
    return damaged('does not follow the one before it')
  }
  try {
    return { record: decodeRecord(body), digest: toHex(digest), nBytes, chain: following }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return damaged(`cannot be read: ${error.message}`)
  }
}

/** Adds the record to the others, or says why it cannot be. */
function admit(
  { record, digest }: ReadRecord, order: RecordOrder, records: JournalRecord[],
): Problem | null {
  const admission = order.examine(record, digest)
  switch (admission.kind) {
    case 'repeat': return null
    case 'contradiction': return { kind: 'contradiction', reason: admission.reason }
    case 'gap': return { kind: 'damaged', reason: admission.reason }
    case 'next':
      order.take(record, digest)
      records.push(record)
      return null
  }
}
