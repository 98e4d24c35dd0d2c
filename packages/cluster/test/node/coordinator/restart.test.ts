import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { EngineRequest } from '@coppice/engine'
import { readJournal } from '../../../src/journal/reader.js'
import { StarReducer } from '../../../src/reduce/index.js'
import { dataSpec, digestOf, makeData, orderOf, trainHere } from './local-training.js'
import { TestCluster } from './test-cluster.js'

describe('a coordinator that is lost in the middle of a tree', function () {
  this.timeout(30_000)

  it('goes on with one worker that knows more than the journal', async () => {
    const data = makeData(31, 'number', { train: { nRows: 400, nPartitions: 3 } })
    const journalDir = mkdtempSync(join(tmpdir(), 'coppice-journals-'))
    const path = join(journalDir, 'cut.journal')
    /** The journal after each iteration, and whether to end the coordinator at the next round. */
    const journals: Buffer[] = []
    const losses = new Map([[3, 1], [6, 2]])
    /** Iterations that were left in it: it may be ahead of what the client was told. */
    const kept: number[] = []
    let lose: (() => void) | null = null
    class Interrupted extends StarReducer {
      override begin(request: EngineRequest): number {
        if (request.kind === 'round') {
          lose?.()
          lose = null
        }
        return super.begin(request)
      }
    }
    const cluster = await TestCluster.start(1, {
      journalDir, minWorkers: 1, lastCallMs: 1000,
      internal: { makeReducer: (setup) => new Interrupted(setup) },
    })
    try {
      const order = orderOf({ objective: 'regression', numIterations: 40, numLeaves: 12 },
        dataSpec(data.path('train')))
      const client = await cluster.client()
      const restarts: Promise<void>[] = []
      const result = await client.train(order, { onCommitted: ({ iteration }) => {
        journals[iteration] = readFileSync(path)
        const nLost = losses.get(iteration)
        if (nLost === undefined) return 'go'
        lose = () => setImmediate(() => restarts.push((async () => {
          await cluster.stopCoordinator()
          // the last records had not reached the disk
          const left = journals[iteration - nLost]!
          writeFileSync(path, left)
          kept.push(readJournal(left, crc32).records
            .filter(({ kind }) => kind === 'iteration').length)
          await cluster.startCoordinator()
        })()))
        return 'go'
      } }, 'cut')
      await Promise.all(restarts)
      assert.equal(restarts.length, losses.size)
      assert.equal(digestOf(result.model), digestOf((await trainHere(order)).model))
      const goesOn = cluster.notices.filter((line) => line.startsWith('job cut goes on after'))
      assert.deepEqual(goesOn,
        kept.map((n) => `job cut goes on after ${n} iterations`))
    } finally {
      await cluster.stop()
      data.remove()
      rmSync(journalDir, { recursive: true, force: true })
    }
  })
})
