import assert from 'node:assert/strict'
import { sha256, toHex } from '@coppice/model'
import { makeDataset, TestRandom } from '@coppice/testkit'
import { CoppiceError } from '../../src/errors.js'
import { engineRows, joinRows } from '../../src/execution/engine-rows.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import type { CommitRequest, EngineRows, EngineSetup } from '../../src/execution/protocol.js'
import type { Stores } from '../../src/execution/stores.js'
import { negateTree } from '../../src/linear/scale.js'
import type { TrainingJob } from '../../src/training/executor.js'
import type { IterationRecord } from '../../src/training/iteration.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'
import { copyOf, partitionRows, randomDeal, StoresExecutor, type StoreRows }
  from './stores-executor.js'
import { storesTrainings, type StoresTraining } from './stores-trainings.js'

interface Reference {
  readonly model: string
  readonly trees: IterationRecord['trees'][]
  readonly job: TrainingJob
}

async function reference({ options }: StoresTraining): Promise<Reference> {
  const { model, watched } = await trainWatched(options, new InlineExecutor())
  return {
    model: digest(model),
    trees: watched.records.map((record) => record.trees),
    job: watched.job!,
  }
}

/** Store 0 has no row at all, 1 training rows only, 2 evaluation rows only, 3 the rest. */
function dealUnevenly({ plan, train, evalSets }: TrainingJob): StoreRows[] {
  const { nOutputs } = plan.engine
  const nFeatures = train.features.length
  const none = joinRows([], nFeatures)
  const part = (data: typeof train, first: number, nRows: number): EngineRows =>
    joinRows([partitionRows(data, first, nRows, nOutputs)], nFeatures)
  const half = train.nRows >> 1
  return [
    { train: none, evalSets: evalSets.map(() => none) },
    { train: part(train, half, train.nRows - half), evalSets: evalSets.map(() => none) },
    { train: none, evalSets: evalSets.map(({ data }) => part(data, 0, 17)) },
    {
      train: part(train, 0, half),
      evalSets: evalSets.map(({ data }) => part(data, 17, data.nRows - 17)),
    },
  ]
}

/** Makes n of what is tested; the contract closes them. */
type OpenStores = (n: number) => readonly Stores[]

/** Stores of all kinds grow the trees of one process. */
export function treesContract(open: OpenStores, trainings: readonly StoresTraining[]): void {
  let pools: readonly Stores[] = []
  before(() => { pools = open(2) })
  after(() => closeAll(pools))

  for (const training of trainings) {
    describe(training.name, () => {
      let expected: Reference
      before(async () => { expected = await reference(training) })

      const same = async (executor: StoresExecutor): Promise<void> => {
        const { model, watched } = await trainWatched(training.options, executor)
        assert.deepEqual(watched.records.map((record) => record.trees), expected.trees)
        assert.equal(digest(model), expected.model)
      }

      for (const k of [1, 2, 5]) {
        it(`grows the trees of one process with ${k} stores`, async () => {
          const deal = randomDeal(k, 10 + k)
          await same(new StoresExecutor({ pools, deal, chunks: k === 2 }))
        })
      }

      it('grows them with stores that hold no rows of some sets', async () => {
        await same(new StoresExecutor({ pools, deal: dealUnevenly }))
      })

      it('grows them when stores are replaced all the time, wherever a tree is', async () => {
        const executor = new StoresExecutor({
          pools, deal: randomDeal(3, 4), replacesAt: (request) => request % 3 === 1,
        })
        await same(executor)
        assert.ok(executor.nReplaced > 5, `${executor.nReplaced} stores were replaced`)
      })

      it('takes a commit back to the last bit', async () => {
        await checkUndo(pools[0]!, expected)
      })
    })
  }
}

async function closeAll(pools: readonly Stores[]): Promise<void> {
  for (const pool of pools) await pool.close()
}

/**
 * What all Stores promise.
 *
 * @param trainings - that are done with them
 */
export function storesContract(open: OpenStores, trainings = storesTrainings): void {
  treesContract(open, trainings)

  let pools: readonly Stores[] = []
  before(() => { pools = open(1) })
  after(() => closeAll(pools))

  describe('scoreDigest', () => {
    it('hashes what scores are before any tree, of any rows and set', async () => {
      const { job } = await reference(storesTrainings[1]!)
      const pool = pools[0]!
      const rows = randomDeal(1, 3)(job)[0]!
      await pool.build(1, job.plan.engine, rows.train, rows.evalSets)
      for (const [set, { initScore, nRows }] of [rows.train, ...rows.evalSets].entries()) {
        const quantum = job.plan.engine.initScoreQuantum
        const scores = initScore!.map((score, i) =>
          job.plan.engine.baseScores[i % 3]! + roundEven(score / quantum) * quantum)
        const ranges = [[0, nRows], [0, 0], [nRows, 0], [1, 3], [nRows - 2, 2]] as const
        for (const [first, n] of ranges) {
          const bytes = new Uint8Array(scores.slice(first * 3, (first + n) * 3).buffer)
          assert.equal(await pool.scoreDigest(1, first, n, set), toHex(sha256(bytes)))
        }
        await assert.rejects(pool.scoreDigest(1, 1, nRows, set), { code: 'INTERNAL' })
      }
      await assert.rejects(pool.scoreDigest(1, 0, 1, 3), { code: 'INTERNAL' })
      await pool.drop(1)
    })
  })

  describe('build', () => {
    const { data } = makeDataset({ seed: 2, nRows: 5000, features: mixedFeatures, label: 'binary' })
    const small = async (): Promise<EngineSetup> => {
      const { watched } = await trainWatched(
        { params: { objective: 'binary', numIterations: 1, numLeaves: 3 }, train: data },
        new InlineExecutor())
      return watched.job!.plan.engine
    }

    it('refuses what does not fit, and other stores go on', async () => {
      const pool = pools[0]!
      const setup = await small()
      await pool.build(1, setup, engineRows(data), [])
      const before1 = await pool.scoreDigest(1, 0, data.nRows)
      // a table of trees of so many leaves is beyond what a thread's memory can be
      const huge = { ...setup, maxLeaves: 100_000_000 }
      await assert.rejects(pool.build(2, huge, engineRows(data), []),
        (error) => error instanceof CoppiceError && error.code === 'MEMORY')
      await assert.rejects(pool.scoreDigest(2, 0, 1), { code: 'INTERNAL' })
      assert.equal(await pool.scoreDigest(1, 0, data.nRows), before1)
      // the id is free again
      await pool.build(2, setup, engineRows(data), [])
      assert.equal(await pool.scoreDigest(2, 0, data.nRows), before1)
      await assert.rejects(pool.build(2, setup, engineRows(data), []), { code: 'INTERNAL' })
      await pool.drop(2)
      await pool.drop(2)
      await pool.drop(1)
      await assert.rejects(pool.apply(1, []), { code: 'INTERNAL' })
    })

    it('refuses rows that are in no block', async () => {
      const pool = pools[0]!
      const rows = engineRows(data)
      const holed = { ...rows, blocks: [{ ...rows.blocks[0]!, position: 2048 }] }
      await assert.rejects(pool.build(1, await small(), holed, []), { code: 'INTERNAL' })
    })

    it('spoils only the store whose request cannot be carried out', async () => {
      const pool = pools[0]!
      const setup = await small()
      await pool.build(1, setup, engineRows(data), [])
      await pool.build(2, setup, engineRows(data), [])
      const digestBefore = await pool.scoreDigest(2, 0, data.nRows)
      const tree = { feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [1] }
      const unknown: CommitRequest = { kind: 'commit', output: 0, tree, leafNodes: [77] }
      await assert.rejects(pool.carryOut(1, unknown), { code: 'INTERNAL', message: /node 77/ })
      await assert.rejects(pool.apply(1, [unknown]), { code: 'INTERNAL', message: /node 77/ })
      const totals = { gradient: 0n, hessian: 0n, count: 1 }
      const mask = new Uint8Array(mixedFeatures.length)
      const round = { kind: 'round' as const, released: [], expansions: [{
        parent: 5, left: 6, right: 7, feature: 0, leftBins: new Uint8Array(32),
        leftTotals: totals, rightTotals: totals, leftMask: mask, rightMask: mask,
      }] }
      await assert.rejects(pool.carryOut(1, round), { code: 'INTERNAL', message: /node 5/ })
      await pool.drop(1)
      assert.equal(await pool.scoreDigest(2, 0, data.nRows), digestBefore)
      await pool.drop(2)
    })
  })

  it('rejects all calls once it is closed', async () => {
    const [pool] = open(1)
    await pool!.close()
    await pool!.close()
    const { job } = await reference(storesTrainings[0]!)
    const [rows] = randomDeal(1, 1)(job)
    await assert.rejects(pool!.build(1, job.plan.engine, rows!.train, []), { code: 'ABORTED' })
  })
}

/** A tree added and taken back leaves no trace, and so does one of other data. */
async function checkUndo(pool: Stores, { job, trees }: Reference): Promise<void> {
  const rows = randomDeal(1, 3)(job)[0]!
  await pool.build(1, job.plan.engine, rows.train, rows.evalSets)
  const sizes = [rows.train, ...rows.evalSets].map(({ nRows }) => nRows)
  const digests = async (): Promise<string[]> => {
    const all: string[] = []
    for (const [set, n] of sizes.entries()) all.push(await pool.scoreDigest(1, 0, n, set))
    return all
  }
  const random = new TestRandom(1)
  const history: { commits: CommitRequest[], digests: string[] }[] = []
  for (const iteration of trees) {
    const commits = iteration.map((tree, output) => commitOf(output, tree.binned.leafValue, tree))
    history.push({ commits, digests: await digests() })
    await pool.apply(1, commits)
  }
  assert.equal(new Set(history.map((each) => each.digests.join())).size, trees.length)
  for (const { commits, digests: expected } of history.reverse()) {
    assert.notDeepEqual(await digests(), expected)
    const undone = commits.map((commit) => ({ ...commit, tree: negateTree(commit.tree) }))
    // in any order
    if (random.below(2) === 0) undone.reverse()
    for (const commit of undone) {
      assert.deepEqual(copyOf(await pool.carryOut(1, commit)), { kind: 'none' })
    }
    assert.deepEqual(await digests(), expected)
  }
  await pool.drop(1)
}

function commitOf(
  output: number, leafValue: readonly number[], { binned }: IterationRecord['trees'][number],
): CommitRequest {
  return { kind: 'commit', output, tree: { ...binned, leafValue }, leafNodes: null }
}

function roundEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : floor + 1
}
