import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  featureColumns, featureTypes, joinPredictions, predictColumns, type Prediction,
  type PredictionType, unpackPrediction,
} from '@coppice/data'
import { openRaw } from '@coppice/data/node'
import {
  createPredictor, type EarlyStop, type IterationRange, type Model, serializeModel,
} from '@coppice/model'
import type { ClusterClient, PredictHandlers } from '../../../src/node/index.js'
import type { PredictionSpec } from '../../../src/protocol/client-messages.js'
import { dataSpec, makeData, type MadeData, orderOf, trainHere } from './local-training.js'
import { TestCluster } from './test-cluster.js'

const nRows = 2000

/** Every job starts its threads anew: each kind of models and each type once, on some cluster. */
const cases: readonly (readonly [number, Kind, PredictionType, IterationRange | null])[] = [
  [1, 'three', 'probability', null], [1, 'two', 'class', null], [1, 'number', 'leaf', [1, 4]],
  [3, 'three', 'class', [1, 4]], [3, 'two', 'probability', null], [3, 'number', 'raw', null],
  [3, 'three', 'leaf', null], [3, 'three', 'contribution', null],
]

type Kind = 'two' | 'three' | 'number'

async function predictHere<T extends PredictionType>(
  model: Model, inputs: string, type: T, iterations?: IterationRange, earlyStop?: EarlyStop,
): Promise<Prediction[T]> {
  const predictor = createPredictor(model, {
    ...(iterations === undefined ? {} : { iterations }),
    ...(earlyStop === undefined ? {} : { earlyStop }),
  })
  const raw = await openRaw(inputs)
  try {
    const parts: Prediction[T][] = []
    const names = model.features.map(({ name }) => name)
    for await (const batch of raw.units(names, featureTypes(model))) {
      parts.push(predictColumns(predictor, featureColumns(model, batch), type))
    }
    return joinPredictions(parts, type)
  } finally {
    await raw.close()
  }
}

describe('a prediction on a cluster', function () {
  this.timeout(60_000)
  let data: MadeData
  const models = new Map<Kind, Model>()

  before(async () => {
    data = makeData(5, 'three-texts', {
      train: { nRows: 500, nPartitions: 1 }, fresh: { nRows, nPartitions: 24 },
    })
    // nothing but a header, in the middle
    writeFileSync(join(data.path('fresh'), 'part-11b.csv'), 'a,b,c,color,w,y\n')
    const three = orderOf({ objective: 'multiclass', numClass: 3, numIterations: 6, numLeaves: 6,
      minDataPerGroup: 10 }, dataSpec(data.path('train')))
    models.set('three', (await trainHere(three)).model)
    const others = makeData(6, 'two-texts', { train: { nRows: 500, nPartitions: 1 } })
    const numbers = makeData(7, 'number', { train: { nRows: 500, nPartitions: 1 } })
    try {
      models.set('two', (await trainHere(orderOf({ objective: 'binary', numIterations: 8 },
        dataSpec(others.path('train'))))).model)
      models.set('number', (await trainHere(orderOf({ objective: 'regression', numIterations: 8 },
        dataSpec(numbers.path('train'))))).model)
    } finally {
      others.remove()
      numbers.remove()
    }
  })
  after(() => data.remove())

  function specOf(model: Model, change: Partial<PredictionSpec> = {}): PredictionSpec {
    return {
      data: dataSpec(data.path('fresh'), { roles: {} }),
      model: new TextEncoder().encode(serializeModel(model)),
      type: 'probability', iterations: null, keep: [], ...change,
    }
  }

  async function predictThere(
    client: ClusterClient, spec: PredictionSpec, model: Model,
    handlers: Partial<PredictHandlers> = {},
  ): Promise<{ values: ArrayLike<unknown>, nBatches: number }> {
    const parts: Prediction[PredictionType][] = []
    await client.predict(spec, {
      ...handlers,
      onBatch: async (rows) => {
        parts.push(unpackPrediction(model, spec.type, rows.predictions))
        await handlers.onBatch?.(rows)
      },
    })
    return { values: joinPredictions(parts, spec.type), nBatches: parts.length }
  }

  for (const nWorkers of [1, 3]) {
    describe(`of ${nWorkers} ${nWorkers === 1 ? 'worker' : 'workers'}`, () => {
      let cluster: TestCluster
      let client: ClusterClient

      before(async () => {
        cluster = await TestCluster.start(nWorkers)
        client = await cluster.client()
      })
      after(() => cluster.stop())

      it('gives what one process gives, of kinds of models and types of predictions', async () => {
        for (const [n, kind, type, iterations] of cases) {
          if (n !== nWorkers) continue
          const model = models.get(kind)!
          const spec = specOf(model, { type, iterations })
          const { values, nBatches } = await predictThere(client, spec, model)
          const here = await predictHere(model, data.path('fresh'), type, iterations ?? undefined)
          assert.deepEqual(values, here, `${kind} ${type} ${String(iterations)}`)
          assert.ok(nBatches >= 20, `${nBatches} batches`)
        }
      })

      it('leaves out trees of rows that are decided', async () => {
        const model = models.get('three')!
        const earlyStop = { freq: 2, margin: 0.3 }
        const { values } = await predictThere(client, specOf(model, { type: 'raw', earlyStop }),
          model)
        const path = data.path('fresh')
        assert.deepEqual(values, await predictHere(model, path, 'raw', undefined, earlyStop))
        assert.notDeepEqual(values, await predictHere(model, path, 'raw'))
      })

      it('sends kept columns as they are over all rows, and tells their types first', async () => {
        const model = models.get('three')!
        const keep = ['y', 'c', 'color', 'a']
        let outline = ''
        const kept: unknown[][] = []
        await predictThere(client, specOf(model, { keep }), model, {
          onPlanned: (found) => { outline = JSON.stringify(found) },
          onBatch: (rows) => {
            assert.notEqual(outline, '')
            for (let row = 0; row < rows.nRows; row++) {
              kept.push(rows.kept.map((chunk) => chunk.type !== 'string' ? chunk.values[row]
                : chunk.codes[row]! < 0 ? null : chunk.dictionary[chunk.codes[row]!]))
            }
          },
        })
        assert.equal(outline, `{"nRows":${nRows},"keptTypes":["string","int","string","float"]}`)
        const raw = await openRaw(data.path('fresh'))
        const expected: unknown[][] = []
        const asWritten = { color: 'string', a: 'float' } as const
        for await (const { columns, nRows: n } of raw.units(keep, asWritten)) {
          for (let row = 0; row < n; row++) {
            expected.push(columns.map((chunk) => chunk.type !== 'string' ? chunk.values[row]
              : chunk.codes[row]! < 0 ? null : chunk.dictionary[chunk.codes[row]!]))
          }
        }
        await raw.close()
        assert.deepEqual(kept, expected)
      })

      it('ends with the errors of one process: columns, values, files', async () => {
        const model = models.get('three')!
        const message = (work: Promise<unknown>): Promise<string> =>
          work.then(() => assert.fail('it is predicted'), (error: Error) => error.message)
        const lacking = join(data.folder, 'lacking.csv')
        writeFileSync(lacking, 'aa,b,c,color\n1,2,3,red\n')
        const here = await message(predictHere(model, lacking, 'raw'))
        assert.match(here, /column 'a' is not in .*lacking\.csv/)
        const specOfLacking = specOf(model, { data: dataSpec(lacking, { roles: {} }) })
        assert.equal(await message(predictThere(client, specOfLacking, model)), here)
        const misspelt = specOf(model, { keep: ['colour'] })
        assert.match(await message(predictThere(client, misspelt, model)),
          /column 'colour' is not in .* \(did you mean 'color'\?\)/)
        const bad = join(data.folder, 'bad.csv')
        writeFileSync(bad, 'a,b,c,color\n1,2,3,red\n1,2,three,red\n')
        const spec = specOf(model, { data: dataSpec(bad, { roles: {} }) })
        const badHere = await message(predictHere(model, bad, 'raw'))
        assert.match(badHere, /bad\.csv, line 3: .*three/)
        assert.equal(await message(predictThere(client, spec, model)), badHere)
        assert.match(await message(predictThere(client,
          specOf(model, { data: dataSpec(join(data.folder, 'none.csv')) }), model)), /none\.csv/)
        assert.match(await message(predictThere(client,
          specOf(model, { iterations: [3, 99] }), model)), /iterations must be/)
      })

      it('predicts data without rows', async () => {
        const empty = join(data.folder, 'empty.csv')
        writeFileSync(empty, 'a,b,c,color\n')
        const model = models.get('three')!
        let outline: unknown
        const spec = specOf(model, { data: dataSpec(empty, { roles: {} }), keep: ['b'] })
        const { values } = await predictThere(client, spec, model,
          { onPlanned: (found) => { outline = found } })
        assert.equal(values.length, 0)
        assert.deepEqual(outline, { nRows: 0, keptTypes: ['empty'] })
      })
    })
  }

  it('goes on with the next row when its coordinator starts again', async () => {
    const cluster = await TestCluster.start(2, { minWorkers: 1 })
    try {
      const client = await cluster.client()
      const model = models.get('three')!
      const spec = specOf(model, { type: 'raw' })
      const notices: string[] = []
      let nSeen = 0
      const { values } = await predictThere(client, spec, model, {
        onNotice: (text) => notices.push(text),
        onBatch: async () => {
          // the first one: of later ones all that follow may be here already, on a busy machine
          if (++nSeen !== 1) return
          await cluster.stopCoordinator()
          await cluster.startCoordinator()
        },
      })
      assert.deepEqual(values, await predictHere(model, data.path('fresh'), 'raw'))
      assert.ok(notices.some((text) => /was lost.*trying again/.test(text)), notices.join('\n'))
      assert.ok(notices.includes('connected to the coordinator again'), notices.join('\n'))
    } finally {
      await cluster.stop()
    }
  })

  it('ends at once when it is aborted, and leaves the cluster to the next', async () => {
    const cluster = await TestCluster.start(1)
    try {
      const client = await cluster.client()
      const model = models.get('number')!
      const controller = new AbortController()
      let release = (): void => undefined
      const aborted = predictThere(client, specOf(model), model, {
        signal: controller.signal,
        // a disk that hangs
        onBatch: () => new Promise<void>((resolve) => {
          release = resolve
          controller.abort(new Error('enough'))
        }),
      })
      await assert.rejects(aborted, { code: 'ABORTED', message: 'prediction was aborted' })
      release()
      const { values } = await predictThere(client, specOf(model), model)
      assert.deepEqual(values, await predictHere(model, data.path('fresh'), 'probability'))
    } finally {
      await cluster.stop()
    }
  })
})
