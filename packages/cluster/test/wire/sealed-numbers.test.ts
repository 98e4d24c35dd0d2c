import assert from 'node:assert/strict'
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.js'
import { ProtocolError } from '../../src/protocol/error.js'
import { type PlainPayload, requireSealed, sealed } from '../../src/wire/sealed-numbers.js'

const scores = {
  negatives: Float64Array.of(1, 2), positives: Float64Array.of(-0, 3), negativeWeights: null,
  positiveWeights: Float64Array.of(0.5, 1),
}
const times = {
  scores: Float64Array.of(1, 2), lower: Float64Array.of(3, 4), upper: Float64Array.of(3, Infinity),
  weights: null,
}
const payloads: readonly PlainPayload[] = [
  { kind: 'maximum', value: 0.1 },
  { kind: 'maximum', value: Infinity },
  { kind: 'counts', values: Float64Array.of(0, 5, 2 ** 53 - 1) },
  { kind: 'parts', parts: [] },
  { kind: 'parts', parts: [
    { dataset: 0, metric: 'l2', sum: [0, -0, -7, 2 ** 52], ranked: null },
    { dataset: 1, metric: 'auc', sum: null, ranked: scores, pair: 3 },
    { dataset: 1, metric: 'c', sum: null, ranked: null, timed: times },
  ] },
]

/** All that may change on the way, one thing at a time. */
const changes: readonly (readonly [PlainPayload, PlainPayload])[] = [
  [{ kind: 'maximum', value: 1 }, { kind: 'maximum', value: 1 + 2 ** -52 }],
  [{ kind: 'counts', values: Float64Array.of(1, 2) },
    { kind: 'counts', values: Float64Array.of(2, 1) }],
  [{ kind: 'counts', values: Float64Array.of(1) },
    { kind: 'counts', values: Float64Array.of(1, 0) }],
  ...[
    { dataset: 1 }, { metric: 'l1' }, { sum: [1, 3] }, { sum: [1, 2, 0] }, { pair: 0 },
    { sum: null, ranked: scores }, { sum: null, timed: times },
    { sum: null, timed: { ...times, weights: times.scores } },
  ].map((change): readonly [PlainPayload, PlainPayload] => {
    const part = { dataset: 0, metric: 'l2', sum: [1, 2], ranked: null }
    return [{ kind: 'parts', parts: [part] }, { kind: 'parts', parts: [{ ...part, ...change }] }]
  }),
  // numbers that move from one class to the other
  ...[[[1], [2, 3]], [[1, 2, 3], []]].map((cut): readonly [PlainPayload, PlainPayload] => {
    const of = ([negatives, positives]: readonly number[][]): PlainPayload => ({
      kind: 'parts', parts: [{ dataset: 0, metric: 'auc', sum: null, ranked: {
        ...scores, positiveWeights: null, negatives: Float64Array.from(negatives!),
        positives: Float64Array.from(positives!),
      } }],
    })
    return [of([[1, 2], [3]]), of(cut)]
  }),
]

describe('sealed', () => {
  it('is what comes out of a message as it went in', () => {
    for (const payload of payloads) {
      const message = decodeMessage(encodeMessage({
        type: 'answer', job: 'job', store: 1, iteration: 0, seq: 0, mark: '', chunk: 0,
        payload: sealed(payload),
      }), 'from-worker')
      assert.ok(message.type === 'answer')
      const { payload: own } = message
      assert.ok(own.kind === 'maximum' || own.kind === 'counts' || own.kind === 'parts')
      requireSealed(own)
    }
  })

  it('is found out when anything is changed', () => {
    for (const [before, after] of changes) {
      const { checksum } = sealed(before)
      assert.throws(() => requireSealed({ ...sealed(after), checksum }),
        (error) => error instanceof ProtocolError && error.kind === 'damaged',
        JSON.stringify(after))
    }
  })
})
