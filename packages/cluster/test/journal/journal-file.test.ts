import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { readJournal } from '../../src/journal/reader.js'
import { type JournalDisk, type JournalHandle, nodeDisk } from '../../src/node/journal-disk.js'
import { JournalFile, type JournalFileOptions } from '../../src/node/journal-file.js'
import {
  endRecord, iterationRecord, jobRecord, planRecord, sampleRecords,
} from './sample-records.js'

/** A disk whose next operations fail as they are told to. */
class FaultyDisk implements JournalDisk {
  /** Bytes that still fit. */
  room = Infinity
  failsTruncate = false
  failsSync = false
  failsRename = false
  nSyncs = 0
  /** While set, syncs wait for it. */
  syncGate: Promise<void> | null = null

  async open(path: string): Promise<JournalHandle | null> {
    const handle = await nodeDisk.open(path)
    return handle === null ? null : this.#wrap(handle)
  }

  async create(path: string): Promise<JournalHandle> {
    return this.#wrap(await nodeDisk.create(path))
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.failsRename) throw failure('EIO')
    await nodeDisk.rename(from, to)
  }

  remove = nodeDisk.remove
  makeFolder = nodeDisk.makeFolder

  #wrap(handle: JournalHandle): JournalHandle {
    return {
      ...handle,
      write: async (bytes, position) => {
        if (this.room <= 0) throw failure('ENOSPC')
        // Short writes, as a disk does that fills up.
        const n = await handle.write(bytes.subarray(0, Math.min(this.room, 100)), position)
        this.room -= n
        return n
      },
      truncate: async (size) => {
        if (this.failsTruncate) throw failure('EIO')
        await handle.truncate(size)
      },
      sync: async () => {
        this.nSyncs++
        await this.syncGate
        if (this.failsSync) throw failure('EIO')
        await handle.sync()
      },
    }
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

describe('JournalFile', () => {
  let folder = ''
  let opened: JournalFile[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-journal-'))
    opened = []
  })

  afterEach(async () => {
    for (const file of opened) await file.close().catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  })

  async function open(options: Partial<JournalFileOptions> = {}): Promise<JournalFile> {
    const file = await JournalFile.open({ folder, job: 'flights', ...options })
    opened.push(file)
    return file
  }

  const path = (): string => join(folder, 'flights.journal')

  /** Opens, appends and closes. */
  async function write(records: Parameters<JournalFile['append']>[0][]): Promise<void> {
    const file = await open()
    await Promise.all(records.map((record) => file.append(record)))
    await file.close()
  }

  it('gives back what was appended, and goes on', async () => {
    const records = sampleRecords(10)
    await write(records.slice(0, 5))
    const file = await open()
    assert.deepEqual(file.contents.records, records.slice(0, 5))
    assert.equal(file.cut, null)
    assert.equal(file.nIterations, 3)
    for (const record of records) await file.append(record)
    await file.close()
    assert.deepEqual(readJournal(await readFile(path()), crc32).records, records)
  })

  it('appears with its first record, and leaves nothing else behind', async () => {
    const file = await open()
    assert.deepEqual(await readdir(folder), ['flights.journal.lock'])
    await file.append(jobRecord)
    assert.deepEqual((await readdir(folder)).sort(), ['flights.journal', 'flights.journal.lock'])
    await file.close()
    assert.deepEqual(await readdir(folder), ['flights.journal'])
  })

  it('makes its folder', async () => {
    const file = await open({ folder: join(folder, 'a', 'b') })
    await file.append(jobRecord)
    assert.deepEqual((await readdir(join(folder, 'a', 'b'))).length, 2)
  })

  it('refuses jobs that are no file names', async () => {
    for (const job of ['', '../x', 'a/b', '.hidden', 'a\\b', 'x'.repeat(129), 'a b', 'a\0']) {
      await assert.rejects(open({ job }), { code: 'IO' })
    }
  })

  it('refuses appends once it is closed, but carries out those before', async () => {
    const file = await open()
    const before = [file.append(jobRecord), file.append(planRecord)]
    const closed = file.close()
    await assert.rejects(file.append(iterationRecord(0)), { code: 'IO', message: /is closed/ })
    await Promise.all([...before, closed])
    assert.equal(readJournal(await readFile(path()), crc32).records.length, 2)
  })

  it('raises the alarm at an iteration that differs, and ignores one that does not', async () => {
    const file = await open()
    for (const record of [jobRecord, planRecord, iterationRecord(0)]) await file.append(record)
    const size = (await readFile(path())).length
    await file.append(iterationRecord(0))
    await assert.rejects(file.append(iterationRecord(0, 2)), { code: 'INTERNAL' })
    assert.equal((await readFile(path())).length, size)
    await file.append(iterationRecord(1))
  })

  describe('opened after damage', () => {
    it('drops a record that was never whole', async () => {
      await write([jobRecord, planRecord, iterationRecord(0)])
      const whole = await readFile(path())
      await write([iterationRecord(1)])
      const longer = await readFile(path())
      await writeFile(path(), longer.subarray(0, longer.length - 7))
      const file = await open()
      assert.equal(file.contents.records.length, 3)
      assert.deepEqual([file.cut!.offset, file.cut!.lostBytes, file.cut!.copy],
        [whole.length, longer.length - 7 - whole.length, null])
      assert.deepEqual(await readFile(path()), whole)
      await file.append(iterationRecord(1))
      assert.deepEqual(await readFile(path()), longer)
    })

    it('copies what it cuts off beside where bytes were changed', async () => {
      await write([jobRecord, planRecord, iterationRecord(0), iterationRecord(1)])
      const bytes = await readFile(path())
      const damaged = Buffer.from(bytes)
      const offset = readJournal(bytes.subarray(0, bytes.length - 1), crc32).validBytes
      damaged[offset + 60]! ^= 1
      await writeFile(path(), damaged)
      const file = await open()
      assert.equal(file.contents.records.length, 3)
      assert.match(file.cut!.reason, /wrong checksum/)
      assert.deepEqual(await readFile(file.cut!.copy!), damaged.subarray(offset))
      await file.append(iterationRecord(1))
      assert.deepEqual(await readFile(path()), bytes)
    })

    it('begins anew where nothing is sound', async () => {
      for (const n of [0, 5, 18, 30]) {
        await write([jobRecord])
        const bytes = await readFile(path())
        await writeFile(path(), bytes.subarray(0, n))
        await write([jobRecord, planRecord])
        assert.deepEqual(readJournal(await readFile(path()), crc32).records,
          [jobRecord, planRecord])
        await rm(path())
      }
    })

    it('leaves a file alone that is no journal', async () => {
      await writeFile(path(), 'important notes')
      await assert.rejects(open(), { code: 'IO', message: /is not a journal/ })
      assert.equal(await readFile(path(), 'utf8'), 'important notes')
      assert.deepEqual(await readdir(folder), ['flights.journal'])
    })
  })

  describe('on a disk that fails', () => {
    async function begun(disk: JournalDisk, isStrict = false): Promise<JournalFile> {
      const file = await open({ disk, isStrict })
      for (const record of [jobRecord, planRecord]) await file.append(record)
      return file
    }

    it('is as before when a record does not fit, wherever the disk is full', async () => {
      for (const isStrict of [false, true]) {
        for (let room = 0; room < 300; room += 50) {
          const disk = new FaultyDisk()
          const file = await begun(disk, isStrict)
          const before = await readFile(path())
          disk.room = room
          await assert.rejects(file.append(iterationRecord(0)), (error: Error) =>
            error.message.includes(path()) && error.message.includes('the disk is full'))
          assert.deepEqual(await readFile(path()), before)
          disk.room = Infinity
          await file.append(iterationRecord(0))
          await file.append(iterationRecord(1))
          await file.close()
          assert.equal(readJournal(await readFile(path()), crc32).records.length, 4)
          await rm(path())
        }
      }
    })

    it('cuts off the rest of a failed write later when it cannot be done at once', async () => {
      const disk = new FaultyDisk()
      const file = await begun(disk)
      disk.room = 150
      disk.failsTruncate = true
      await assert.rejects(file.append(iterationRecord(0)), { code: 'IO' })
      disk.room = Infinity
      await assert.rejects(file.append(iterationRecord(0)), { code: 'IO' })
      disk.failsTruncate = false
      await file.append({ ...iterationRecord(0), trees: [] })
      await file.close()
      const { records, damage } = readJournal(await readFile(path()), crc32)
      assert.equal(records.length, 3)
      assert.equal(damage, null)
    })

    it('has no file when the first record cannot be written', async () => {
      for (const fault of [{ room: 20 }, { failsSync: true }, { failsRename: true }]) {
        const disk = Object.assign(new FaultyDisk(), fault)
        const file = await open({ disk })
        await assert.rejects(file.append(jobRecord), { code: 'IO' })
        assert.deepEqual(await readdir(folder), ['flights.journal.lock'])
        Object.assign(disk, { room: Infinity, failsSync: false, failsRename: false })
        await file.append(jobRecord)
        await file.close()
        await rm(path())
      }
    })

    it('waits for the disk when it is strict, and takes back what did not get there', async () => {
      const disk = new FaultyDisk()
      const file = await begun(disk, true)
      const { nSyncs } = disk
      const before = await readFile(path())
      disk.failsSync = true
      await assert.rejects(file.append(iterationRecord(0)), { code: 'IO' })
      assert.deepEqual(await readFile(path()), before)
      disk.failsSync = false
      await file.append(iterationRecord(0))
      assert.equal(disk.nSyncs, nSyncs + 2)
    })

    it('syncs once for many records, without letting them wait', async () => {
      const disk = new FaultyDisk()
      const file = await begun(disk)
      await file.flush()
      const { nSyncs } = disk
      let release = (): void => undefined
      disk.syncGate = new Promise((resolve) => { release = resolve })
      for (let i = 0; i < 20; i++) await file.append(iterationRecord(i))
      assert.equal(disk.nSyncs, nSyncs + 1)
      disk.syncGate = null
      release()
      await file.flush()
      assert.equal(disk.nSyncs, nSyncs + 2)
    })

    it('tells of a failed sync with the next record, and tries again', async () => {
      const disk = new FaultyDisk()
      const file = await begun(disk)
      await file.flush()
      disk.failsSync = true
      await file.append(iterationRecord(0))
      await assert.rejects(file.flush(), { code: 'IO', message: /may not be on the disk/ })
      await assert.rejects(file.append(iterationRecord(1)), { code: 'IO' })
      disk.failsSync = false
      await file.append(iterationRecord(1)).catch(() => undefined)
      await file.append(iterationRecord(1))
      await file.flush()
    })

    it('notices that somebody else writes to the file', async () => {
      const file = await begun(nodeDisk)
      await writeFile(path(), 'more', { flag: 'a' })
      await assert.rejects(file.append(iterationRecord(0)), { message: /another process writes/ })
    })
  })

  describe('lock', () => {
    const lock = (): string => join(folder, 'flights.journal.lock')
    const held = (holder: object): Promise<void> => writeFile(lock(), JSON.stringify(holder))

    it('keeps a second one out, in this process too, until the first is closed', async () => {
      const first = await open()
      await assert.rejects(open(), { code: 'IO',
        message: new RegExp(`in use by process ${process.pid} on host .*; stop that coordinator`) })
      await first.close()
      await open()
    })

    it('is taken over from a process that is gone', async () => {
      const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid']).toString())
      await held({ pid, host: hostname(), started: null, token: 'x' })
      await open()
      assert.deepEqual(await readdir(folder), ['flights.journal.lock'])
      assert.equal(JSON.parse(await readFile(lock(), 'utf8')).pid, process.pid)
    })

    it('is taken over from a process whose id another one has now', async () => {
      await held({ pid: process.pid, host: hostname(), started: 'long ago 1', token: 'x' })
      await open()
    })

    it('is respected where nothing can be known of the holder', async () => {
      await held({ pid: 1, host: 'another-host', started: null, token: 'x' })
      await assert.rejects(open(), { message: /process 1 on host another-host.*or remove .*lock/ })
      await held({ pid: process.ppid, host: hostname(), started: null, token: 'x' })
      await assert.rejects(open(), { message: /in use/ })
      await writeFile(lock(), 'not json')
      await assert.rejects(open(), { message: /a process that cannot be told/ })
    })

    it('goes to one of many that try at once', async () => {
      await held({ pid: process.pid, host: hostname(), started: 'long ago 1', token: 'x' })
      const tries = await Promise.allSettled(Array.from({ length: 12 }, () => open()))
      const got = tries.filter(({ status }) => status === 'fulfilled')
      assert.equal(got.length, 1)
    })

    it('is left alone when somebody else has it by now', async () => {
      const file = await open()
      await file.append(jobRecord)
      await held({ pid: 1, host: 'another-host', started: null, token: 'theirs' })
      await file.append(planRecord)
      await file.append(endRecord)
      await file.close()
      assert.match(await readFile(lock(), 'utf8'), /theirs/)
    })
  })
})
