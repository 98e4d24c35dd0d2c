import assert from 'node:assert/strict'
import { InlineExecutor, train } from '@coppice/engine'
import { createPredictor, type Model, serializeModel } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import {
  type ColumnChunk,
  datasetFromMemory,
  featureColumns,
  givenTypes,
  keptTypes,
  type LabelKind,
  packedWidth,
  packPrediction,
  predictColumns,
  type PredictionPlan,
  type PredictionType,
  unpackPrediction,
  wantedColumns,
  wantedTypes,
} from '../../src/index.js'
import type { PackingModel } from '../../src/prediction/packed-prediction.js'
import { UnitPredictor } from '../../src/prediction/predict-unit.js'

const types: readonly PredictionType[] = ['probability', 'class', 'raw', 'leaf', 'contribution']
const colours = ['red', 'green', 'blue', 'pink']
const nRows = 300

function makeColumns(seed: number): { x: Float64Array; colour: string[] } {
  const random = new TestRandom(seed)
  return {
    x: Float64Array.from({ length: nRows }, () => random.normal()),
    colour: Array.from({ length: nRows }, () => colours[random.below(4)]!),
  }
}

async function makeModel(
  objective: string,
  labelKind: LabelKind,
  labelOf: (x: number, colour: string) => string | number,
): Promise<Model> {
  const { x, colour } = makeColumns(1)
  const labels = Array.from(x, (value, row) => labelOf(value, colour[row]!))
  const params = { objective, numIterations: 4, numLeaves: 6, minDataPerGroup: 10 }
  const data = await datasetFromMemory({ x, colour }, labels, {
    labelKind,
    params: { minDataInLeaf: 20 },
  })
  const numClass = objective === 'multiclass' ? { numClass: 3 } : {}
  const result = await train(
    { params: { ...params, ...numClass }, train: data },
    new InlineExecutor(),
  )
  return result.model
}

describe('predictions of chunks', () => {
  const models: Model[] = []
  const { x, colour } = makeColumns(2)
  // Texts of the dictionary that no row has, as readers may give them.
  const dictionary = ['grey', ...colours]
  const chunks: readonly ColumnChunk[] = [
    { type: 'float', values: x },
    { type: 'string', codes: Int32Array.from(colour, (c) => dictionary.indexOf(c)), dictionary },
  ]

  before(async () => {
    models.push(
      await makeModel('binary', 'class', (value, c) => (value > 0 || c === 'red' ? 'yes' : 'no')),
      await makeModel('multiclass', 'class', (value) => (value > 1 ? 10 : value > 0 ? 5 : 1)),
      await makeModel('regression', 'number', (value, c) => value * c.length),
    )
    for (const { trees } of models) assert.ok(trees.some(({ leafValue }) => leafValue.length > 2))
  })

  function planOf(model: Model, type: PredictionType): PredictionPlan {
    return {
      model: new TextEncoder().encode(serializeModel(model)),
      modelHash: model.chainHash,
      iterations: null,
      type,
      types: ['number', 'string'],
      kept: [1, 0],
    }
  }

  function allCases(): [Model, PredictionType][] {
    const cases = models.flatMap((model) => types.map((type): [Model, PredictionType] =>
      [model, type]))
    return cases.filter(([model, type]) => model.classes !== null || type !== 'class')
  }

  it('pack to the width that is told, and give back the same', () => {
    for (const [model, type] of allCases()) {
      const predictor = createPredictor(model)
      const columns = featureColumns(model, { columns: chunks })
      const prediction = predictColumns(predictor, columns, type)
      const packed = packPrediction(model, type, prediction)
      const { nNumbers, numberBytes } = packedWidth(predictor, type)
      assert.equal(packed.length, nRows * nNumbers)
      assert.equal(packed.BYTES_PER_ELEMENT, numberBytes)
      assert.deepEqual(unpackPrediction(model, type, packed), prediction, type)
    }
  })

  it('pack indices into the narrowest integers that hold all there may be', () => {
    const objective = { name: 'regression' } as const
    const limits = [
      [256, Uint8Array],
      [257, Uint16Array],
      [65_536, Uint16Array],
      [65_537, Int32Array],
    ] as const
    for (const [nLeaves, array] of limits) {
      const tree = { leafValue: new Array<number>(nLeaves).fill(0) }
      const model = { objective, classes: null, trees: [tree] } as unknown as PackingModel
      const leaves = Int32Array.of(0, nLeaves - 1)
      const packed = packPrediction(model, 'leaf', leaves)
      assert.ok(packed instanceof array)
      assert.deepEqual(unpackPrediction(model, 'leaf', packed), leaves)
    }
  })

  it('are those of the whole in parts, for which a unit is decoded once', async () => {
    for (const [model, type] of allCases()) {
      const units = new UnitPredictor()
      const plan = planOf(model, type)
      let nReads = 0
      const read = (): Promise<readonly ColumnChunk[]> => {
        nReads++
        return Promise.resolve(chunks)
      }
      const whole = await units.predict(plan, { key: 'a', nRows, start: 0, end: nRows }, read)
      const expected = predictColumns(
        createPredictor(model), featureColumns(model, { columns: chunks }), type)
      assert.deepEqual(unpackPrediction(model, type, whole.predictions), expected)
      assert.equal(nReads, 1)
      const values: number[] = []
      const texts: string[] = []
      for (const [start, end] of [[0, 7], [7, 290], [290, nRows]] as const) {
        const part = await units.predict(plan, { key: 'b', nRows, start, end }, read)
        assert.equal(part.nRows, end - start)
        values.push(...part.predictions)
        const [kept, numbers] = part.kept
        assert.ok(kept!.type === 'string' && numbers!.type === 'float')
        assert.deepEqual(numbers.values, x.slice(start, end))
        assert.equal(numbers.values.buffer.byteLength, (end - start) * 8, 'no rows of others')
        assert.equal(new Set(kept.codes).size, kept.dictionary.length, 'no texts of others')
        texts.push(...Array.from(kept.codes, (code) => kept.dictionary[code]!))
      }
      assert.equal(nReads, 2)
      assert.deepEqual(values, [...whole.predictions])
      assert.deepEqual(texts, colour)
      await units.predict(plan, { key: 'b', nRows, start: 0, end: nRows }, read)
      assert.equal(nReads, 3, 'what is predicted to its end is not kept')
    }
  })

  it('are of the model that is asked for, also after another one', async () => {
    const units = new UnitPredictor()
    const read = (): Promise<readonly ColumnChunk[]> => Promise.resolve(chunks)
    const rows = { key: '', nRows, start: 0, end: nRows }
    const predict = async (model: Model, iterations: readonly [number, number] | null) =>
      (await units.predict({ ...planOf(model, 'raw'), iterations }, rows, read)).predictions
    const first = await predict(models[0]!, null)
    const fewer = await predict(models[0]!, [0, 1])
    const other = await predict(models[2]!, null)
    assert.notDeepEqual(fewer, first)
    assert.notDeepEqual(other, first)
    assert.deepEqual(await predict(models[0]!, null), first)
  })

  it('compile models that take turns once each, as long as they are few and small', async () => {
    const predictor = createPredictor(models[0]!)
    const packer = predictor.packer(featureColumns(models[0]!, { columns: chunks }))
    const rows = packer.pack(0, packer.nRows)
    const expected = predictor.predictPacked(rows)
    /** How often models are read that a thread predicts with in turns. */
    const countReads = (nModels: number, padding: number): number => {
      const units = new UnitPredictor()
      const { model } = planOf(models[0]!, 'raw')
      const padded = new Uint8Array(model.length + padding).fill(0x20)
      padded.set(model)
      let nReads = 0
      const counted = Object.assign(padded, {
        slice: () => {
          nReads++
          return model
        },
      })
      const plans = Array.from({ length: nModels }, (_, m) =>
        ({ ...planOf(models[0]!, 'raw'), model: counted, modelHash: String(m) }))
      for (let turn = 0; turn < 3; turn++) {
        for (const plan of plans) assert.deepEqual(units.score(plan, rows), expected)
      }
      return nReads
    }
    assert.equal(countReads(1, 0), 1)
    assert.equal(countReads(8, 0), 8)
    assert.equal(countReads(9, 0), 27)
    const large = 30 << 20
    assert.equal(countReads(2, large), 2)
    assert.equal(countReads(3, large), 9)
    assert.equal(countReads(1, 3 * large), 1)
  })
})

describe('columns of a prediction', () => {
  const model: Pick<Model, 'features'> = {
    features: [
      { name: 'x', kind: 'numeric', missing: 'nan' },
      { name: 'city', kind: 'categorical', categories: ['a', 'b'] },
      { name: 'code', kind: 'categorical', categories: [1, 2] },
    ],
  }

  it('are the features, then those that are kept beside them', () => {
    assert.deepEqual(wantedColumns(model, ['id', 'city']), ['x', 'city', 'code', 'id'])
  })

  it('are text where a feature is; a numeric feature has no right to be', () => {
    assert.deepEqual(givenTypes(model, { id: 'int', city: 'int' }), { id: 'int', city: 'string' })
    const found = { x: 'string', city: 'string', code: 'int', id: 'string' } as const
    const kept = keptTypes(model, found)
    assert.deepEqual(kept, { x: 'float', city: 'string', code: 'int', id: 'string' })
    assert.deepEqual(wantedTypes(model, { x: 'date' }, { id: 'string' }),
      { x: 'date', city: 'string', code: 'number', id: 'string' })
    assert.deepEqual(wantedTypes(model, { x: 'date' }, kept), kept)
  })
})
