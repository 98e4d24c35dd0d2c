/** Refits that LightGBM does not have, or not right, beside the same in plain doubles. */
import assert from 'node:assert/strict'
import { Booster, Dataset, train } from '../../src/index.js'

const nRows = 90
/** Seeded numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
    return state / 0x7fff_ffff
  }
}

const next = numbers(7)
const X = Array.from({ length: nRows }, () => [next() * 4 - 2, next() * 4 - 2])
const other = Array.from({ length: nRows }, () => [next() * 4 - 1.5, next() * 4 - 1.5])
const small = { numLeaves: 3, minDataInLeaf: 15, numIterations: 3, learningRate: 0.3 } as const
const score = (row: readonly number[]): number => row[0]! * 2 + row[1]!

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= 1e-6 * Math.max(1, Math.abs(expected[i]!)),
      `${i}: ${actual[i]} is not ${expected[i]}`)
  }
}

/** New leaf values by derivatives of a row: [gradient, hessian] by output. */
async function naive(
  booster: Booster, rows: readonly (readonly number[])[], decay: number,
  derive: (row: number, scores: readonly number[]) => readonly (readonly [number, number])[],
): Promise<number[][]> {
  const { model } = booster
  const leaves = await booster.predict(rows, { type: 'leaf' })
  const k = model.treesPerIteration
  const scores = rows.map(() => model.baseScores.map(() => 0))
  let derivatives: (readonly (readonly [number, number])[])[] = []
  return model.trees.map((tree, t) => {
    if (t % k === 0) derivatives = rows.map((_, r) => derive(r, scores[r]!))
    const base = model.baseScores[t % k]!
    const factor = t < k && base !== 0 ? 1 : 0.3
    const values = tree.leafValue.map((old, leaf) => {
      let [g, h] = [0, 0]
      derivatives.forEach((own, r) => {
        if (leaves[r * model.trees.length + t] !== leaf) return
        g += own[t % k]![0]
        h += own[t % k]![1]
      })
      return decay * old + (1 - decay) * factor * (h > 0 ? -g / h : 0)
    })
    scores.forEach((own, r) => {
      own[t % k]! += values[leaves[r * model.trees.length + t]!]! + (t < k ? decay * base : 0)
    })
    return values
  })
}

async function assertNaive(
  booster: Booster, labels: Parameters<typeof Booster.prototype.refit>[1],
  derive: Parameters<typeof naive>[3],
): Promise<void> {
  const refitted = await booster.refit(other, labels, { decayRate: 0.4 })
  const expected = await naive(booster, other, 0.4, derive)
  assertClose(refitted.model.trees.flatMap(({ leafValue }) => leafValue), expected.flat())
  assert.equal(Booster.parse(refitted.toString()).toString(), refitted.toString())
  const same = await booster.refit(other, labels, { decayRate: 1 })
  assert.deepEqual(same.model.trees, booster.model.trees)
}

describe('Booster.refit beyond LightGBM', () => {
  it('follows several numbers', async () => {
    const labelsOf = (rows: readonly (readonly number[])[]) =>
      rows.map((row) => [score(row), row[0]! * row[1]!] as const)
    const booster = await train({ ...small, objective: 'multi_regression' },
      Dataset.from(X, labelsOf(X)))
    const labels = labelsOf(other)
    await assertNaive(booster, labels, (r, scores) =>
      scores.map((own, k) => [own - labels[r]![k]!, 1]))
  })

  it('follows several labels that are 0 or 1', async () => {
    const labelsOf = (rows: readonly (readonly number[])[]) =>
      rows.map((row) => [score(row) > 0 ? 1 : 0, row[1]! > row[0]! ? 1 : 0] as const)
    const booster = await train({ ...small, objective: 'multi_label' },
      Dataset.from(X, labelsOf(X)))
    const labels = labelsOf(other)
    await assertNaive(booster, labels, (r, scores) => scores.map((own, k) => {
      const p = 1 / (1 + Math.exp(-own))
      return [p - labels[r]![k]!, p * (1 - p)]
    }))
  })

  it('follows several quantiles, a step at a time', async () => {
    const quantiles = [0.2, 0.7]
    const booster = await train({ ...small, objective: 'multi_quantile', quantiles },
      Dataset.from(X, X.map(score)))
    const labels = other.map(score)
    await assertNaive(booster, labels, (r, scores) => scores.map((own, k) =>
      [own < labels[r]! ? -quantiles[k]! : 1 - quantiles[k]!, 1]))
  })

  it('follows bounds of times', async () => {
    const boundsOf = (rows: readonly (readonly number[])[]) => rows.map((row, r) => {
      const time = Math.exp(score(row) / 2)
      return [time, r % 3 === 0 ? Infinity : time] as const
    })
    const booster = await train(
      { ...small, objective: 'aft', aftLossDistribution: 'logistic', aftLossDistributionScale: 1 },
      Dataset.from(X, boundsOf(X)))
    const bounds = boundsOf(other)
    await assertNaive(booster, bounds, (r, [own]) => {
      const z = Math.log(bounds[r]![0]) - own!
      const w = 1 / (1 + Math.exp(-z))
      // of a time, and of one that is at least so long
      return [bounds[r]![1] === Infinity ? [-w, w * (1 - w)] : [1 - 2 * w, 2 * w * (1 - w)]]
    })
  })

  it('follows queries by draws that depend on rows alone', async () => {
    const labels = other.map((row) => Math.max(0, Math.min(3, Math.round(score(row)))))
    const group = [20, 30, 25, 15]
    const booster = await train({ ...small, minDataInLeaf: 5, objective: 'rank_xendcg' },
      Dataset.from(other, labels, { group }))
    const first = await booster.refit(other, labels, { group, decayRate: 0 })
    assert.equal(first.toString(),
      (await booster.refit(Dataset.from(other, labels, { group }), undefined, { decayRate: 0 }))
        .toString())
    // the rows and scores are those of the training, and so are the draws
    assertClose(first.model.trees[0]!.leafValue, booster.model.trees[0]!.leafValue)
    await assert.rejects(booster.refit(other, labels), /no queries/)
  })

  it('fits functions to the rows that have all of their values', async () => {
    const booster = await train({ ...small, objective: 'regression', linearTree: true,
      linearLambda: 0.5 }, Dataset.from(X, X.map(score)))
    const rows = other.map((row, r) => r % 5 === 0 ? [row[0]!, NaN] : row)
    const labels = rows.map((_, r) => score(other[r]!) + 1)
    const refitted = await booster.refit(rows, labels, { decayRate: 0 })
    const [base] = refitted.model.baseScores
    assert.equal(base, 0)
    const leaves = await booster.predict(rows, { type: 'leaf' })
    const scores = rows.map(() => 0)
    refitted.model.trees.forEach((tree, t) => {
      const residuals = labels.map((y, r) => y - scores[r]!)
      const factor = t === 0 ? 1 : 0.3
      tree.leafValue.forEach((_, leaf) => {
        const features = tree.linear?.features[leaf] ?? []
        if (tree.linear === undefined) return
        const fitted = [...rows.keys()].filter((r) => leaves[r * 3 + t] === leaf &&
          features.every((f) => !Number.isNaN(rows[r]![f])))
        assert.ok(fitted.length > features.length + 1)
        // at the minimum all derivatives vanish
        for (const f of [...features, null]) {
          const i = f === null ? -1 : features.indexOf(f)
          const derivative = fitted.reduce((sum, r) => {
            const value = tree.linear!.constant[leaf]! / factor + features.reduce((own, g, j) =>
              own + tree.linear!.coefficients[leaf]![j]! / factor * rows[r]![g]!, 0)
            return sum + (value - residuals[r]!) * (f === null ? 1 : rows[r]![f]!)
          }, i < 0 ? 0 : 0.5 * tree.linear!.coefficients[leaf]![i]! / factor)
          assert.ok(Math.abs(derivative) < 1e-5, `tree ${t}, leaf ${leaf}: ${derivative}`)
        }
      })
      rows.forEach((row, r) => {
        const leaf = leaves[r * 3 + t]!
        const own = tree.linear === undefined ? NaN
          : tree.linear.features[leaf]!.reduce((sum, f, j) =>
            sum + tree.linear!.coefficients[leaf]![j]! * row[f]!, tree.linear.constant[leaf]!)
        scores[r]! += Number.isNaN(own) ? tree.leafValue[leaf]! : own
      })
    })
    assertClose(await refitted.predict(rows, { type: 'raw' }), scores)
    const same = await booster.refit(rows, labels, { decayRate: 1 })
    assert.deepEqual(same.model.trees, booster.model.trees)
  })

  it('keeps linear leaves without rows, by their share', async () => {
    const booster = await train({ ...small, objective: 'regression', linearTree: true },
      Dataset.from(X, X.map(score)))
    const one = other.slice(0, 1)
    const refitted = await booster.refit(one, [1], { decayRate: 0.5 })
    const leaves = await booster.predict(one, { type: 'leaf' })
    booster.model.trees.forEach((tree, t) => tree.linear?.constant.forEach((old, leaf) => {
      if (leaves[t] === leaf) return
      const { linear } = refitted.model.trees[t]!
      assert.equal(linear!.constant[leaf], 0.5 * old)
      assert.deepEqual(linear!.coefficients[leaf],
        tree.linear!.coefficients[leaf]!.map((value) => 0.5 * value))
    }))
  })

  it('takes the learning rate of each iteration', async () => {
    const params = { ...small, objective: 'regression', boostFromAverage: false,
      learningRateSchedule: [0.5, 0.1, 0.2] } as const
    const booster = await train(params, Dataset.from(X, X.map(score)))
    const refitted = await booster.refit(X, X.map(score), { decayRate: 0 })
    refitted.model.trees.forEach((tree, t) => {
      assertClose(tree.leafValue, booster.model.trees[t]!.leafValue)
    })
  })

  it('gives means of rows in a forest of squared errors', async () => {
    const params = { ...small, objective: 'regression', boosting: 'rf', baggingFraction: 0.6,
      baggingFreq: 1, learningRate: 0.1 } as const
    const booster = await train(params, Dataset.from(X, X.map(score)))
    const labels = other.map(score)
    const refitted = await booster.refit(other, labels, { decayRate: 0 })
    const leaves = await booster.predict(other, { type: 'leaf' })
    refitted.model.trees.forEach(({ leafValue }, t) => leafValue.forEach((value, leaf) => {
      const own = labels.filter((_, r) => leaves[r * 3 + t] === leaf)
      assertClose([value], [own.reduce((sum, y) => sum + y, 0) / own.length])
    }))
  })
})
