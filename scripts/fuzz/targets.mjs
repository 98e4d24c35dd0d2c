/** The parsers, what valid inputs of theirs look like, and what they promise. */
import { deepStrictEqual } from 'node:assert'
import { crc32 } from 'node:zlib'
import { decodeMessage, encodeMessage } from '../../packages/cluster/dist/src/protocol/codec.js'
import { ProtocolError } from '../../packages/cluster/dist/src/protocol/error.js'
import {
  encodeFrames, FRAME_HEADER_BYTES, FrameAssembler,
} from '../../packages/cluster/dist/src/protocol/frame.js'
import { FRAGMENT_BYTES } from '../../packages/cluster/dist/src/protocol/limits.js'
import { decodeValue, encodeValue } from '../../packages/cluster/dist/src/protocol/value-codec.js'
import { packSums } from '../../packages/cluster/dist/src/wire/pack-sums.js'
import { referenceChecksum } from '../../packages/cluster/dist/src/wire/sum-checksum.js'
import { SUM_CELL_BYTES } from '../../packages/cluster/dist/src/wire/sum-chunks.js'
import { CHECKSUM_BYTES } from '../../packages/cluster/dist/src/wire/sum-layout.js'
import { unpackSums } from '../../packages/cluster/dist/src/wire/unpack-sums.js'
import { allSamples } from '../../packages/cluster/dist/test/protocol/samples.js'
import { fuzzUpgrade } from '../../packages/cluster/dist/test/support/fuzz-upgrade.js'
import { makeJournalTarget } from './journal-target.mjs'
import { mutate, randomBytes } from './mutate.mjs'

/**
 * @returns {Record<string,
 *   import('./campaign.mjs').Target | import('./campaign.mjs').Campaign>}
 */
export function makeTargets() {
  return {
    frames: makeFramesTarget(),
    messages: makeMessagesTarget(),
    sums: makeSumsTarget(),
    journal: makeJournalTarget(),
    upgrade: { campaign: fuzzUpgrade },
  }
}

/** Runs a parser. Returns its result, or null where it refused. Lets other errors through. */
export function attempt(parse) {
  try {
    return { result: parse() }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

export function require(condition, what) {
  if (!condition) throw new Error(what)
}

const directions = ['to-worker', 'from-worker', 'to-client', 'from-client']

/** The first byte of an input is the direction, so that an input is the whole of its case. */
function makeMessagesTarget() {
  const corpus = allSamples.map(({ message }) => encodeMessage(message))
  return {
    make(random) {
      const kind = random.below(8)
      const i = random.below(corpus.length)
      const body = kind === 0 ? randomBytes(random)
        : kind < 4 ? encodeValue(mutateValue(random, decodeValue(corpus[i])))
          : mutate(random, corpus[i], corpus)
      const isAnyWay = random.below(8) === 0
      const direction = isAnyWay ? random.below(4) : directions.indexOf(allSamples[i].direction)
      const input = new Uint8Array(body.length + 1)
      input[0] = direction
      input.set(body, 1)
      return input
    },
    check(input) {
      const direction = directions[input[0] & 3]
      const read = attempt(() => decodeMessage(input.subarray(1), direction))
      if (read === null) return 'refused'
      // What is accepted is a message: it can be sent, and is the same then.
      const again = decodeMessage(encodeMessage(read.result), direction)
      deepStrictEqual(again, read.result)
      return 'accepted'
    },
  }
}

/** Plain data with something else in one place. */
function mutateValue(random, value) {
  const isInside = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
  const keys = isInside ? Object.keys(value) : []
  if (keys.length === 0 || random.below(6) === 0) return wrongValue(random, value)
  const key = keys[random.below(keys.length)]
  const copy = Array.isArray(value) ? [...value] : { ...value }
  switch (random.below(10)) {
    case 0:
      if (Array.isArray(copy)) copy.splice(Number(key), 1)
      else delete copy[key]
      return copy
    case 1:
      if (Array.isArray(copy)) copy.push(copy[key])
      else copy[`x${random.below(3)}`] = copy[key]
      return copy
    default:
      copy[key] = mutateValue(random, copy[key])
      return copy
  }
}

function wrongValue(random, old) {
  const values = [null, true, '', 'x'.repeat(300), 0, -0, -1, 0.5, NaN, 1e308, 2 ** 53, 2 ** 32, 7n,
    -(1n << 70n), [], [1, 2, 3, 4], {}, { kind: 'load' }, new Uint8Array(32), new Float64Array(3),
    new Uint32Array(3), new Int32Array(300), [old], { type: old }, [old, old]]
  return values[random.below(values.length)]
}

/** An input is a row of frames, each after its length. */
function makeFramesTarget() {
  const payloads = [0, 1, 100, 5000].map((n) => new Uint8Array(n).fill(n))
  const corpus = payloads.flatMap((payload, id) => encodeFrames(payload, id, crc32))
  const long = encodeFrames(new Uint8Array(2 * FRAGMENT_BYTES + 9), 50, crc32)
  return {
    make(random) {
      const frames = Array.from({ length: 1 + random.below(4) }, () => {
        const isLong = random.below(64) === 0
        const frame = isLong ? long[random.below(long.length)] : corpus[random.below(corpus.length)]
        const kind = random.below(8)
        if (kind === 0) return randomBytes(random)
        if (kind < 3) return frame
        // Headers that are wrong behind a right checksum get further.
        return kind < 6 ? sealed(mutateHeader(random, frame)) : mutate(random, frame, corpus)
      })
      return joinFrames(frames)
    },
    check(input) {
      const bytesMax = FRAGMENT_BYTES
      const assembler = new FrameAssembler(crc32, bytesMax)
      for (const frame of splitFrames(input)) {
        const pushed = attempt(() => assembler.push(frame))
        require(assembler.incompleteBytes <= bytesMax, 'more is kept than may be')
        if (pushed === null) {
          require(attempt(() => assembler.push(corpus[0])) === null, 'it goes on after an error')
          return 'refused'
        }
        require(pushed.result === null || pushed.result instanceof Uint8Array, 'no payload')
      }
      return 'accepted'
    },
  }
}

function mutateHeader(random, frame) {
  const header = mutate(random, frame.subarray(0, FRAME_HEADER_BYTES), [frame.subarray(0, 64)])
  const changed = frame.slice()
  changed.set(header.subarray(0, FRAME_HEADER_BYTES))
  changed.set(frame.subarray(0, 4))
  return changed
}

function sealed(frame) {
  if (frame.length < 8) return frame
  new DataView(frame.buffer, frame.byteOffset).setUint32(4, crc32(frame.subarray(8)), true)
  return frame
}

function joinFrames(frames) {
  return new Uint8Array(Buffer.concat(frames.flatMap((frame) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(frame.length)
    return [length, frame]
  })))
}

function splitFrames(input) {
  const frames = []
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  for (let at = 0; at + 4 <= input.length;) {
    const n = view.getUint32(at, true)
    frames.push(input.subarray(at + 4, at + 4 + n))
    at += 4 + n
  }
  return frames
}

/**
 * An input is the cells of the ranges that are due, after their number, and then packed sums: what
 * is due is the receiver's own, and not up to who sends.
 */
function makeSumsTarget() {
  const corpus = [[4, 1], [8, 0], [64, 0.3], [256, 1], [1000, 0.05], [2048, 0.6]].flatMap(
    ([n, fill], i) => [1, 300, 2 ** 40].map((scale) =>
      ({ n, packed: samplePacked(n, fill, scale, i) })))
  const all = corpus.map(({ packed }) => packed)
  return {
    make(random) {
      const ranges = Array.from({ length: 1 + random.below(3) }, () =>
        corpus[random.below(corpus.length)])
      const changed = random.below(ranges.length)
      const packed = Buffer.concat(ranges.map(({ packed }, i) => {
        const range = packed.subarray(CHECKSUM_BYTES)
        return i === changed ? mutatePacked(random, range, all) : range
      }))
      const checksum = new Uint8Array(CHECKSUM_BYTES)
      // a wrong one hides what is behind it
      const isRight = random.below(8) > 0
      new DataView(checksum.buffer).setBigUint64(0, isRight ? referenceChecksum(packed) : 1n, true)
      const head = new Uint8Array(4 * (1 + ranges.length))
      const view = new DataView(head.buffer)
      view.setUint32(0, ranges.length, true)
      ranges.forEach(({ n }, i) => view.setUint32(4 * (i + 1), n, true))
      return new Uint8Array(Buffer.concat([head, checksum, packed]))
    },
    check(input) {
      const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
      const nRanges = view.getUint32(0, true)
      const chunk = Array.from({ length: nRanges }, (_, i) =>
        ({ histogram: i, firstCell: 0, nCells: view.getUint32(4 * (i + 1), true) }))
      const read = attempt(() => unpackAll(input.subarray(4 * (nRanges + 1)), chunk))
      if (read === null) return 'refused'
      chunk.forEach((range, i) => {
        const planes = read.result[i]
        require(planes.length === SUM_CELL_BYTES * range.nCells, 'other sums than were due')
        const alone = [{ ...range, histogram: 0 }]
        const [again] = unpackAll(packSums([planes], range.nCells, alone), alone)
        require(Buffer.from(again).equals(planes), 'sums do not survive')
      })
      return 'accepted'
    },
  }
}

function mutatePacked(random, packed, corpus) {
  const kind = random.below(8)
  if (kind === 0) return randomBytes(random)
  if (kind > 4) return mutate(random, packed, corpus)
  const changed = packed.slice()
  changed.set(mutate(random, packed.subarray(0, 24), corpus).subarray(0, 24))
  return changed
}

/** The planes of all ranges; nothing where the sums are refused. */
function unpackAll(packed, chunk) {
  const all = []
  try {
    unpackSums(packed, chunk, (_, planes) => all.push(planes.slice()))
  } catch (error) {
    require(all.length === 0, 'some of what is refused was given out')
    throw error
  }
  return all
}

function samplePacked(n, fill, scale, seed) {
  const planes = new Uint8Array(SUM_CELL_BYTES * n)
  const gradients = new BigInt64Array(planes.buffer, 0, n)
  const hessians = new BigInt64Array(planes.buffer, 8 * n, n)
  const counts = new Int32Array(planes.buffer, 16 * n, n)
  for (let i = 0; i < n; i++) {
    if ((i * 7919 + seed) % 100 >= 100 * fill) continue
    gradients[i] = BigInt(Math.floor(((i % 17) - 8) * scale))
    hessians[i] = BigInt((i % 13) * scale)
    counts[i] = 1 + i % 5
  }
  return packSums([planes], n, [{ histogram: 0, firstCell: 0, nCells: n }])
}
