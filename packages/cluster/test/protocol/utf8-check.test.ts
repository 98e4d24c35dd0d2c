import assert from 'node:assert/strict'
import { isUtf8 } from '../../src/protocol/utf8-check.js'

const strict = new TextDecoder('utf-8', { fatal: true })

function isDecoded(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes)
    return true
  } catch {
    return false
  }
}

describe('isUtf8', () => {
  it('agrees with a strict decoder on all pairs of bytes, in a text and by themselves', () => {
    const bytes = new Uint8Array(4).fill(97)
    for (let a = 0x7e; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        bytes.set([a, b], 1)
        assert.equal(isUtf8(bytes, 0, 4), isDecoded(bytes), `${a} ${b}`)
        assert.equal(isUtf8(bytes, 1, 3), isDecoded(bytes.subarray(1, 3)), `${a} ${b} alone`)
      }
    }
  })

  it('agrees with a strict decoder on longer forms, at the ends of every range', () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    for (let lead = 0xe0; lead < 256; lead++) {
      for (const second of edges) {
        for (const third of [0x7f, 0x80, 0xbf, 0xc0]) {
          for (const fourth of [0x7f, 0x80, 0xbf, 0xc0]) {
            const bytes = Uint8Array.of(lead, second, third, fourth)
            assert.equal(isUtf8(bytes, 0, 4), isDecoded(bytes), bytes.join(' '))
            assert.equal(isUtf8(bytes, 0, 3), isDecoded(bytes.subarray(0, 3)), bytes.join(' '))
          }
        }
      }
    }
  })
})
