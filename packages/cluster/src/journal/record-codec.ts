import type { CommittedIteration } from '@coppice/engine'
import { CoppiceError, type Tree } from '@coppice/model'
import { ProtocolError } from '../protocol/error.js'
import {
  ITERATIONS_MAX, LEAVES_MAX, MESSAGE_TEXT_LENGTH_MAX, METRICS_MAX, NAME_LENGTH_MAX, OUTPUTS_MAX,
  URI_LENGTH_MAX,
} from '../protocol/limits.js'
import {
  checkValue, constant, count, double, finite, flag, integer, list, nullable, object, opaque, type Schema,
  tagged, text, where,
} from '../protocol/schema.js'
import { decodeValue, encodeValue } from '../protocol/value-codec.js'
import type { JournalRecord } from './record.js'

const child = integer(-LEAVES_MAX, LEAVES_MAX)
const doubles = list(finite, LEAVES_MAX)
const counts = list(count, LEAVES_MAX)

/** The shape of a tree; that it is a tree of its model is checked where the model is. */
const tree: Schema<Tree> = object({
  splitFeature: counts,
  splitGain: doubles,
  threshold: list(nullable(finite), LEAVES_MAX),
  leftCategories: list(nullable(counts), LEAVES_MAX),
  defaultLeft: list(flag, LEAVES_MAX),
  leftChild: list(child, LEAVES_MAX),
  rightChild: list(child, LEAVES_MAX),
  nodeValue: doubles,
  nodeWeight: doubles,
  nodeCount: counts,
  leafValue: doubles,
  leafWeight: doubles,
  leafCount: counts,
})

/** Data sets are named by users. */
const metricName = text(URI_LENGTH_MAX)
const metricValue: Schema<CommittedIteration['metrics'][number]> = object({
  dataset: metricName, metric: metricName, value: double, higherIsBetter: flag,
})

const hash = where(text(64), (digits) => /^[0-9a-f]{64}$/.test(digits), '64 hexadecimal digits')

const journalRecord: Schema<JournalRecord> = tagged('kind', {
  job: object({ kind: constant('job'), job: text(NAME_LENGTH_MAX), spec: opaque }),
  plan: object({ kind: constant('plan'), plan: opaque }),
  iteration: object({
    kind: constant('iteration'),
    iteration: integer(0, ITERATIONS_MAX),
    trees: list(tree, OUTPUTS_MAX),
    metrics: list(metricValue, METRICS_MAX),
    chainHash: hash,
  }),
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
