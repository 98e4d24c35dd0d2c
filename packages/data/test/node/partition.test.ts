import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fractionLimit, Purpose, rowDraw, startHash } from '@coppice/engine'
import { parseManifest } from '../../src/manifest.js'
import { hashFile } from '../../src/node/source-partitions.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { partitionData, type PartitionOptions } from '../../src/node/partition.js'
import { readRaw } from '../../src/node/read-raw.js'
import { chunkRows } from '../../src/writers/writer.js'
import { flatten } from '../reader-contract.js'
import { type Column, sampleTable, writeParts } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'

const nRows = 1000
const table = sampleTable(3, nRows)

describe('partitionData', function () {
  this.timeout(30_000)
  const temp = useTempFolder()

  async function readAll(inputs: string, names: readonly string[] | null) {
    const columns: (number | string | null)[][] = []
    for await (const unit of readRaw(inputs, names)) {
      for (const [i, chunk] of unit.columns.entries()) {
        assert.equal(chunkRows(chunk), unit.nRows)
        columns[i] = (columns[i] ?? []).concat(flatten({ chunks: [chunk] }))
      }
    }
    return columns
  }

  for (const from of ['parquet', 'csv', 'arrow'] as const) {
    for (const outputFormat of ['parquet', 'arrow'] as const) {
      it(`cuts ${from} into ${outputFormat} partitions that hold the same rows`, async () => {
        const inputs = await writeParts(temp(`in-${from}-${outputFormat}`), table, [333], from, 100)
        const out = temp(`out-${from}-${outputFormat}`)
        const [written] = await partitionData({
          inputs, out, partitions: 7, outputFormat, categorical: 'code',
        })
        const { partitions } = parseManifest(readFileSync(written!.manifest, 'utf8'), 'm')
        assert.deepEqual(
          partitions.map(({ rows }) => rows),
          [142, 143, 143, 143, 143, 143, 143],
        )
        assert.equal(partitions[3]!.uri, `part-003.${outputFormat}`)
        for (const { uri, hash } of partitions) assert.equal(hash, await hashFile(`${out}/${uri}`))
        const columns = await readAll(out, null)
        assert.deepEqual(
          columns,
          table.map(({ values }) => values),
        )
        const roles = {
          label: 'y',
          weight: 'weight',
          labelKind: 'binary',
          categorical: 'code',
        } as const
        const before = await loadDataset({ ...roles, inputs })
        const after = await loadDataset({ ...roles, inputs: out })
        assert.deepEqual(after.data, before.data)
      })
    }
  }

  it('gives the same bytes for any cut of the input', async () => {
    const hashes = []
    for (const [i, cuts] of [[], [1, 500]].entries()) {
      const inputs = await writeParts(temp(`same-${i}`), table, cuts, 'parquet', 64)
      const out = temp(`same-out-${i}`)
      const [written] = await partitionData({ inputs, out, partitions: 3 })
      hashes.push(written!.partitions)
    }
    assert.deepEqual(hashes[0], hashes[1])
  })

  it('splits by hash of the row id', async () => {
    const inputs = await writeParts(temp('split-in'), table, [200], 'parquet', 64)
    const out = temp('split-out')
    const options = { inputs, out, partitions: 2, split: 0.7, seed: 5 }
    const folders = await partitionData(options)
    assert.equal(folders.length, 2)
    const start = startHash(5, Purpose.split)
    const isTrain = (row: number) => rowDraw(start, row) < fractionLimit(0.7)
    for (const [i, name] of ['train', 'test'].entries()) {
      const rows = Array.from({ length: nRows }, (_, row) => row).filter(
        (row) => isTrain(row) === (i === 0),
      )
      const columns = await readAll(`${out}/${name}`, ['color', 'real'])
      const expected = ['color', 'real'].map((column) => {
        const { values } = table.find((other) => other.name === column)!
        return rows.map((row) => values[row])
      })
      assert.deepEqual(columns, expected)
    }
  })

  it('keeps query groups whole in cuts and splits, and mends those that cross files', async () => {
    const inputs = await writeParts(temp('group-in'), table, [333], 'csv')
    const out = temp('group-out')
    await partitionData({
      inputs, out, partitions: 6, split: 0.5, group: 'query', categorical: ['code'],
    })
    let nGroups = 0
    for (const part of ['train', 'test']) {
      const roles = { label: 'y', group: 'query', labelKind: 'binary' } as const
      const { data } = await loadDataset({ ...roles, inputs: `${out}/${part}` })
      assert.ok(data.groupSizes!.every((size) => size === 10))
      nGroups += data.groupSizes!.length
    }
    assert.equal(nGroups, nRows / 10)
  })

  it('writes empty partitions and keeps text that looks like numbers', async () => {
    const code: Column = { name: 'code', type: 'string', values: ['007', '1', 'x'] }
    const inputs = await writeParts(temp('few-in'), [code], [], 'csv')
    const out = temp('few-out')
    const schema = { code: 'string' } as const
    const [written] = await partitionData({ inputs, out, partitions: 5, schema })
    assert.equal(
      written!.partitions.reduce((sum, { rows }) => sum + rows, 0),
      3,
    )
    assert.equal(written!.partitions.length, 5)
    assert.deepEqual(await readAll(temp('few-out'), null), [['007', '1', 'x']])
  })

  it('refuses text among numbers as training does, unless it is declared', async () => {
    const rows = Array.from({ length: 3000 }, (_, row) =>
      [row / 4, row % 7, `w${row % 50}`, `q${row}`].join())
    rows[2500] = 'oops,1,2,3'
    const inputs = temp('mixed.csv')
    writeFileSync(inputs, `a,b,c,d\n${rows.join('\n')}\n`)
    const train = loadDataset({ inputs, ignore: ['c', 'd'] })
    const refusal = await train.then(() => assert.fail(), (error: Error) => error.message)
    const options = { inputs, out: temp('mixed-out'), partitions: 2 }
    await assert.rejects(partitionData(options), (error: Error) => {
      assert.equal(error.message, refusal.replace('feature column', 'column'))
      assert.match(error.message, /'a' mixes .*2999 of its 3000 .*line 2502.*'oops'/)
      assert.match(error.message, /--categorical a/)
      return true
    })
    assert.equal(existsSync(temp('mixed-out')), false)
    const ways = [{ categorical: 'a' }, { schema: { a: 'string' } }, { group: 'a' }]
    for (const declared of ways) {
      const out = temp(`mixed-${Object.keys(declared).join()}`)
      await partitionData({ ...options, ...declared, out } as PartitionOptions)
      const { data } = await loadDataset({ inputs: out })
      const isText = data.features.map(({ categories }) => categories !== null)
      assert.deepEqual(isText, [true, false, true, true])
    }
    await assert.rejects(partitionData({ ...options, categorical: 'e' }), /'e' does not exist/)
  })

  it('refuses text among numbers where only one unit has text', async () => {
    const lines = Array.from({ length: 1_000_000 }, (_, row) => `${row % 100}`)
    lines[999_000] = 'x'
    const inputs = temp('late.csv')
    writeFileSync(inputs, `a,b\n${lines.map((line) => `${line},1`).join('\n')}\n`)
    await assert.rejects(partitionData({ inputs, out: temp('late-out'), partitions: 1 }), {
      code: 'DATA', message: /'a' mixes numbers and text: 100 of its 101 .*line 999002/,
    })
  })

  it('refuses bad options and folders that are not empty', async () => {
    const inputs = await writeParts(temp('refuse-in'), table, [], 'csv')
    const options = { inputs, out: temp('refuse-out'), partitions: 2, categorical: 'code' }
    const refuses = (more: object, code: string, message: RegExp) =>
      assert.rejects(partitionData({ ...options, ...more }), { code, message })
    await refuses({ partitions: 0 }, 'PARAMETER', /partitions must be .* got 0/)
    await refuses({ split: 1 }, 'PARAMETER', /split must be a fraction/)
    await refuses({ out: temp('refuse-in') }, 'IO', /not empty/)
    await refuses({ group: 'qurey' }, 'DATA', /'qurey' .*did you mean 'query'/)
    await refuses({ group: 'flag' }, 'DATA', /two separate runs/)
    await refuses({ split: 0.0000001 }, 'DATA', /no row for train/)
  })

  it('leaves nothing behind after an error', async () => {
    const inputs = await writeParts(temp('broken-in'), table, [500], 'parquet', 50)
    const bytes = readFileSync(inputs[1]!)
    writeFileSync(inputs[1]!, bytes.fill(0xff, 300, 2000))
    const options = { inputs, out: temp('broken-out'), partitions: 4 }
    await assert.rejects(partitionData(options), { code: 'DATA', message: /part-1\.parquet/ })
    assert.deepEqual(readdirSync(temp('broken-out')), [])
  })

  it('stops when it is aborted', async () => {
    const inputs = await writeParts(temp('abort-in'), table, [], 'parquet', 50)
    const controller = new AbortController()
    const options = { inputs, out: temp('abort-out'), partitions: 2, signal: controller.signal }
    const onProgress = () => controller.abort()
    await assert.rejects(partitionData({ ...options, onProgress }), { code: 'ABORTED' })
    assert.deepEqual(readdirSync(temp('abort-out')), [])
  })
})
