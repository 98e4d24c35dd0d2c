import assert from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { ThreadPool } from '@coppice/data/node'
import { bytesOfRows, mergeSummaries, summarizeRows } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { PartitionCache, PartitionFailure } from '../../../src/node/worker-partitions.js'
import type { WorkerFiles } from '../../../src/node/worker-files.js'
import type { Job } from '../../../src/protocol/messages.js'
import { makeFiles } from './made-files.js'
import { plainFiles, surveyedJob } from './surveyed-files.js'

describe('PartitionCache', function () {
  this.timeout(60_000)
  const made = makeFiles(9, 1200, 4)
  const threads = new ThreadPool(1)
  let job: Job
  let files: WorkerFiles
  let cache: PartitionCache

  before(async () => {
    job = await surveyedJob(made, threads)
    files = await plainFiles()
  })
  beforeEach(() => {
    cache = new PartitionCache(job, threads, files)
  })
  afterEach(() => cache.close())
  after(async () => {
    await threads.close()
    made.remove()
  })

  /** Runs with a partition's file out of the way. */
  async function without(partition: number, run: () => Promise<void>): Promise<void> {
    const { uri } = job.sources.flat()[partition]!
    renameSync(uri, `${uri}.away`)
    try {
      await run()
    } finally {
      renameSync(`${uri}.away`, uri)
    }
  }

  const failsAt = (partition: number) => (error: unknown): boolean =>
    error instanceof PartitionFailure && error.partition === partition &&
    error.cause instanceof CoppiceError && error.cause.code === 'IO'

  it('numbers partitions over all data sets', async () => {
    const held = await cache.hold(1, [5, 0, 2, 4])
    assert.deepEqual(held.map(({ partition, dataset }) => [partition, dataset]),
      [[0, 0], [2, 0], [4, 1], [5, 1]])
    const [train, valid] = job.recipes
    assert.deepEqual(held.map(({ rows }) => [rows.firstRow, rows.nRows]), [
      ...[0, 2].map((p) => [train!.partitions[p]!.firstRow, train!.partitions[p]!.plan.nRows]),
      ...[0, 1].map((p) => [valid!.partitions[p]!.firstRow, valid!.partitions[p]!.plan.nRows]),
    ])
  })

  it('tells hash and summary of each', async () => {
    const held = await cache.hold(1, [0, 1, 2, 3])
    for (const { partition, rows, info } of held) {
      assert.deepEqual(info, {
        partition, nRows: rows.nRows, hash: rows.hash,
        summary: summarizeRows({ ...rows, firstRow: 0 }, job.shape, ''),
      })
    }
    const { nRows } = mergeSummaries(held.map(({ info }) => info.summary))
    assert.equal(nRows, job.recipes[0]!.nRows)
  })

  it('reads a partition once, for as long as some store uses it', async () => {
    const [first, second] = await cache.hold(1, [1, 2])
    await without(2, async () => {
      const [again] = await cache.hold(7, [2])
      assert.equal(again, second)
      cache.release(1)
      assert.equal((await cache.hold(8, [2]))[0], second)
      cache.release(7)
      cache.release(8)
      await assert.rejects(cache.hold(9, [2]), failsAt(2))
    })
    const [anew] = await cache.hold(10, [1])
    assert.notEqual(anew, first)
    assert.equal(anew!.info.hash, first!.info.hash)
  })

  it('lets go of what only open stores use, where that is more than is kept', async () => {
    const own = await cache.hold(1, [1, 2])
    const nBytes = own.reduce((sum, { rows }) => sum + bytesOfRows(rows), 0)
    assert.equal(cache.opened(1), 0, 'any number is kept')
    assert.equal((await cache.hold(2, [1]))[0], own[0])
    const small = new PartitionCache(job, threads, files, nBytes)
    try {
      const held = await small.hold(1, [1, 2])
      assert.equal(small.opened(1), 0, 'as many are kept')
      await small.hold(2, [0, 2])
      // what it uses is needed until it is open
      assert.equal((await small.hold(3, [2]))[0], held[1])
      assert.equal(small.opened(3), 0)
      assert.ok(small.opened(2) > nBytes)
      const [anew] = await small.hold(4, [2])
      assert.notEqual(anew, held[1])
      assert.equal(anew!.info.hash, held[1]!.info.hash)
      for (const store of [1, 2, 3]) small.release(store)
      assert.equal((await small.hold(5, [2]))[0], anew)
    } finally {
      await small.close()
    }
  })

  it('loads at once what two stores want at once', async () => {
    const [a, b] = await Promise.all([cache.hold(1, [0, 3]), cache.hold(2, [3, 4])])
    assert.equal(a[1], b[0])
  })

  it('names the partition that is to blame among those read together', async () => {
    for (const partition of [1, 3, 4]) {
      await without(partition, async () => {
        await assert.rejects(cache.hold(1, [0, 1, 2, 3, 4, 5]), failsAt(partition))
        cache.release(1)
      })
    }
    assert.equal((await cache.hold(1, [0, 1, 2, 3, 4, 5])).length, 6)
  })

  it('refuses all when any file of the job is not the one that was planned', async () => {
    for (const partition of [3, 5]) {
      const { uri } = job.sources.flat()[partition]!
      const bytes = readFileSync(uri)
      writeFileSync(uri, bytes.subarray(0, bytes.lastIndexOf('\n', -2) + 1))
      const other = new PartitionCache(job, threads, files)
      try {
        await assert.rejects(other.hold(1, [0, 2]), (error) => {
          assert.ok(error instanceof PartitionFailure && error.cause instanceof CoppiceError)
          assert.equal(error.partition, partition)
          assert.equal(error.cause.code, 'DATA')
          assert.match(error.cause.message, new RegExp(`^${uri} has \\d+ bytes on worker w1, ` +
            `but had ${bytes.length} where the data were planned: other workers see another file`))
          return true
        })
      } finally {
        writeFileSync(uri, bytes)
        await other.close()
      }
    }
    // whoever has one that is not there may hold others all the same
    await without(3, async () => assert.equal((await cache.hold(1, [0, 2])).length, 2))
  })

  it('gives up loading what nobody wants any more', async () => {
    const held = cache.hold(1, [0, 1])
    cache.release(1)
    await assert.rejects(held, (error) => error instanceof PartitionFailure &&
      error.cause instanceof CoppiceError && error.cause.code === 'ABORTED')
    assert.equal((await cache.hold(1, [0, 1])).length, 2)
  })
})
