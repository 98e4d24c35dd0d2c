import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { datasetFromMemory } from '@coppice/data'
import { type BinnedDataset, InlineExecutor, train as trainEngine } from '@coppice/engine'
import { serializeModel } from '@coppice/model'
import { Dataset, evaluate, train } from '../src/index.js'
import { asColumns, asCsv, draws, makeFlowers, rejects, temporaryFolder } from './support.js'

const flowers = makeFlowers(1200, 41)
const params = {
  objective: 'binary', numLeaves: 7, numIterations: 8, baggingFraction: 0.7, baggingFreq: 1,
  metric: ['auc', 'binary_logloss'],
} as const

/** Rows of memory by index. */
function pick(rows: readonly number[]) {
  return {
    X: {
      length: rows.map((row) => flowers.length[row]!),
      width: rows.map((row) => flowers.width[row]!),
      colour: rows.map((row) => flowers.colour[row]!),
    },
    y: rows.map((row) => flowers.label[row]!),
  }
}

/** The rows, binned by the bins of all rows, without `select`. */
async function binned(rows: readonly number[], reference: BinnedDataset): Promise<BinnedDataset> {
  const { X, y } = pick(rows)
  return datasetFromMemory(X, y, { labelKind: 'binary', reference })
}

describe('Dataset.select', () => {
  const file = temporaryFolder()
  const draw = draws(3)
  const chosen = flowers.label.flatMap((_, row) => draw() < 0.8 ? [row] : [])
  const others = flowers.label.flatMap((_, row) => chosen.includes(row) ? [] : [row])

  it('trains as on those rows alone, with the bins of all', async () => {
    const all = Dataset.from(asColumns(flowers), flowers.label)
    const booster = await train(params, all.select([...chosen].reverse()),
      { evalSets: [{ name: 'rest', data: all.select(others) }] })
    const whole = await datasetFromMemory(asColumns(flowers), flowers.label,
      { labelKind: 'binary' })
    const { model } = await trainEngine({
      params, train: await binned(chosen, whole),
      evalSets: [{ name: 'rest', data: await binned(others, whole) }],
    }, new InlineExecutor())
    assert.equal(booster.toString(), serializeModel(model))
    const threads = await train({ ...params, numThreads: 3 }, all.select(chosen),
      { evalSets: [{ name: 'rest', data: all.select(others) }] })
    assert.equal(threads.toString(), booster.toString())
    assert.deepEqual(
      (await evaluate(booster, all.select(others), { metrics: 'auc' })).metrics['auc'],
      booster.evalResult['rest']!['auc']!.at(-1))
    const { X } = pick(others)
    assert.deepEqual(await booster.predict(all.select(others)), await booster.predict(X))
  })

  it('is the same for files and for memory, and bins all rows once', async () => {
    writeFileSync(file('all.csv'), asCsv(flowers))
    const files = await Dataset.open(file('all.csv'), { label: 'species' })
    const memory = Dataset.from(asColumns(flowers), flowers.label)
    let nBinned = 0
    const onLoad = ({ phase, done, total }: {
      readonly phase: string, readonly done: number, readonly total: number,
    }): void => void (nBinned += Number(phase === 'bin' && done === total))
    const models = []
    for (const data of [files, memory]) {
      const evalSets = [{ name: 'rest', data: data.select(others) }]
      models.push((await train(params, data.select(chosen), { evalSets, onLoad })).toString())
    }
    assert.equal(models[1], models[0])
    assert.equal(nBinned, 2)
    assert.deepEqual(await (await train(params, files)).predict(files.select(others)),
      await (await train(params, memory)).predict(memory.select(others)))
  })

  it('selects of a selection, and of other data by the same bins', async () => {
    const all = Dataset.from(asColumns(flowers), flowers.label)
    const even = all.select(flowers.label.flatMap((_, row) => row % 2 === 0 ? [row] : []))
    const fourth = even.select(Array.from({ length: 300 }, (_, i) => 2 * i))
    const direct = all.select(Array.from({ length: 300 }, (_, i) => 4 * i))
    assert.equal((await train(params, fourth)).toString(), (await train(params, direct)).toString())
    const more = makeFlowers(300, 42)
    const other = Dataset.from(asColumns(more), more.label)
    const booster = await train(params, direct,
      { evalSets: [{ name: 'x', data: other.select([0, 1, 2, 3, 4, 5, 6]) }] })
    assert.ok(booster.evalResult['x']!['binary_logloss']!.length === 8)
    await rejects(() => even.select([600]), 'DATA', 'row 600 of the selection')
  })

  it('refuses what is no row', async () => {
    const all = Dataset.from(asColumns(flowers), flowers.label)
    for (const bad of [[-1], [0.5], [NaN], ['1']]) {
      await rejects(() => all.select(bad as number[]), 'DATA', 'rows[0]', 'from 0 on')
    }
    await rejects(() => all.select([4, 4]), 'DATA', 'row 4 twice')
    await rejects(train(params, all.select([1200])), 'DATA', 'row 1200', '1200 rows')
    await rejects(train(params, all.select([])), 'DATA', 'no rows')
  })
})
