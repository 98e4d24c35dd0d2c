import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Booster, Dataset, train } from '../../src/index.js'

interface Case {
  readonly objective: string
  readonly decayRate: number
  readonly model: string
  readonly X: readonly (readonly number[])[]
  readonly y: readonly number[]
  readonly weight: readonly number[] | null
  readonly initScore: readonly number[] | null
  readonly group?: readonly number[] | null
  readonly raw: readonly number[]
}

const cases = JSON.parse(readFileSync(path.resolve(
  import.meta.dirname, '../../../test/refit/lightgbm-refit.json'), 'utf8')) as readonly Case[]

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, most: number): void {
  assert.equal(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= most * Math.max(1, Math.abs(expected[i]!)),
      `${i}: ${actual[i]} is not ${expected[i]}`)
  }
}

/** The same rows in another order. */
function reversed<T>(values: readonly T[] | null): T[] | undefined {
  return values === null ? undefined : [...values].reverse()
}

describe('Booster.refit', () => {
  for (const [i, each] of cases.entries()) {
    const { objective, decayRate, model, X, y, weight, initScore, group, raw } = each
    const options = { decayRate, sampleWeight: weight ?? undefined,
      initScore: initScore ?? undefined, group: group ?? undefined }

    it(`has LightGBM's numbers: ${i}, ${objective}, decay ${decayRate}`, async () => {
      const booster = Booster.parse(model)
      const before = booster.toString()
      const refitted = await booster.refit(X, y, options)
      // LightGBM's gradients are of single precision, and of rankings from a table
      assertClose(await refitted.predict(X, { type: 'raw' }), raw, group == null ? 2e-6 : 2e-5)
      assert.equal(booster.toString(), before)
      assert.deepEqual(await refitted.predict(X, { type: 'leaf' }),
        await booster.predict(X, { type: 'leaf' }))
    })

    // rows of a query with equal scores are ranked in their order
    if (group != null) continue
    it(`does not depend on the order of rows: ${i}, ${objective}`, async () => {
      const there = await Booster.parse(model).refit(X, y, options)
      const back = await Booster.parse(model).refit([...X].reverse(), [...y].reverse(), {
        decayRate, sampleWeight: reversed(weight), initScore: reversed(initScore) })
      assert.equal(back.toString(), there.toString())
    })
  }

  describe('of a model that was trained here', () => {
    const { X, y, weight } = cases[1]!
    const labels = y.map((value) => value > 5 ? 'much' : 'little')
    const params =
      { objective: 'binary', numLeaves: 4, minDataInLeaf: 5, numIterations: 6 } as const
    const trained = (): Promise<Booster> => train(params, Dataset.from(X, labels))

    it('is that of the same model as LightGBM has it', async () => {
      const booster = await train({ ...params, objective: 'regression', lambdaL2: 0.3 },
        Dataset.from(X, y))
      const options = { decayRate: 0.6, sampleWeight: weight! }
      const here = await booster.refit(X.map((row) => row.map((x) => x * 2)), y, options)
      const { formatLightGBM } = await import('@coppice/model')
      const text = Booster.parse(formatLightGBM(booster.model))
      const there = await text.refit(X.map((row) => row.map((x) => x * 2)), y, options)
      assertClose(await here.predict(X, { type: 'raw' }), await there.predict(X, { type: 'raw' }),
        1e-12)
    })

    it('keeps classes, takes a Dataset, and is a model that can be saved and read', async () => {
      const booster = await trained()
      const refitted = await booster.refit(Dataset.from(X, labels))
      assert.deepEqual(refitted.classes, ['little', 'much'])
      assert.equal(Booster.parse(refitted.toString()).toString(), refitted.toString())
      assert.notEqual(refitted.model.chainHash, booster.model.chainHash)
      assert.equal((await booster.refit(X, labels)).toString(), refitted.toString())
    })

    it('with all of the old values is the old one', async () => {
      const booster = await trained()
      const refitted = await booster.refit(X, labels, { decayRate: 1 })
      assert.deepEqual(refitted.model.trees, booster.model.trees)
    })

    it('lets parameters go before the model', async () => {
      const booster = await trained()
      const plain = await booster.refit(X, labels, { decayRate: 0 })
      const damped = await booster.refit(X, labels, { decayRate: 0, params: { reg_lambda: 1e6 } })
      const size = ({ model }: Booster): number =>
        Math.max(...model.trees.flatMap((tree) => tree.leafValue.map(Math.abs)))
      assert.ok(size(damped) < 1e-3 && size(plain) > 0.01)
    })

    it('goes up to the best iteration', async () => {
      const booster = await train({ ...params, earlyStoppingRound: 2, numIterations: 50 },
        Dataset.from(X, labels), { evalSets: [Dataset.from(X.map((row) => row.map((x) => -x)),
          labels)] })
      const best = booster.bestIteration!
      assert.ok(best < booster.nIterations)
      const refitted = await booster.refit(X, labels)
      assert.equal(refitted.nIterations, best)
      assert.deepEqual([refitted.bestIteration, refitted.evalResult], [null, {}])
    })

    it('refuses what cannot be done, naming it', async () => {
      const booster = await trained()
      const refused = (message: RegExp, work: Promise<unknown>) => assert.rejects(work, message)
      await refused(/decayRate .* from 0 to 1, got 2/, booster.refit(X, labels, { decayRate: 2 }))
      await refused(/from 0 to 1, got "0.5"/,
        booster.refit(X, labels, { decayRate: '0.5' as unknown as number }))
      await refused(/have num_leaves, which changes nothing/,
        booster.refit(X, labels, { params: { num_leaves: 3 } }))
      await refused(/no option "decay"/, booster.refit(X, labels, { decay: 1 } as object))
      await refused(/objective = regression is not that of the model/,
        booster.refit(X, labels, { params: { objective: 'regression' } }))
      await refused(/a class of the model \(little, much\)/,
        booster.refit(X, labels.map(() => 'none')))
      await refused(/init scores.*initScore/,
        booster.refit(Dataset.from({ a: [1], s: [0] }, [1], { initScore: 's' })))
      await refused(/pass it alone/, booster.refit(Dataset.from(X, labels), labels))
      await refused(/no label/, booster.refit(X))
      const dart = await train({ ...params, boosting: 'dart' }, Dataset.from(X, labels))
      await refused(/boosting = dart, .* cannot be refit/, dart.refit(X, labels))
      const { model } = cases.find((each) => each.model.includes('average_output'))!
      const forest = Booster.parse(model)
      await refused(/random forest .* no init scores/, forest.refit(X, y, { initScore: y }))
    })
  })
})
