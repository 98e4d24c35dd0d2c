import assert from 'node:assert/strict'
import {
  type EngineRequest, InlineExecutor, SELECT_ENTRY, type SelectRequest, train,
} from '@coppice/engine'
import { serializeModel } from '@coppice/model'
import { makeDataset } from '@coppice/testkit'
import type { AnswerPayload } from '../../src/protocol/messages.js'
import { packSelection, unpackSelection } from '../../src/wire/pack-selection.js'
import { PackedExecutor } from './packed-executor.js'

const { data } = makeDataset({
  seed: 8, nRows: 6000, label: 'heavy-tailed',
  features: [{ kind: 'numeric', bins: 40 }, { kind: 'numeric', bins: 200, order: 'skewed' }],
})
const params = { objective: 'quantile', alpha: 0.6, numLeaves: 8, numIterations: 3 }

/** All parts are looked at; those of one store are spoilt where `spoils` says so. */
class InspectingExecutor extends PackedExecutor {
  readonly faults: string[] = []
  nSelections = 0

  constructor(private readonly isBad: (request: SelectRequest) => boolean) {
    super(3, 5)
  }

  protected override travelled(
    request: EngineRequest, store: number, chunk: number, payload: AnswerPayload,
  ): AnswerPayload {
    const isBad = request.kind === 'select' && store === 1 && this.isBad(request)
    const own = isBad ? spoilt(request, payload) : payload
    if (request.kind === 'select') this.nSelections++
    const fault = this.reducer!.inspect(store, chunk, own)
    if (fault !== null) this.faults.push(`${store}: ${fault}`)
    return payload
  }
}

/** One row more in the first bucket that there is, or one less in the first range of rows. */
function spoilt(request: SelectRequest, payload: AnswerPayload): AnswerPayload {
  assert.ok(payload.kind === 'selected')
  const part = unpackSelection(request, payload.bytes)
  let at = 0
  for (const { width, low, high } of request.groups) {
    const end = at + 1 + SELECT_ENTRY * part[at]!
    for (let i = at + 1; i < end; i += SELECT_ENTRY) {
      const isRow = width === 0 && low < high && part[i]! >= low && part[i]! <= high
      if (isRow) part[i] = high + 1
      if (width !== 0) part[i + 1]!++
      if (isRow || width !== 0) return { kind: 'selected', bytes: packSelection(request, part) }
    }
    at = end
  }
  return payload
}

describe('SelectionInspector', () => {
  it('finds nothing wrong with right answers', async () => {
    const expected = await train({ params, train: data }, new InlineExecutor())
    const executor = new InspectingExecutor(() => false)
    const { model } = await train({ params, train: data }, executor)
    assert.equal(serializeModel(model), serializeModel(expected.model))
    assert.deepEqual(executor.faults, [])
    assert.ok(executor.nSelections > 20)
  })

  it('names the store that tells of other rows than before', async () => {
    // of all rows nothing is known before
    for (const isFirst of [true, false]) {
      const executor = new InspectingExecutor(({ groups }) =>
        groups[0]!.node >= 0 && groups.some(({ width }) => isFirst === width < 0))
      await train({ params, train: data }, executor)
      assert.ok(executor.faults.length > 2, executor.faults.join())
      for (const fault of executor.faults) {
        assert.match(fault, /^1: \d+ rows of node \d+ have residuals from .*, but there were \d+$/)
      }
    }
  })
})
