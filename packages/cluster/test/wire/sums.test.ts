import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TestRandom } from '@coppice/testkit'
import { ProtocolError } from '../../src/protocol/error.js'
import { packSums } from '../../src/wire/pack-sums.js'
import { referencePackSums } from '../../src/wire/reference-pack.js'
import { referenceUnpackSums } from '../../src/wire/reference-unpack.js'
import { referenceChecksum } from '../../src/wire/sum-checksum.js'
import {
  CHUNK_CELLS_MAX, CHUNK_CELLS_MIN, CHUNK_RANGES_MAX, RANGE_CELLS_MAX, SUM_CELL_BYTES,
  type SumChunk, sumChunks,
} from '../../src/wire/sum-chunks.js'
import { CHECKSUM_BYTES, HEADER_BYTES, packedBytesMax } from '../../src/wire/sum-layout.js'
import { unpackSums } from '../../src/wire/unpack-sums.js'

interface Sums {
  readonly gradients: readonly bigint[]
  readonly hessians: readonly bigint[]
  readonly counts: readonly number[]
}

/** The three planes, as the kernels lay them out. */
function planesOf({ gradients, hessians, counts }: Sums): Uint8Array {
  const n = counts.length
  const planes = new Uint8Array(SUM_CELL_BYTES * n)
  new BigInt64Array(planes.buffer, 0, n).set(gradients)
  new BigInt64Array(planes.buffer, 8 * n, n).set(hessians)
  new Int32Array(planes.buffer, 16 * n, n).set(counts)
  return planes
}

function wholeChunk(nCells: number): SumChunk {
  return [{ histogram: 0, firstCell: 0, nCells }]
}

/** The kernels and their naive twins: both pass the same tests, and give the same bytes. */
const unpackers = [unpackSums, referenceUnpackSums]

function packBoth(
  histograms: readonly Uint8Array[], nCells: number, chunk: SumChunk,
): Uint8Array {
  const packed = packSums(histograms, nCells, chunk)
  assert.ok(Buffer.from(referencePackSums(histograms, nCells, chunk)).equals(packed))
  return packed
}

/** Bytes of a checksum and one range's header. */
const HEAD = CHECKSUM_BYTES + HEADER_BYTES

/** Ranges, one after the other, behind the checksum of them all. */
function sealed(...ranges: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(Buffer.concat([new Uint8Array(CHECKSUM_BYTES), ...ranges]))
  const checksum = referenceChecksum(packed.subarray(CHECKSUM_BYTES))
  new DataView(packed.buffer).setBigUint64(0, checksum, true)
  return packed
}

/** The planes of each range. */
function allOf(unpack: typeof unpackSums, packed: Uint8Array, chunk: SumChunk): Uint8Array[] {
  const all: Uint8Array[] = []
  unpack(packed, chunk, (range, planes) => {
    assert.equal(range, chunk[all.length])
    all.push(planes.slice())
  })
  assert.equal(all.length, chunk.length)
  return all
}

/** Asserts that the sums survive, and gives the packed bytes. */
function survives(sums: Sums): Uint8Array {
  const n = sums.counts.length
  const planes = planesOf(sums)
  const packed = packBoth([planes], n, wholeChunk(n))
  for (const unpack of unpackers) {
    assert.ok(Buffer.from(allOf(unpack, packed, wholeChunk(n))[0]!).equals(planes))
  }
  return packed
}

function dense(n: number, value: (i: number) => bigint, hessian = 1n, count = 1): Sums {
  return {
    gradients: Array.from({ length: n }, (_, i) => value(i)),
    hessians: Array(n).fill(hessian) as bigint[],
    counts: Array(n).fill(count) as number[],
  }
}

/** Bytes of n integers of a width, each piece padded to 8. */
function planeBytes(n: number, width: number): number {
  const pieces = [[], [1], [2], [2, 1], [4], [4, 1], [4, 2], [4, 2, 1], [4, 4]][width]!
  return pieces.reduce((sum, bytes) => sum + Math.ceil(bytes * n / 8) * 8, 0)
}

describe('sumChunks', () => {
  const sizes = [4, 8, 7168, RANGE_CELLS_MAX / 2, RANGE_CELLS_MAX, RANGE_CELLS_MAX + 4,
    3 * RANGE_CELLS_MAX]

  it('covers every cell of every histogram once, in order', () => {
    for (const nCells of sizes) {
      for (const nHistograms of [0, 1, 3, 200]) {
        const expected = { histogram: 0, firstCell: 0 }
        for (const { histogram, firstCell, nCells: n } of sumChunks(nCells, nHistograms).flat()) {
          assert.deepEqual({ histogram, firstCell }, expected)
          assert.ok(n > 0 && n % 4 === 0 && n <= RANGE_CELLS_MAX)
          expected.firstCell += n
          if (expected.firstCell < nCells) continue
          assert.equal(expected.firstCell, nCells)
          expected.histogram++
          expected.firstCell = 0
        }
        assert.equal(expected.histogram, nHistograms)
      }
    }
  })

  it('makes no more chunks than it takes, and four of what is small', () => {
    const cellsOf = (chunk: SumChunk) => chunk.reduce((sum, { nCells }) => sum + nCells, 0)
    for (const nCells of sizes) {
      const chunks = sumChunks(nCells, 200)
      chunks.forEach((chunk, i) => {
        assert.ok(chunk.length > 0 && chunk.length <= CHUNK_RANGES_MAX)
        assert.ok(cellsOf(chunk) <= CHUNK_CELLS_MAX)
        const next = chunks[i + 1]?.[0]
        const most = Math.min(CHUNK_CELLS_MAX, Math.max(CHUNK_CELLS_MIN, 50 * nCells))
        assert.ok(next === undefined || chunk.length === CHUNK_RANGES_MAX ||
          cellsOf(chunk) + next.nCells > most)
      })
    }
    assert.deepEqual(sumChunks(7168, 16).map(({ length }) => length), [4, 4, 4, 4])
    assert.deepEqual(sumChunks(7168, 6).map(({ length }) => length), [2, 2, 2])
    assert.deepEqual(sumChunks(700, 3).map(({ length }) => length), [3])
  })

  it('keeps ranges near a MiB', () => {
    const bytes = RANGE_CELLS_MAX * SUM_CELL_BYTES
    assert.ok(bytes <= 2 ** 20 && bytes > 0.99 * 2 ** 20)
  })
})

describe('packSums and unpackSums', () => {
  for (let width = 1; width <= 8; width++) {
    it(`store gradients that need ${width} bytes with ${width}`, () => {
      const most = (1n << BigInt(8 * width - 1)) - 1n
      for (const edge of [most, -most - 1n]) {
        for (const n of [4, 8, 12, 36]) {
          const packed = survives(dense(n, (i) => i === n - 2 ? edge : BigInt(i % 3) - 1n))
          const rest = HEAD + 2 * planeBytes(n, 1)
          assert.equal(packed.length, rest + planeBytes(n, width), `${edge}, ${n} cells`)
        }
      }
    })

    it(`store hessians that need ${width} bytes with ${width}`, () => {
      const most = width === 8 ? (1n << 63n) - 1n : (1n << BigInt(8 * width)) - 1n
      const packed = survives(dense(8, () => 1n, most))
      assert.equal(packed.length, HEAD + 2 * planeBytes(8, 1) + planeBytes(8, width))
    })
  }

  it('store counts with as few bytes as they need', () => {
    for (const [count, width] of [[0xff, 1], [0x100, 2], [0xffff, 2], [0x1_0000, 3],
      [0xff_ffff, 3], [0x100_0000, 4], [0x7fff_ffff, 4]] as const) {
      const packed = survives(dense(8, () => 1n, 1n, count))
      assert.equal(packed.length, HEAD + 2 * planeBytes(8, 1) + planeBytes(8, width))
    }
  })

  it('survive what no histogram holds: negative hessians and counts, sums without rows', () => {
    survives(dense(8, () => -1n, -1n, -1))
    survives(dense(8, (i) => i === 0 ? -(1n << 63n) : 0n, -(1n << 63n), -(2 ** 31)))
    survives({ gradients: [0n, 5n, 0n, 0n], hessians: [0n, 0n, 0n, 0n], counts: [0, 0, 0, 0] })
    survives({ gradients: [0n, 0n, 0n, 0n], hessians: [0n, 0n, 7n, 0n], counts: [0, 0, 0, 0] })
  })

  it('store only the cells that are not zero where fewer than half are', () => {
    const n = 64
    for (let nFilled = 0; nFilled <= n; nFilled++) {
      const random = new TestRandom(nFilled)
      const cells = Array.from({ length: n }, (_, i) => i)
        .sort((a, b) => (a * 37 + nFilled) % n - (b * 37 + nFilled) % n).slice(0, nFilled)
      const filled = new Set(cells)
      const value = (i: number) => filled.has(i) ? BigInt(random.below(100) + 1) : 0n
      const packed = survives({
        gradients: Array.from({ length: n }, (_, i) => -value(i)),
        hessians: Array.from({ length: n }, (_, i) => value(i)),
        counts: Array.from({ length: n }, (_, i) => filled.has(i) ? 3 : 0),
      })
      const isSparse = nFilled < n / 2
      const width = nFilled === 0 ? 0 : 1
      assert.equal(packed.length, isSparse ? HEAD + 8 + 3 * planeBytes(nFilled, width)
        : HEAD + 3 * planeBytes(n, width), `${nFilled} filled`)
    }
  })

  it('survive any sums', () => {
    const cell = fc.tuple(
      fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.integer({ min: 0, max: 63 }),
      fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }), fc.integer({ min: 0, max: 63 }),
      fc.integer({ min: 0, max: 0x7fff_ffff }), fc.boolean())
    fc.assert(fc.property(fc.array(cell, { minLength: 1, maxLength: 40 }), (cells) => {
      while (cells.length % 4 !== 0) cells.push([0n, 0, 0n, 0, 0, false])
      survives({
        gradients: cells.map(([g, down, , , , isFilled]) => isFilled ? g >> BigInt(down) : 0n),
        hessians: cells.map(([, , h, down, , isFilled]) => isFilled ? h >> BigInt(down) : 0n),
        counts: cells.map(([, , , , c, isFilled]) => isFilled ? c : 0),
      })
    }), { numRuns: 300, seed: 11 })
  })

  it('take any range of a histogram, at any offset, in shared memory', () => {
    const n = 100
    const random = new TestRandom(5)
    const sums: Sums = {
      gradients: Array.from({ length: n }, () => BigInt(random.word()) - 0x8000_0000n),
      hessians: Array.from({ length: n }, () => BigInt(random.word()) << 8n),
      counts: Array.from({ length: n }, () => random.below(1000)),
    }
    const planes = planesOf(sums)
    for (const offset of [0, 1, 4, 8]) {
      const memory = new Uint8Array(new SharedArrayBuffer(planes.length + 16))
      memory.set(planes, offset)
      for (const [firstCell, nCells] of [[0, 4], [4, 60], [96, 4], [0, 100]] as const) {
        const chunk = [{ histogram: 1, firstCell, nCells }]
        const packed = packBoth(
          [planes, memory.subarray(offset, offset + planes.length)], n, chunk)
        const cut = <T>(values: readonly T[]) => values.slice(firstCell, firstCell + nCells)
        const expected = planesOf({ gradients: cut(sums.gradients), hessians: cut(sums.hessians),
          counts: cut(sums.counts) })
        const shifted = new Uint8Array(packed.length + offset)
        shifted.set(packed, offset)
        for (const unpack of unpackers) {
          const [unpacked] = allOf(unpack, shifted.subarray(offset), chunk)
          assert.ok(Buffer.from(unpacked!).equals(expected))
        }
      }
    }
  })

  it('survive in ranges of the largest size, after others of any size', () => {
    const random = new TestRandom(9)
    for (const n of [RANGE_CELLS_MAX, 4, 52, RANGE_CELLS_MAX - 4, 12]) {
      for (const share of [100, 45, 3]) {
        const isFilled = Array.from({ length: n }, () => random.below(100) < share)
        survives({
          gradients: isFilled.map((is) => is ? BigInt(random.word()) - (1n << 35n) : 0n),
          hessians: isFilled.map((is) => is ? BigInt(random.word()) : 0n),
          counts: isFilled.map((is) => is ? random.below(200_000) : 0),
        })
      }
    }
  })

  it('survive together with those of other ranges', () => {
    const n = 96
    const histograms = [100, 40, 0, 10, 75].map((share, seed) => {
      const random = new TestRandom(seed)
      const isFilled = Array.from({ length: n }, () => random.below(100) < share)
      return planesOf({
        gradients: isFilled.map((is) => is ? BigInt(random.below(1 << (4 * seed + 4))) - 9n : 0n),
        hessians: isFilled.map((is) => is ? BigInt(random.word()) : 0n),
        counts: isFilled.map((is) => is ? random.below(300) : 0),
      })
    })
    for (const ranges of [[0, 1, 2, 3, 4], [2, 2], [4, 3, 2, 1, 0], [1], []]) {
      const chunk = ranges.map((histogram) => ({ histogram, firstCell: 0, nCells: n }))
      const packed = packBoth(histograms, n, chunk)
      for (const unpack of unpackers) {
        allOf(unpack, packed, chunk).forEach((planes, i) =>
          assert.ok(Buffer.from(planes).equals(histograms[ranges[i]!]!)))
      }
    }
  })

  it('survive in the longest chunk there is', () => {
    for (const nCells of [RANGE_CELLS_MAX, 4]) {
      const worst = planesOf(dense(nCells, () => -(1n << 63n), -1n, -1))
      const [chunk] = sumChunks(nCells, CHUNK_RANGES_MAX)
      const histograms = chunk!.map(() => worst)
      const packed = packBoth(histograms, nCells, chunk!)
      assert.ok(packed.length <= packedBytesMax)
      for (const unpack of unpackers) {
        for (const planes of allOf(unpack, packed, chunk!)) {
          assert.ok(Buffer.from(planes).equals(worst))
        }
      }
    }
  })

  it('give equal bytes for equal sums', () => {
    const sums = dense(16, (i) => BigInt(i * i) - 50n)
    assert.deepEqual(survives(sums), survives(sums))
  })
})

describe('unpackSums', () => {
  const sparse = survives({
    gradients: Array.from({ length: 32 }, (_, i) => i % 5 === 0 ? -300n : 0n),
    hessians: Array.from({ length: 32 }, (_, i) => i % 5 === 0 ? 70_000n : 0n),
    counts: Array.from({ length: 32 }, (_, i) => i % 5 === 0 ? 2 : 0),
  })
  const full = survives(dense(32, (i) => BigInt(i)))

  const chunk = wholeChunk(32)

  function refused(wrong: Uint8Array, due = chunk): void {
    for (const unpack of unpackers) {
      assert.throws(() => unpack(wrong, due, () => assert.fail('given out')), ProtocolError)
    }
  }

  /** The planes, or that it was refused. */
  function outcomeOf(unpack: typeof unpackSums, packed: Uint8Array): string {
    try {
      return Buffer.from(allOf(unpack, packed, chunk)[0]!).toString('hex')
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error))
      return 'refused'
    }
  }

  const sparseRange = sparse.subarray(CHECKSUM_BYTES)
  const fullRange = full.subarray(CHECKSUM_BYTES)

  it('refuses every beginning, and more bytes', () => {
    for (const range of [sparseRange, fullRange]) {
      for (let n = 0; n < range.length; n++) {
        refused(sealed(range.subarray(0, n)))
        refused(sealed(range).subarray(0, n))
      }
      refused(sealed(range, new Uint8Array(8)))
    }
  })

  it('refuses bytes that are changed, or have changed places', () => {
    for (const packed of [sparse, full]) {
      for (let at = 0; at < packed.length; at++) {
        for (let bit = 1; bit < 256; bit *= 2) {
          const wrong = packed.slice()
          wrong[at]! ^= bit
          refused(wrong)
        }
        const swapped = packed.slice()
        for (let other = at + 1; other < packed.length; other++) {
          if (packed[at] === packed[other]) continue
          swapped[at] = packed[other]!
          swapped[other] = packed[at]!
          refused(swapped)
          swapped[at] = packed[at]!
          swapped[other] = packed[other]!
        }
      }
    }
  })

  it('refuses or reads any byte of the header and bitmap, whatever its value is', () => {
    for (const range of [sparseRange, fullRange]) {
      for (let at = 0; at < 24; at++) {
        for (let value = 0; value < 256; value++) {
          const wrong = range.slice()
          wrong[at] = value
          const [kernels, naive] = unpackers.map((unpack) => outcomeOf(unpack, sealed(wrong)))
          assert.deepEqual(kernels, naive)
        }
      }
    }
  })

  it('refuses a bitmap that has other cells than are stored', () => {
    for (const [at, bits] of [[16, 0xff], [16, 0], [20, 0x01]] as const) {
      const wrong = sparseRange.slice()
      wrong[at] = bits
      refused(sealed(wrong))
    }
  })

  it('refuses more cells than a range has, and more bytes than a chunk', () => {
    const wrong = new Uint8Array(16)
    wrong.set([0x53, 1, 0, 0, 0, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff])
    refused(sealed(wrong), wholeChunk(0xffff_fffc))
    refused(new Uint8Array(packedBytesMax + 1))
  })

  it('refuses ranges other than those that are due', () => {
    refused(sparse, wholeChunk(36))
    refused(sparse, [...chunk, ...chunk])
    refused(sparse, [])
    refused(sealed(sparseRange, fullRange))
  })

  it('gives nothing out when only the last range is damaged', () => {
    const damagedBitmap = sparseRange.slice()
    damagedBitmap[16] = 0
    for (const last of [damagedBitmap, sparseRange.subarray(0, 24), fullRange.subarray(0, -8)]) {
      refused(sealed(fullRange, sparseRange, last), [...chunk, ...chunk, ...chunk])
    }
  })
})
