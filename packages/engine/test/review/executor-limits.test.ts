import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { resolveParams } from '../../src/params/index.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { localTraits } from '../../src/training/executor-traits.js'
import { makePlan, targetShape } from '../../src/training/make-plan.js'
import { summarizeRows } from '../../src/training/summary.js'
import { train } from '../../src/training/train.js'

describe('InlineExecutor.close', () => {
  it('may be called while a training runs, which then ends as on threads', async () => {
    const { data } = makeDataset({
      seed: 4, nRows: 300, label: 'regression', features: [{ kind: 'numeric', bins: 9 }],
    })
    const executor = new InlineExecutor()
    const { stoppedBy, model } = await train({
      params: { numIterations: 1000 }, train: data,
      onEvent: ({ kind }) => { if (kind === 'iteration') void executor.close() },
    }, executor)
    assert.equal(stoppedBy, 'aborted')
    assert.equal(model.trees.length, 1)
    await assert.rejects(executor.iterate(1, false), { code: 'ABORTED' })
  })
})

describe('speculation', () => {
  const { data } = makeDataset({
    seed: 4, nRows: 200, label: 'regression',
    features: Array.from({ length: 600 }, () => ({ kind: 'numeric' as const, bins: 250 })),
  })

  it('never asks for more than a tree can use or the exchange should hold', () => {
    const resolved = resolveParams({})
    const trainingData = { ...data, summary: summarizeRows(data, targetShape(resolved), '') }
    const evaluation = { evaluatesTraining: false, evaluates: false }
    const expansions = (params: Readonly<Record<string, unknown>>, nThreads: number): number =>
      makePlan(resolveParams(params), trainingData, localTraits(nThreads), evaluation)
        .plan.growth.maxExpansions
    assert.equal(expansions({ speculation: 1024 }, 1), 30)
    assert.equal(expansions({ speculation: 1024, numLeaves: 2 }, 8), 1)
    assert.equal(expansions({ speculation: 16, numLeaves: 1000 }, 1), 16)
    // 150,000 cells of 20 bytes from each of 8 threads: 24 MB an expansion, of 256 MiB
    assert.equal(expansions({ speculation: 1024, numLeaves: 1000 }, 8), 11)
    assert.equal(expansions({ numLeaves: 1000 }, 8), 8)
  })

  it('of the highest degree works with wide data on threads', async () => {
    const params = { numIterations: 1, numLeaves: 8, speculation: 1024 }
    const inline = await train({ params, train: data }, new InlineExecutor())
    const threads = await train({ params, train: data }, new ThreadExecutor(2))
    assert.equal(threads.model.chainHash, inline.model.chainHash)
  })
})
