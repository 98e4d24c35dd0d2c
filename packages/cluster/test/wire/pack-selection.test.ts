import assert from 'node:assert/strict'
import type { SelectRequest } from '@coppice/engine'
import { type SelectableRow, selectNaively, TestRandom } from '@coppice/testkit'
import { ProtocolError } from '../../src/protocol/error.js'
import { packSelection, unpackSelection } from '../../src/wire/pack-selection.js'

const low = 1 - 2 ** 53
const high = 2 ** 53 - 1
const random = new TestRandom(2)
const rows: readonly SelectableRow[] = Array.from({ length: 60 }, (_, id) => ({
  id: id * 2 ** 40, residual: Math.trunc(random.heavyTailed() * 2 ** 40),
  weight: random.pick([0, 1, 127, 128, 2 ** 52 - 1]),
}))
const request: SelectRequest = { kind: 'select', output: 0, weightScale: 1, groups: [
  { node: 0, low, high, width: -1, count: 60 }, { node: 1, low, high, width: -1, count: 0 },
  { node: 0, low, high, width: 0, count: 60 }, { node: 0, low: -8, high: 7, width: 4, count: 0 },
] }
const part = selectNaively(request, (node) => node === 0 ? rows : [])

describe('packSelection', () => {
  it('is read back by unpackSelection, in fewer bytes', () => {
    const packed = packSelection(request, part)
    assert.deepEqual(unpackSelection(request, packed), part)
    assert.ok(packed.length < part.length * 8)
  })

  it('whatever is cut off, changed or of another request is told', () => {
    const packed = packSelection(request, part)
    const isRefused = (bytes: Uint8Array, own = request): void =>
      assert.throws(() => unpackSelection(own, bytes),
        (error) => error instanceof ProtocolError && error.kind === 'damaged')
    for (let n = 0; n < packed.length; n++) isRefused(packed.subarray(0, n))
    for (let at = 0; at < packed.length; at++) {
      const changed = packed.slice()
      changed[at]! ^= 1 << (at & 7)
      isRefused(changed)
    }
    isRefused(packed, { ...request, groups: request.groups.slice(1) })
    isRefused(packed, { ...request, groups: [] })
  })

  it('takes no memory for what is not there', () => {
    const many = { ...request, groups: request.groups.slice(0, 1) }
    const huge = packSelection({ ...many, groups: [] }, new Float64Array(0))
    assert.throws(() => unpackSelection(many, huge), ProtocolError)
  })
})
