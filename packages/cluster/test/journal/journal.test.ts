import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { CoppiceError } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { JOURNAL_LINE } from '../../src/journal/format.js'
import { readJournal } from '../../src/journal/reader.js'
import type { JournalRecord } from '../../src/journal/record.js'
import { JournalWriter } from '../../src/journal/writer.js'
import {
  endRecord, iterationRecord, jobRecord, planRecord, sampleRecords,
} from './sample-records.js'

/** The bytes of a journal, and where each record ends. */
function write(records: readonly JournalRecord[], writer = new JournalWriter(crc32)) {
  const parts: Uint8Array[] = []
  const ends: number[] = []
  let nBytes = 0
  for (const record of records) {
    const bytes = writer.stage(record)
    assert.notEqual(bytes, null)
    writer.confirm()
    parts.push(bytes!)
    nBytes += bytes!.length
    ends.push(nBytes)
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), ends }
}

/** Records that end at or before a byte. */
function nWhole(ends: readonly number[], offset: number): number {
  return ends.filter((end) => end <= offset).length
}

const records = sampleRecords(47).map((record) =>
  // Trees make records long, and the tests at every byte slow; two of them are enough.
  record.kind === 'iteration' && record.iteration % 40 !== 3
    ? { ...record, trees: [], metrics: [] } : record)
const { bytes: journal, ends } = write(records)

describe('JournalWriter and readJournal', () => {
  it('give back what was written', () => {
    assert.equal(records.length, 50)
    const contents = readJournal(journal, crc32)
    assert.deepEqual(contents.records, records)
    assert.equal(contents.damage, null)
    assert.equal(contents.validBytes, journal.length)
  })

  it('make bytes that depend on the records alone', () => {
    const shuffled = records.map((record) =>
      Object.fromEntries(Object.entries(record).reverse()) as unknown as JournalRecord)
    assert.deepEqual(write(shuffled).bytes, journal)
  })

  it('go on with a journal that was read', () => {
    for (const n of [1, 2, 3, 20]) {
      const start = journal.subarray(0, ends[n - 1]!)
      const rest = write(records.slice(n), new JournalWriter(crc32, readJournal(start, crc32)))
      assert.deepEqual(new Uint8Array(Buffer.concat([start, rest.bytes])), journal)
    }
  })

  it('have a chain that stands for all records', () => {
    const { chain } = readJournal(journal, crc32)
    assert.deepEqual(readJournal(journal, crc32).chain, chain)
    const other = write([...records.slice(0, 48), iterationRecord(46, 2), endRecord]).bytes
    assert.notDeepEqual(readJournal(other, crc32).chain, chain)
  })
})

describe('JournalWriter.stage', () => {
  function begun(): JournalWriter {
    const writer = new JournalWriter(crc32)
    write([jobRecord, planRecord, iterationRecord(0), iterationRecord(1)], writer)
    return writer
  }

  it('ignores a record that is there already', () => {
    const writer = begun()
    for (const record of [jobRecord, planRecord, iterationRecord(0), iterationRecord(1)]) {
      assert.equal(writer.stage(record), null)
      const sameInAnotherOrder = Object.fromEntries(Object.entries(record).reverse())
      assert.equal(writer.stage(sameInAnotherOrder as unknown as JournalRecord), null)
    }
    assert.equal(writer.nIterations, 2)
  })

  it('raises the alarm when an iteration comes again and differs', () => {
    const writer = begun()
    assert.throws(() => writer.stage(iterationRecord(1, 2)), (error) =>
      error instanceof CoppiceError && error.code === 'INTERNAL' &&
      error.message.startsWith('iteration 1 was trained twice with different results'))
    assert.throws(() => writer.stage({ ...iterationRecord(0), metrics: [] }), CoppiceError)
    assert.throws(() => writer.stage({ ...planRecord, plan: null } as JournalRecord), CoppiceError)
  })

  it('refuses gaps', () => {
    const gap = (writer: JournalWriter, record: JournalRecord) =>
      assert.throws(() => writer.stage(record), CoppiceError)
    gap(begun(), iterationRecord(3))
    gap(new JournalWriter(crc32), planRecord)
    gap(new JournalWriter(crc32), iterationRecord(0))
    const planless = new JournalWriter(crc32)
    write([jobRecord], planless)
    gap(planless, iterationRecord(0))
    const ended = begun()
    write([endRecord], ended)
    gap(ended, iterationRecord(2))
  })

  it('forgets a record that was not confirmed', () => {
    const writer = begun()
    const first = writer.stage(iterationRecord(2))
    assert.deepEqual(writer.stage(iterationRecord(2)), first)
    assert.notEqual(writer.stage(iterationRecord(2, 2)), null)
    assert.equal(writer.nIterations, 2)
  })

  it('refuses a record that could not be read again', () => {
    const writer = begun()
    for (const wrong of [
      { ...iterationRecord(2), chainHash: 'x' }, { ...iterationRecord(2), trees: [{}] },
      { ...iterationRecord(2), more: 1 }, { kind: 'other' },
    ]) assert.throws(() => writer.stage(wrong as unknown as JournalRecord), CoppiceError)
    assert.throws(() => writer.stage({ kind: 'job', job: 'x', spec: new Map() }), CoppiceError)
  })
})

describe('readJournal of a damaged journal', function () {
  this.timeout(60_000)

  it('keeps what is before a cut, wherever it is', () => {
    for (let cut = 0; cut < journal.length; cut++) {
      const { records: read, validBytes, damage } = readJournal(journal.subarray(0, cut), crc32)
      const n = nWhole(ends, cut)
      assert.equal(read.length, n)
      if (n > 0) assert.deepEqual(read.at(-1), records[n - 1])
      const sound = n > 0 ? ends[n - 1]! : cut < JOURNAL_LINE.length ? 0 : JOURNAL_LINE.length
      assert.equal(validBytes, sound)
      if (cut === sound && cut > 0) assert.equal(damage, null)
      else {
        assert.deepEqual([damage!.kind, damage!.offset, damage!.lostBytes],
          ['torn', sound, cut - sound])
      }
    }
  })

  it('keeps what is before a wrong bit, wherever it is', () => {
    // Every bit of the first records, then one of every ninth byte.
    const random = new TestRandom(3)
    const flip = (bit: number) => {
      const wrong = journal.slice()
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      const { records: read, damage } = readJournal(wrong, crc32)
      const n = nWhole(ends, bit >> 3)
      assert.equal(read.length, n, `bit ${bit}`)
      assert.deepEqual(read.at(-1), records[n - 1])
      assert.ok(damage !== null)
      assert.equal(damage.offset, n > 0 ? ends[n - 1]! : damage.kind === 'foreign' ? 0
        : JOURNAL_LINE.length)
    }
    for (let bit = 0; bit < 8 * ends[1]!; bit++) flip(bit)
    for (let byte = ends[1]!; byte < journal.length; byte += 9) flip(8 * byte + random.below(8))
  })

  it('says how much is lost where, and why', () => {
    const wrong = journal.slice()
    wrong[ends[9]! + 50]! ^= 4
    assert.deepEqual(readJournal(wrong, crc32).damage, {
      kind: 'damaged', offset: ends[9]!, lostBytes: journal.length - ends[9]!,
      reason: 'record 10 has a wrong checksum',
    })
  })

  it('does not take a sound record of another journal, or one in another place', () => {
    const other = write([jobRecord, planRecord, iterationRecord(0, 2), iterationRecord(1)])
    const spliced = Buffer.concat([journal.subarray(0, ends[2]!), other.bytes.subarray(
      other.ends[2]!, other.ends[3]!)])
    assert.equal(readJournal(spliced, crc32).records.length, 3)
    const repeated = Buffer.concat([journal.subarray(0, ends[3]!), journal.subarray(
      ends[2]!, ends[3]!)])
    assert.equal(readJournal(repeated, crc32).records.length, 4)
    assert.equal(readJournal(repeated, crc32).damage!.kind, 'damaged')
  })

  it('leaves a file alone that is no journal, or of another version', () => {
    for (const text of ['{"a": 1}\n and more', 'coppice-journal 2\nxxx', '\0'.repeat(100)]) {
      const { damage, validBytes } = readJournal(new TextEncoder().encode(text), crc32)
      assert.equal(damage!.kind, 'foreign')
      assert.equal(validBytes, 0)
    }
  })
})
