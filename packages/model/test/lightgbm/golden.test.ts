import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { parseModel } from '../../src/format/parse.js'
import { serializeModel } from '../../src/format/serialize.js'
import { formatLightGBM } from '../../src/lightgbm/format.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { createPredictor, Predictor } from '../../src/predict/predictor.js'
import type { Row } from '../../src/predict/input.js'
import { type ReferenceCell, referenceRaw } from '../../src/predict/reference.js'
import type { Model } from '../../src/types.js'

/** What make_golden.py wrote. */
interface Golden {
  readonly rows: readonly ReferenceCell[][]
  readonly raw: readonly number[]
  readonly prediction: readonly number[]
}

const folder = new URL('../../../test/lightgbm/golden/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -4))

const textOf = (name: string): string => readFileSync(new URL(`${name}.txt`, folder), 'utf8')

function goldenOf(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Golden
}

/** Distance in representable doubles. */
function ulps(a: number, b: number): number {
  const bits = new BigInt64Array(Float64Array.of(a, b).buffer)
  const ordered = [...bits].map((x) => x < 0n ? -(x & 0x7fff_ffff_ffff_ffffn) : x)
  return Math.abs(Number(ordered[0]! - ordered[1]!))
}

function assertSameScores(model: Model, { rows, raw }: Golden): void {
  const predictor = createPredictor(model)
  const expected = Float64Array.from(raw)
  assert.deepEqual(predictor.predictRaw(rows), expected)
  assert.deepEqual(new Predictor(model, {}, null).predictRaw(rows), expected)
  const all: [number, number] = [0, model.trees.length / model.treesPerIteration]
  rows.forEach((row, r) => {
    const own = raw.slice(r * model.treesPerIteration, (r + 1) * model.treesPerIteration)
    assert.deepEqual(referenceRaw(model, row, all), own)
    assert.deepEqual([...predictor.predictRow(row as Row, 'raw')], own)
  })
}

describe('models and predictions of LightGBM 4.6', () => {
  it('are written without parameters that have quotes, which its Python cannot read', () => {
    const { origin: _, ...read } = parseLightGBM(textOf('missing-nan'))
    const own = { ...read, objective: { name: 'regression' } as const }
    const forced = '{"feature":0,"threshold":1.5}'
    const written = (parameters: Model['parameters']): string[] =>
      formatLightGBM({ ...own, formatVersion: 1, parameters }).split('\n')
        .filter((line) => line.startsWith('['))
    assert.deepEqual(
      written({
        forcedsplits_filename: forced, num_leaves: 7, extra_trees: false, grow_policy: 'x',
        interaction_constraints: '[0,1],[2]', label_gain: [0, 1],
        parameter_schedule: '{"lambda_l2":[1]}',
      }),
      ['[num_leaves: 7]', '[extra_trees: 0]', '[interaction_constraints: [0,1],[2]]',
        '[label_gain: 0,1]'])
    assert.deepEqual(written({ data_random_seed: 3 }), ['[data_random_seed: 3]'])
  })

  it('are of all kinds', () => {
    assert.equal(names.length, 25)
  })

  for (const name of names) {
    const golden = goldenOf(name)

    it(`${name}: raw scores are the same doubles in every predictor`, () => {
      assertSameScores(parseLightGBM(textOf(name)), golden)
    })

    it(`${name}: predictions are the same within three units in the last place`, () => {
      const model = parseLightGBM(textOf(name))
      const predictor = createPredictor(model)
      const all = predictor.predictProbabilities(golden.rows)
      const isBinary = model.classes?.length === 2
      const predictions = isBinary ? all.filter((_, i) => i % 2 === 1) : all
      assert.equal(predictions.length, golden.prediction.length)
      predictions.forEach((value, i) => {
        const far = ulps(value, golden.prediction[i]!)
        assert.ok(far <= 3, `prediction ${i}: ${value}, LightGBM ${golden.prediction[i]!}`)
      })
    })

    it(`${name}: goes through a file of ours and back into text`, () => {
      const model = parseLightGBM(textOf(name))
      const read = parseModel(serializeModel(model))
      assert.deepEqual(read, model)
      const text = formatLightGBM(read)
      assertSameScores(parseLightGBM(text), golden)
      assert.equal(formatLightGBM(parseLightGBM(text)), text)
    })
  }
})
