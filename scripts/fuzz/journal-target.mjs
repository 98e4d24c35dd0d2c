/** Journals: cut, changed, spliced, with right checksums and wrong ones. */
import { deepStrictEqual } from 'node:assert'
import { crc32 } from 'node:zlib'
import { sha256 } from '../../packages/model/dist/src/index.js'
import {
  firstChain, INDEX_BYTES, journalLine, nextChain, RECORD_HEADER_BYTES,
} from '../../packages/cluster/dist/src/journal/format.js'
import { readJournal } from '../../packages/cluster/dist/src/journal/reader.js'
import { JournalWriter } from '../../packages/cluster/dist/src/journal/writer.js'
import { sampleRecords } from '../../packages/cluster/dist/test/journal/sample-records.js'
import { mutate, randomBytes } from './mutate.mjs'

/** @returns {import('./campaign.mjs').Target} */
export function makeJournalTarget() {
  const records = sampleRecords(6)
  const parts = writeParts(records)
  const whole = Buffer.concat(parts)
  const bodies = parts.map((part, i) =>
    part.subarray((i === 0 ? journalLine().length : 0) + RECORD_HEADER_BYTES + INDEX_BYTES))
  return {
    make(random) {
      const kind = random.below(8)
      if (kind === 0) return Buffer.concat([journalLine(), randomBytes(random)])
      if (kind < 4) return mutate(random, new Uint8Array(whole), parts)
      // Records that say something wrong behind a right checksum and chain.
      const changed = bodies.map((body) =>
        random.below(4) === 0 ? mutate(random, body, bodies) : body)
      for (let i = random.below(3); i > 0; i--) {
        const [from, to] = [random.below(changed.length), random.below(changed.length)]
        changed.splice(to, random.below(2), changed[from])
      }
      return seal(changed)
    },
    check(input) {
      const { records: read, validBytes, damage } = readJournal(input, crc32)
      if (damage === null) deepStrictEqual(validBytes, input.length)
      else deepStrictEqual(damage.offset + damage.lostBytes, input.length)
      // All before the damage is a journal by itself, and the same one.
      const sound = readJournal(input.subarray(0, validBytes), crc32)
      deepStrictEqual(sound.records, read)
      if (validBytes > 0) deepStrictEqual(sound.damage, null)
      // What is before the first changed byte is read as it was written.
      const same = commonLength(input, whole)
      let nWhole = 0
      for (let end = 0; nWhole < parts.length; nWhole++) {
        end += parts[nWhole].length
        if (end > same) break
      }
      deepStrictEqual(read.slice(0, nWhole), records.slice(0, nWhole))
      return damage === null ? 'accepted' : 'refused'
    },
  }
}

function writeParts(records) {
  const writer = new JournalWriter(crc32)
  return records.map((record) => {
    const bytes = writer.stage(record)
    writer.confirm()
    return bytes
  })
}

/** A journal of these bodies, whatever they are. */
function seal(bodies) {
  let chain = firstChain()
  const parts = [journalLine()]
  bodies.forEach((body, index) => {
    const frame = new Uint8Array(RECORD_HEADER_BYTES + INDEX_BYTES + body.length)
    const view = new DataView(frame.buffer)
    chain = nextChain(chain, index, sha256(body))
    view.setUint32(4, INDEX_BYTES + body.length, true)
    frame.set(chain, 8)
    view.setUint32(RECORD_HEADER_BYTES, index, true)
    frame.set(body, RECORD_HEADER_BYTES + INDEX_BYTES)
    view.setUint32(0, crc32(frame.subarray(4)), true)
    parts.push(frame)
  })
  return new Uint8Array(Buffer.concat(parts))
}

function commonLength(a, b) {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return i
  return n
}
