import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { binFloats } from '../../src/binning/bin-floats.js'
import { binLookup, type NumericLookup } from '../../src/binning/bin-values.js'
import { findColumnBins } from '../../src/binning/find-column-bins.js'
import type { NumberColumn } from '../../src/binning/number-column.js'
import { sampledOffsets, sampleRule } from '../../src/binning/sample.js'
import type { CoppiceError } from '../../src/errors.js'
import { rowBytes } from '../../src/row-bytes.js'
import { endIdleWorkers } from '../../src/threads/idle-workers.js'
import { BinningThreads } from '../../src/threads/index.js'

type Floats = typeof Float32Array | typeof Float64Array

function sharedFloats(Values: Floats, length: number, draw: () => number) {
  const buffer = new SharedArrayBuffer(length * Values.BYTES_PER_ELEMENT)
  const values = Values === Float32Array ? new Float32Array(buffer) : new Float64Array(buffer)
  for (let i = 0; i < length; i++) values[i] = draw()
  return values
}

/** Enough values to be worth threads. */
const nRows = 260_000
const nColumns = 9

/** Columns of few values and of many, with NaN and zeros. */
function drawer(seed: number): () => number {
  const random = new TestRandom(seed)
  let i = 0
  return () => {
    const few = random.below(40) - 9
    return i++ % 3 === 0 ? few : random.below(50) === 0 ? NaN : random.below(1e6) / 7 - 3
  }
}

const forms: Readonly<Record<string, () => NumberColumn[]>> = {
  'a matrix of floats': () => {
    const data = sharedFloats(Float32Array, nRows * nColumns, drawer(1))
    return Array.from({ length: nColumns }, (_, start) => ({ data, start, stride: nColumns }))
  },
  'columns of doubles and of floats': () => Array.from({ length: nColumns }, (_, c) => ({
    data: sharedFloats(c % 2 === 0 ? Float64Array : Float32Array, nRows, drawer(c)),
    start: 0, stride: 1,
  })),
}

const chosen = Array.from({ length: nColumns }, (_, c) => ({
  // the last bins take two bytes
  maxBin: c === nColumns - 1 ? 400 : 255, minDataInBin: 3, useMissing: true, zeroAsMissing: false,
  filterCount: 2,
}))

/** Two blocks, of which the first ends amid what a thread takes at a time. */
function newBlocks(bytes: number) {
  return [[0, 100_001], [100_001, nRows - 100_001]].map(([firstRow, n]) => ({
    firstRow: firstRow!, nRows: n!, bins: new Uint8Array(new SharedArrayBuffer(n! * bytes)),
  }))
}

describe('BinningThreads', function () {
  this.timeout(30_000)
  after(endIdleWorkers)

  for (const [form, make] of Object.entries(forms)) {
    it(`bin ${form} as one thread does`, async () => {
      const columns = make()
      const offsets = sampledOffsets(sampleRule(nRows, 50_000, 3), 0, nRows)
      const mappers = findColumnBins(columns, chosen, nRows, offsets)
      const lookups = mappers.map((mapper) => binLookup(mapper) as NumericLookup)
      const bytes = rowBytes(lookups.map(({ nBins }) => nBins))
      const expected = newBlocks(bytes)
      for (const { firstRow, nRows: n, bins } of expected) {
        binFloats(lookups, columns, firstRow, n, bins)
      }
      for (const nThreads of [2, 3]) {
        const threads = new BinningThreads(nThreads)
        assert.ok(threads.takes(columns, nRows))
        assert.deepEqual(await threads.find(columns, chosen, nRows, offsets), mappers)
        const blocks = newBlocks(bytes)
        await threads.bin(lookups, columns, blocks)
        await threads.close()
        blocks.forEach(({ bins }, i) => {
          assert.equal(Buffer.compare(bins, expected[i]!.bins), 0, `${nThreads} threads`)
        })
      }
    })
  }

  it('take what is shared and worth it', () => {
    const columns = forms['a matrix of floats']!()
    assert.ok(!new BinningThreads(1).takes(columns, nRows))
    assert.ok(!new BinningThreads(2).takes(columns, 1000))
    assert.ok(!new BinningThreads(2).takes(columns.slice(0, 0), nRows))
    const own = { data: new Float64Array(nRows), start: 0, stride: 1 }
    assert.ok(!new BinningThreads(2).takes([...columns, own], nRows))
  })

  it('stop when the caller gives up, and are of use afterwards', async () => {
    const columns = forms['a matrix of floats']!()
    const threads = new BinningThreads(2)
    const isAborted = ({ code }: CoppiceError): boolean => code === 'ABORTED'
    await assert.rejects(
      threads.find(columns, chosen, nRows, null, AbortSignal.abort()), isAborted)
    const giveUp = new AbortController()
    const found = threads.find(columns, chosen, nRows, null, giveUp.signal)
    giveUp.abort()
    await assert.rejects(found, isAborted)
    assert.deepEqual(await threads.find(columns, chosen, nRows, null),
      findColumnBins(columns, chosen, nRows, null))
    await threads.close()
  })

  it('tell of what went wrong in one of them', async () => {
    const columns = forms['a matrix of floats']!()
    const threads = new BinningThreads(2)
    await assert.rejects(
      threads.find(columns, chosen, nRows + 1, null), /rows up to 260001/)
    await threads.close()
    const others = new BinningThreads(2)
    assert.equal((await others.find(columns.slice(0, 1), chosen, nRows, null)).length, 1)
    await others.close()
  })
})
