import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { CoppiceError } from '../../src/errors.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { type EarlyStop, mayStopEarly } from '../../src/predict/early-stop.js'
import type { Row } from '../../src/predict/input.js'
import { createPredictor, Predictor } from '../../src/predict/predictor.js'
import { type ReferenceCell, referenceRaw } from '../../src/predict/reference.js'
import type { Model, Objective } from '../../src/types.js'
import { randomModel, randomRows, withChain } from '../support/random-model.js'

/** What make_early_stop.py wrote; `nOther`: scores that are others than those of all trees. */
interface Golden extends EarlyStop {
  readonly name: string
  readonly nOther: number
  readonly raw: readonly number[]
}

const goldens = JSON.parse(readFileSync(
  new URL('../../../test/predict/early-stop.json', import.meta.url), 'utf8')) as Golden[]

function load(name: string): { model: Model, rows: ReferenceCell[][] } {
  const read = (file: string): string => readFileSync(
    new URL(`../../../test/lightgbm/golden/${file}`, import.meta.url), 'utf8')
  const { rows } = JSON.parse(read(`${name}.json`)) as { rows: ReferenceCell[][] }
  return { model: parseLightGBM(read(`${name}.txt`)), rows }
}

/** Every way to predict, with the same result. */
function scoresOf(model: Model, rows: readonly ReferenceCell[][], earlyStop: EarlyStop,
  iterations?: readonly [number, number]): Float64Array {
  const options = { earlyStop, ...(iterations === undefined ? {} : { iterations }) }
  const predictor = createPredictor(model, options)
  const scores = predictor.predictRaw(rows)
  assert.deepEqual(new Predictor(model, options, null).predictRaw(rows), scores)
  assert.deepEqual(predictor.predictEncoded(predictor.encode(rows)), scores)
  assert.deepEqual(predictor.predictPacked(predictor.packer(rows).pack(0, rows.length)), scores)
  rows.forEach((row, r) => {
    const own = scores.slice(r * model.treesPerIteration, (r + 1) * model.treesPerIteration)
    assert.deepEqual(predictor.predictRow(row as Row, 'raw'), own)
  })
  return scores
}

/** The rule, iteration by iteration. */
function reference(
  model: Model, row: readonly ReferenceCell[], { freq, margin }: EarlyStop,
  [start, end]: readonly [number, number],
): number[] {
  let scores = referenceRaw(model, row, [start, start])
  for (let i = start; i < end; i++) {
    const more = referenceRaw({ ...model, baseScores: scores }, row, [i, i + 1])
    scores = more
    if ((i + 1 - start) % freq > 0) continue
    const [first, second] = [...scores].sort((a, b) => b - a)
    if (second === undefined ? 2 * Math.abs(first!) > margin : first! - second > margin) break
  }
  return scores
}

const objectives: readonly Objective[] = [
  { name: 'binary', sigmoid: 1 }, { name: 'multiclass', numClass: 3 }, { name: 'lambdarank' },
  { name: 'multiclassova', numClass: 5, sigmoid: 2 }, { name: 'rank_xendcg' },
]

/** Some leaves become linear functions of the features. */
function withLinearLeaves(model: Model): Model {
  const numeric = [...model.features.keys()].filter((f) => model.features[f]!.kind === 'numeric')
  const { chainHash: _other, ...rest } = model
  return withChain({
    ...rest, formatVersion: 2, parameters: { ...model.parameters, linear_tree: true },
    trees: model.trees.map((tree, t) => t % 3 === 2 ? tree : {
      ...tree,
      linear: {
        constant: tree.leafValue.map((value) => value / 2),
        features: tree.leafValue.map((_, leaf) => numeric.slice(0, leaf % 3)),
        coefficients: tree.leafValue.map((_, leaf) =>
          numeric.slice(0, leaf % 3).map((f) => (f + 1) / 8)),
      },
    }),
  })
}

describe('predictions that stop early', () => {
  for (const { name, freq, margin, nOther, raw } of goldens) {
    it(`has LightGBM's scores: ${name}, every ${freq}, margin ${margin}`, () => {
      const { model, rows } = load(name)
      if (!mayStopEarly(model.objective)) {
        // there LightGBM uses all trees
        assert.equal(nOther, 0)
        assert.throws(() => createPredictor(model, { earlyStop: { freq, margin } }),
          /pred_early_stop cannot be used/)
        return
      }
      assert.ok(nOther > 0)
      assert.deepEqual([...scoresOf(model, rows.slice(0, 40), { freq, margin })], raw)
    })
  }

  it('follow the rule for any model, range of iterations and number of rows', () => {
    for (let seed = 0; seed < 28; seed++) {
      const objective = objectives[seed % objectives.length]!
      const plain = randomModel(seed, { objective, nIterations: 9, maxLeaves: 12 })
      const model = seed % 4 === 3 ? withLinearLeaves(plain) : plain
      const stop = { freq: 1 + seed % 4, margin: [0.2, 0.6, 1, 0, Infinity][seed % 7] ?? 0.4 }
      const rows = randomRows(seed, model, seed % 2 === 0 ? 20 : 150)
      const range = seed % 3 === 0 ? [2, 8] as const : [0, 9] as const
      const expected = rows.flatMap((row) => reference(model, row, stop, range))
      assert.deepEqual([...scoresOf(model, rows, stop, range)], expected, `seed ${seed}`)
    }
  })

  it('leave leaves and contributions as they are', () => {
    const model = randomModel(4, { objective: objectives[0]!, nIterations: 6, plain: true })
    const rows = randomRows(4, model, 5)
    const stopping = createPredictor(model, { earlyStop: { freq: 1, margin: 0 } })
    assert.deepEqual(stopping.predictLeaves(rows), createPredictor(model).predictLeaves(rows))
  })

  it('are refused for numbers, forests and parameters that are not legal', () => {
    const at = (objective: Objective, stop: EarlyStop) => () =>
      createPredictor(randomModel(1, { objective }), { earlyStop: stop })
    const ok = { freq: 10, margin: 10 }
    const isRefusal = (pattern: RegExp) => (error: unknown): boolean =>
      error instanceof CoppiceError && error.code === 'PARAMETER' && pattern.test(error.message)
    assert.throws(at({ name: 'poisson', maxDeltaStep: 0.7 }, ok), isRefusal(/poisson/))
    const forest = load('rf-binary').model
    assert.throws(() => createPredictor(forest, { earlyStop: ok }), isRefusal(/forest/))
    assert.throws(at(objectives[0]!, { freq: 0, margin: 1 }), isRefusal(/freq .* got 0$/))
    assert.throws(at(objectives[0]!, { freq: 1, margin: -1 }), isRefusal(/margin .* got -1$/))
    assert.throws(at(objectives[0]!, { freq: 1, margin: NaN }), isRefusal(/got NaN$/))
  })
})
