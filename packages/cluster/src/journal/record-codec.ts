import { CoppiceError } from '@coppice/model'
import { ProtocolError } from '../protocol/error.js'
import { MESSAGE_TEXT_LENGTH_MAX, NAME_LENGTH_MAX } from '../protocol/limits.js'
import { committedFields } from '../protocol/model-schemas.js'
import {
  checkValue, constant, object, opaque, type Schema, tagged, text,
} from '../protocol/schema.js'
import { decodeValue, encodeValue } from '../protocol/value-codec.js'
import type { JournalRecord } from './record.js'

const journalRecord: Schema<JournalRecord> = tagged('kind', {
  job: object({ kind: constant('job'), job: text(NAME_LENGTH_MAX), spec: opaque }),
  plan: object({ kind: constant('plan'), plan: opaque }),
  iteration: object({ kind: constant('iteration'), ...committedFields }),
  end: object({ kind: constant('end'), reason: text(MESSAGE_TEXT_LENGTH_MAX) }),
})

/**
 * Writes what a record says. Equal records give equal bytes, whatever the order of their members.
 *
 * @throws CoppiceError 'INTERNAL' for a record that could not be read again
 */
export function encodeRecord(record: JournalRecord): Uint8Array {
  try {
    checkValue(journalRecord, record, 'a record')
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new CoppiceError('INTERNAL',
      `internal error: a record cannot be written to the journal: ${error.message}`,
      { cause: error })
  }
  return encodeValue(record, { sortsKeys: true })
}

/** @throws ProtocolError */
export function decodeRecord(bytes: Uint8Array): JournalRecord {
  return checkValue(journalRecord, decodeValue(bytes), 'a record')
}
