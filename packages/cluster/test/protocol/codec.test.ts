import assert from 'node:assert/strict'
import { createTableWriter, defaultTextOptions, readerOf } from '@coppice/data'
import type { ByteSource, ColumnChunk, Format, PartitionPlan } from '@coppice/data'
import { decodeMessage, type Direction, encodeMessage } from '../../src/protocol/codec.js'
import { ProtocolError } from '../../src/protocol/error.js'
import { bytesWithRoom } from '../../src/protocol/room.js'
import { encodeValue } from '../../src/protocol/value-codec.js'
import { allSamples, fromWorkerSamples, toWorkerSamples } from './samples.js'

type Path = readonly (string | number)[]

const directions: readonly Direction[] = ['to-worker', 'from-worker', 'to-client', 'from-client']

/** Members whose own members are free: any, or any of some. */
const open = new Set<unknown>(['detail', 'params', 'parameters', 'roles', 'schema'])

/** Paths of all members and elements, without what lies in open ones. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (open.has(path.at(-1))) return []
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [path]
  return [path, ...Object.entries(value).flatMap(([key, member]) =>
    pathsIn(member, [...path, Array.isArray(value) ? Number(key) : key]))]
}

/** Members that an object may lack. */
const mayLack = new Set([
  'unnamed', 'initModel', 'earlyStop', 'earlier', 'truncates', 'linear', 'extents', 'keepsRaw',
])

/** A deep copy in which the value at the path is what `change` makes of it. */
function changed(value: unknown, path: Path, change: (old: unknown) => unknown): unknown {
  if (path.length === 0) return change(value)
  const [key, ...rest] = path as [string | number, ...Path]
  const copy = Array.isArray(value) ? [...value] : { ...value as object }
  const members = copy as Record<string | number, unknown>
  members[key] = changed(members[key], rest, change)
  return copy
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) &&
    !ArrayBuffer.isView(value)
}

function refused(direction: Direction, message: unknown, why: string): void {
  assert.throws(() => decodeMessage(encodeValue(message), direction), ProtocolError, why)
}

describe('decodeMessage', () => {
  for (const { direction, message } of allSamples) {
    it(`gives back what encodeMessage wrote: ${direction} ${message.type}`, () => {
      assert.deepEqual(decodeMessage(encodeMessage(message), direction), message)
    })
  }

  it('refuses a message that travels any other way', () => {
    for (const { direction, message } of allSamples) {
      for (const other of directions) {
        if (other === direction) continue
        assert.throws(() => decodeMessage(encodeMessage(message), other), (error) =>
          error instanceof ProtocolError && error.message.includes(`"${message.type}"`))
      }
    }
  })

  it('refuses a wrong value in any place', () => {
    let nPlaces = 0
    for (const { direction, message } of allSamples) {
      for (const path of pathsIn(message)) {
        refused(direction, changed(message, path, () => ({ bogus: 1 })), path.join('.'))
        nPlaces++
      }
    }
    assert.ok(nPlaces > 1000, `${nPlaces} places`)
  })

  it('refuses an object that lacks a member, or has one more', () => {
    for (const { direction, message } of allSamples) {
      const places = pathsIn(message)
      for (const path of places) {
        changed(message, path, (old) => {
          if (!isPlainObject(old)) return old
          refused(direction, changed(message, path, () => ({ ...old, more: 1 })), 'one more')
          for (const key of Object.keys(old)) {
            // what is not the user's own has no such member
            if (mayLack.has(key) || key === 'custom') continue
            const { [key]: _, ...rest } = old
            refused(direction, changed(message, path, () => rest), `without ${key}`)
          }
          return old
        })
      }
    }
  })

  it('refuses numbers that count nothing', () => {
    const { direction, message } = { direction: 'from-worker' as const,
      message: fromWorkerSamples.beat[0]! }
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 53, '1', 1n]) {
      refused(direction, changed(message, ['state', 'view'], () => wrong), String(wrong))
      refused(direction, changed(message, ['state', 'stores', 0, 'partitions', 1], () => wrong),
        String(wrong))
    }
  })

  it('refuses a list of partitions that names one twice', () => {
    refused('to-worker', changed(toWorkerSamples.hold[0], ['stores', 0, 'partitions'],
      () => [3, 4, 3]), 'twice')
  })

  it('refuses texts longer than their limit', () => {
    refused('to-worker', { type: 'finished', job: 'x'.repeat(257) }, 'a job')
    refused('from-worker', changed(fromWorkerSamples['task-failed'][0], ['error', 'message'],
      () => 'x'.repeat((1 << 20) + 1)), 'a message')
  })

  it('refuses trees in which a walk would not end', () => {
    const at = ['iterations', 0, 0, 'tree']
    const sample = toWorkerSamples.trees[0]
    const wrong: [string, number, number][] = [
      ['leftChild', 0, 0], ['leftChild', 1, 1], ['rightChild', 3, 2], ['leftChild', 0, 4],
      ['leftChild', 1, -6], ['leftChild', 1, -2], ['rightChild', 2, 1],
    ]
    for (const [side, node, child] of wrong) {
      refused('to-worker', changed(sample, [...at, side, node], () => child), `${side} ${child}`)
    }
    refused('to-worker', changed(sample, [...at, 'leafValue'], () => [1, 2, 3, 4]), 'a leaf less')
    refused('to-worker', changed(sample, [...at, 'leftBins', 0], () => new Uint8Array(30)), 'bits')
    refused('to-worker',
      changed(sample, [...at, 'leftBins', 0], () => new Uint8Array(8195)), 'bits')
  })

  it('says which member is wrong', () => {
    const message = changed(fromWorkerSamples.beat[0], ['state', 'stores', 1, 'phase'],
      () => 'lost')
    assert.throws(() => decodeMessage(encodeValue(message), 'from-worker'), { message:
      'message "beat", .state.stores[1].phase: "lost" is not one of loading, loaded, open' })
  })

  it('refuses what is no message', () => {
    for (const value of [null, 1, 'hello', [], {}, { type: 'toString' }, { type: 7 },
      { type: '__proto__' }, { type: 'constructor' }, new Uint8Array(3)]) {
      refused('to-worker', value, JSON.stringify(value))
    }
  })

  it('refuses every beginning of a message', () => {
    for (const { direction, message } of allSamples) {
      const bytes = encodeMessage(message)
      for (let n = 0; n < bytes.length; n += bytes.length < 2000 ? 1 : 13) {
        assert.throws(() => decodeMessage(bytes.subarray(0, n), direction), ProtocolError)
      }
    }
  })

  it('gives nothing that is a view of the bytes', () => {
    const bytes = encodeMessage(toWorkerSamples.request[0]!)
    const message = decodeMessage(bytes, 'to-worker')
    bytes.fill(0)
    assert.deepEqual(message, toWorkerSamples.request[0])
  })
})

describe('answers with sums', () => {
  const answerOf = (bytes: Uint8Array) => ({
    type: 'answer', job: 'a job', store: 3, iteration: 70_000, seq: 9, mark: '12ab', chunk: 200,
    payload: { kind: 'sums', bytes },
  } as const)

  function filled(bytes: Uint8Array): Uint8Array {
    for (let i = 0; i < bytes.length; i += 97) bytes[i] = i % 251
    return bytes
  }

  for (const n of [0, 1, 255, 256, 65_535, 65_536, 1_100_000]) {
    it(`are the bytes of any other value, and come back: ${n} bytes`, () => {
      for (const bytes of [bytesWithRoom(n), new Uint8Array(n)]) {
        const message = answerOf(filled(bytes))
        const expected = encodeValue(message)
        // the second time somebody has taken the room
        const encoded = [encodeMessage(message), encodeMessage(message)]
        for (const one of encoded) {
          assert.ok(Buffer.from(one).equals(expected))
          assert.deepEqual(decodeMessage(one, 'from-worker'), message)
        }
        encoded[1]!.fill(7, 0, encoded[1]!.length - n)
        assert.ok(Buffer.from(encoded[0]!).equals(expected))
      }
    })
  }

  it('are written where the sums are', () => {
    const bytes = filled(bytesWithRoom(70_000))
    const message = encodeMessage(answerOf(bytes))
    assert.equal(message.buffer, bytes.buffer)
    assert.equal(message.byteOffset + message.length, bytes.byteOffset + bytes.length)
  })

  it('have views of what was received where they are long, and nothing else has', () => {
    for (const [n, isView] of [[65_535, false], [65_536, true]] as const) {
      const received = Buffer.from(encodeMessage(answerOf(filled(new Uint8Array(n)))))
      const message = decodeMessage(received, 'from-worker')
      assert.ok(message.type === 'answer' && message.payload.kind === 'sums')
      const { bytes } = message.payload
      assert.equal(bytes.constructor, Uint8Array)
      assert.equal(bytes.buffer === received.buffer, isView)
    }
    const long = { ...toWorkerSamples.request[0]!, body: new Uint8Array(100_000) }
    const received = encodeMessage(long)
    const message = decodeMessage(received, 'to-worker')
    assert.ok(message.type === 'request' && message.body.buffer !== received.buffer)
  })

  it('are refused when they are cut, or lie about their length', () => {
    const encoded = encodeMessage(answerOf(filled(bytesWithRoom(70_000))))
    const header = encoded.length - 70_000 - 6
    for (const length of [0, 69_999, 70_001, 0xffff_ffff]) {
      const wrong = encoded.slice()
      new DataView(wrong.buffer).setUint32(header + 1, length)
      assert.throws(() => decodeMessage(wrong, 'from-worker'), ProtocolError)
    }
    for (const n of [header, header + 3, header + 6, encoded.length - 1]) {
      assert.throws(() => decodeMessage(encoded.slice(0, n), 'from-worker'), ProtocolError)
    }
  })
})

describe('plans of partitions', () => {
  const columns = [{ name: 'a', type: 'float' }, { name: 'b', type: 'float' }] as const
  const chunks: ColumnChunk[] = [
    { type: 'float', values: Float64Array.of(1, 2.5, NaN, -4) },
    { type: 'float', values: Float64Array.of(0, 1, 0, 1) },
  ]

  async function fileOf(format: Format): Promise<ByteSource> {
    const written: Uint8Array[] = []
    if (format === 'libsvm') written.push(new TextEncoder().encode('1 1:2.5 3:-1\n0 2:7\n'))
    else {
      const sink = { write: async (bytes: Uint8Array) => { written.push(bytes.slice()) } }
      const writer = await createTableWriter(format, sink, columns, 4)
      await writer.write(chunks)
      await writer.finish()
    }
    const bytes = new Uint8Array(Buffer.concat(written))
    return { name: `x.${format}`, byteLength: bytes.length,
      slice: async (start, end) => bytes.slice(start, end) }
  }

  for (const format of ['csv', 'tsv', 'parquet', 'arrow', 'npy', 'libsvm'] as const) {
    it(`survive the way to a worker, and read the same there: ${format}`, async () => {
      const reader = await readerOf(format)
      const source = await fileOf(format)
      const plan = await reader.plan(source, defaultTextOptions)
      const arrived = roundTrip(plan)
      assert.deepEqual(arrived, plan)
      const wanted = plan.columns.map((_, i) => i)
      const read = (by: PartitionPlan) => reader.read(source, by, by.units[0]!, wanted,
        wanted.map(() => null), defaultTextOptions)
      assert.deepEqual(await read(arrived), await read(plan))
    })
  }

  function roundTrip(plan: PartitionPlan): PartitionPlan {
    const message = { type: 'task-done', job: 'j', task: 1,
      result: { kind: 'load', result: { plan, byteLength: 9 } } } as const
    const decoded = decodeMessage(encodeMessage(message), 'from-worker')
    assert.ok(decoded.type === 'task-done' && decoded.result.kind === 'load')
    const { result } = decoded.result
    assert.ok(typeof result === 'object' && result !== null && 'plan' in result)
    return result.plan
  }
})
