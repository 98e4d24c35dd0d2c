import { assert, CoppiceError, sha256, toHex } from '@coppice/model'
import type { Crc32 } from '../protocol/frame.js'
import {
  firstChain, INDEX_BYTES, journalLine, nextChain, RECORD_HEADER_BYTES,
} from './format.js'
import { RecordOrder } from './order.js'
import type { JournalContents } from './reader.js'
import { encodeRecord } from './record-codec.js'
import type { JournalRecord } from './record.js'

interface Staged {
  readonly record: JournalRecord
  readonly digest: string
  readonly chain: Uint8Array
}

/**
 * Turns records into the bytes of a journal. Pure: whoever owns the file writes them.
 *
 * A record is staged, written, and then confirmed; one that could not be written can be staged
 * again, or be left out.
 */
export class JournalWriter {
  readonly #crc32: Crc32
  readonly #order: RecordOrder
  #nRecords: number
  #chain: Uint8Array
  #staged: Staged | null = null

  /** @param contents - of the journal that is continued; null starts a new one */
  constructor(crc32: Crc32, contents: JournalContents | null = null) {
    this.#crc32 = crc32
    this.#order = contents?.order ?? new RecordOrder()
    this.#nRecords = contents?.nRecords ?? 0
    this.#chain = contents?.chain ?? firstChain()
  }

  /** Iterations that are confirmed. */
  get nIterations(): number {
    return this.#order.nIterations
  }

  /**
   * The bytes that the record adds at the end of the journal, the first one with the journal's
   * first line. The bytes of a journal depend on its records alone.
   *
   * @returns null for a record that is there already: nothing is to be written
   * @throws CoppiceError 'INTERNAL', for an iteration that is there and differs (the alarm that
   *   equal trainings gave different results), and for one that leaves a gap
   */
  stage(record: JournalRecord): Uint8Array | null {
    this.#staged = null
    const body = encodeRecord(record)
    const sum = sha256(body)
    const digest = toHex(sum)
    const admission = this.#order.examine(record, digest)
    switch (admission.kind) {
      case 'repeat': return null
      case 'contradiction': throw new CoppiceError('INTERNAL', admission.reason)
      case 'gap':
        throw new CoppiceError('INTERNAL', `internal error: journal: ${admission.reason}`)
      case 'next': break
    }
    const line = this.#nRecords === 0 ? journalLine() : new Uint8Array(0)
    const bytes = new Uint8Array(line.length + RECORD_HEADER_BYTES + INDEX_BYTES + body.length)
    bytes.set(line)
    const frame = bytes.subarray(line.length)
    const payload = frame.subarray(RECORD_HEADER_BYTES)
    payload.set(body, INDEX_BYTES)
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    view.setUint32(4, payload.length, true)
    view.setUint32(RECORD_HEADER_BYTES, this.#nRecords, true)
    const chain = nextChain(this.#chain, this.#nRecords, sum)
    frame.set(chain, 8)
    view.setUint32(0, this.#crc32(frame.subarray(4)), true)
    this.#staged = { record, digest, chain }
    return bytes
  }

  /** The staged record is written: the next one comes after it. */
  confirm(): void {
    assert(this.#staged !== null, 'a staged record is confirmed')
    const { record, digest, chain } = this.#staged
    this.#order.take(record, digest)
    this.#chain = chain
    this.#nRecords++
    this.#staged = null
  }
}
