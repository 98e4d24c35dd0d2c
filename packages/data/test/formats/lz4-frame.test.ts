import assert from 'node:assert/strict'
import {
  CompressionType,
  compressionRegistry,
  RecordBatchStreamWriter,
  tableFromArrays,
} from 'apache-arrow'
import { arrowReader } from '../../src/formats/arrow.js'
import { decompressLz4Frame } from '../../src/formats/lz4-frame.js'
import { DamagedPageError } from '../../src/formats/rle.js'
import { bufferSource, defaultTextOptions, flatten, readColumns } from '../reader-contract.js'

/** Magic, version 1 with independent blocks, 64 KB blocks, a checksum that nobody looks at. */
const frameStart = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x00]
const frameEnd = [0, 0, 0, 0]

function frame(...blocks: readonly { bytes: readonly number[]; isStored: boolean }[]): Uint8Array {
  const body = blocks.flatMap(({ bytes, isStored }) => {
    const size = bytes.length
    return [size & 255, (size >> 8) & 255, (size >> 16) & 255, isStored ? 0x80 : 0, ...bytes]
  })
  return Uint8Array.of(...frameStart, ...body, ...frameEnd)
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const codes = (letters: string) => [...new TextEncoder().encode(letters)]

describe('decompressLz4Frame', () => {
  it('gives back literals, overlapping matches and long runs', () => {
    // Three literals, a match of 4 + 15 + 3 bytes three back, then five literals.
    const block = [0x3f, ...codes('abc'), 3, 0, 3, 0x50, ...codes('wxyz!')]
    const expected = 'abc'.repeat(9).slice(0, 25) + 'wxyz!'
    assert.equal(text(decompressLz4Frame(frame({ bytes: block, isStored: false }))), expected)
    // 15 + 255 + 5 literals.
    const long = 'q'.repeat(275)
    const run = [0xf0, 255, 5, ...codes(long)]
    assert.equal(text(decompressLz4Frame(frame({ bytes: run, isStored: false }))), long)
  })
  it('joins blocks, stored ones too, and lets matches reach into earlier ones', () => {
    const stored = { bytes: codes('hello '), isStored: true }
    const match = { bytes: [0x02, 6, 0, 0x10, ...codes('!')], isStored: false }
    assert.equal(text(decompressLz4Frame(frame(stored, match))), 'hello hello !')
    assert.equal(decompressLz4Frame(frame()).length, 0)
  })
  it('grows beyond its first guess', () => {
    // One literal and a match of 19 + 255 * 250 bytes: 60 KB from 260 bytes, four times.
    const bytes = [0x1f, ...codes('z'), 1, 0, ...new Array<number>(250).fill(255), 0, 0x10, 65]
    const block = { bytes, isStored: false }
    const out = decompressLz4Frame(frame(block, block, block, block))
    assert.equal(out.length, 4 * (1 + 19 + 255 * 250 + 1))
  })
  it('refuses what is damaged', () => {
    const bad = [
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      frame({ bytes: [0x50, 97], isStored: false }),
      frame({ bytes: [0x10, 97, 9, 0], isStored: false }),
      frame({ bytes: [0x10, 97, 0, 0], isStored: false }),
      frame({ bytes: codes('x'.repeat(20)), isStored: true }).subarray(0, 20),
    ]
    for (const bytes of bad) assert.throws(() => decompressLz4Frame(bytes), DamagedPageError)
  })
  it('reads Arrow bodies that are compressed', async () => {
    const encode = (bytes: Uint8Array) => frame({ bytes: [...bytes], isStored: true })
    compressionRegistry.set(CompressionType.LZ4_FRAME, { encode, decode: decompressLz4Frame })
    const values = Float64Array.from({ length: 50 }, (_, i) => i / 4)
    const writer = new RecordBatchStreamWriter({ compressionType: CompressionType.LZ4_FRAME })
    for (const batch of tableFromArrays({ x: values }).batches) writer.write(batch)
    writer.finish()
    const source = bufferSource('packed', await writer.toUint8Array())
    const plan = await arrowReader.plan(source, defaultTextOptions)
    const [column] = await readColumns(arrowReader, source, plan, {})
    assert.deepEqual(flatten(column!), [...values])
  })
})
