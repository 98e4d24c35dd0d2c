import assert from 'node:assert/strict'
import { memoryLinks } from '../../src/transport/index.js'
import { LinkRecorder } from '../support/link-recorder.js'
import { itKeepsTheContractOfLinks } from './link-contract.js'

describe('memoryLinks', () => {
  itKeepsTheContractOfLinks((limits) => Promise.resolve(memoryLinks(undefined, limits)))

  it('names each link after the other end', () => {
    const [a, b] = memoryLinks(['coordinator:0', 'worker:1'])
    assert.equal(a.peer, 'worker:1')
    assert.equal(b.peer, 'coordinator:0')
  })

  it('copies what is sent', async () => {
    const [a, b] = memoryLinks()
    const atB = new LinkRecorder(b)
    const bytes = Uint8Array.of(1, 2, 3)
    a.send(bytes)
    bytes.fill(9)
    assert.deepEqual([...(await atB.received(1))[0]!], [1, 2, 3])
  })
})
