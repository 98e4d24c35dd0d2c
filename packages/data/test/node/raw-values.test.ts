import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { BinnedBlock, BinnedDataset } from '@coppice/engine'
import { defaultBinning } from '../../src/loading/job.js'
import type { Format } from '../../src/reader.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { openPartitionLoader } from '../../src/node/partition-loader.js'
import { ThreadPool } from '../../src/node/thread-pool.js'
import { surveyDataset } from '../../src/loading/survey.js'
import { defaultTextOptions } from '../../src/readers.js'
import { useTempFolder } from './temp-folder.js'
import { wireRunner } from './wire-runner.js'

const nRows = 300
const params = { linearTree: true, featurePreFilter: false, minDataInBin: 1 }

/** A number, one of few, a constant, text, and a flag. */
const cells = Array.from({ length: nRows }, (_, i): [number, number, number, string, boolean] =>
  [(i * 37 % 101) / 8 - 3, i % 7 === 0 ? NaN : i % 5, 0, `k${i % 3}`, i % 2 === 0])
const kept = cells.flatMap(([a, b, , , flag]) => [a, b, Number(flag)])

function csvOf(first: number, end: number): string {
  return ['a,b,constant,name,flag,y', ...cells.slice(first, end).map(([a, b, c, name, flag], i) =>
    [a, Number.isNaN(b) ? '' : b, c, name, flag, i % 2].join())].join('\n')
}

function rawOf({ blocks }: { readonly blocks: readonly BinnedBlock[] }): number[] {
  return blocks.flatMap(({ raw, nRows: n, firstRow }) => {
    assert.ok(raw !== undefined && raw.buffer instanceof SharedArrayBuffer, `block ${firstRow}`)
    assert.equal(raw.length % Math.max(1, n), 0)
    return [...raw]
  })
}

describe('raw values', function () {
  this.timeout(30_000)
  const temp = useTempFolder()

  const load = (inputs: readonly string[], own: object): Promise<BinnedDataset> =>
    loadDataset({ inputs, label: 'y', labelKind: 'binary', params: own, threads: 1 })
      .then(({ data }) => data)

  it('are kept beside the bins of numeric features with several bins, and only if asked', async () => {
    const path = temp('rows.csv')
    writeFileSync(path, csvOf(0, nRows))
    assert.deepEqual(rawOf(await load([path], params)), kept)
    const { blocks } = await load([path], { ...params, linearTree: false })
    assert.ok(blocks.every((block) => !('raw' in block)))
  })

  it('are those of the files\' rows, in partitions too, which have another hash then', async () => {
    const paths = [[0, 120], [120, 300]].map(([first, end], i) => {
      const path = temp(`part-${i}.csv`)
      writeFileSync(path, csvOf(first!, end!))
      return path
    })
    assert.deepEqual(rawOf(await load(paths, params)), kept)
    const sources = paths.map((uri) => ({ uri, format: 'csv' as Format, expected: null }))
    const pool = new ThreadPool(1)
    const loader = openPartitionLoader(sources, pool)
    try {
      const survey = async (linearTree: boolean) => (await surveyDataset({
        partitions: sources.map(({ uri, format, expected }) => ({ name: uri, format, expected })),
        textOptions: defaultTextOptions, params: { ...defaultBinning, ...params, linearTree },
        runner: wireRunner([loader], 5), memory: null,
      }, { label: 'y', labelKind: 'binary' })).recipe
      const binned = await loader.encode(await survey(true), [0, 1])
      assert.deepEqual(binned.flatMap(rawOf), kept)
      const plain = await loader.encode(await survey(false), [0, 1])
      assert.ok(plain.every(({ blocks }) => blocks.every(({ raw }) => raw === undefined)))
      assert.ok(plain.every(({ hash }, i) => hash !== binned[i]!.hash))
    } finally {
      await loader.close()
      await pool.close()
    }
  })

  it('are all there of rows whose zeros are not stored, packed or not', async () => {
    const path = temp('rows.svm')
    const nFeatures = 200
    const value = (row: number, f: number): number =>
      f % 10 === row % 10 ? (row * 7 + f) % 13 - 6 : 0
    writeFileSync(path, Array.from({ length: nRows }, (_, row) => [row % 2,
      ...Array.from({ length: nFeatures }, (_f, f) => f).filter((f) => value(row, f) !== 0)
        .map((f) => `${f}:${value(row, f)}`)].join(' ')).join('\n'))
    const { data } = await loadDataset(
      { inputs: path, labelKind: 'binary', params, threads: 2 })
    assert.ok(data.blocks.some(({ packing }) => packing !== undefined))
    const features = data.features.map(({ name }) => Number(/\d+$/.exec(name)![0]))
    assert.deepEqual(rawOf(data), Array.from({ length: nRows }, (_, row) =>
      features.map((f) => value(row, f))).flat())
  })
})
