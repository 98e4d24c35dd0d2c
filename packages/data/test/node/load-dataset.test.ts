import assert from 'node:assert/strict'
import type { BinnedDataset } from '@coppice/engine'
import { datasetFromMemory } from '../../src/memory.js'
import { loadDataset, type LoadOptions } from '../../src/node/load-dataset.js'
import type { Format } from '../../src/reader.js'
import { type Column, draw, sampleTable, writeParts } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'

const seed = 20260801
const nRows = 3000
const roles: Omit<LoadOptions, 'inputs'> = {
  label: 'y',
  weight: 'weight',
  group: 'query',
  categorical: ['city', 'code'],
  labelKind: 'binary',
  params: { maxBin: 60, binConstructSampleCnt: 1000 },
}

/** All that a data set says, its bins joined, so that deepEqual compares bytes. */
function contentOf(data: BinnedDataset): unknown {
  const { blocks, ...rest } = data
  return { ...rest, bins: Buffer.concat(blocks.map(({ bins }) => bins)) }
}

describe('loadDataset', function () {
  this.timeout(60_000)
  const temp = useTempFolder()
  const table = sampleTable(seed, nRows)
  let expected: unknown
  before(async () => {
    const paths = await writeParts(temp('one'), table, [], 'parquet', nRows)
    expected = contentOf((await loadDataset({ ...roles, inputs: paths, threads: 1 })).data)
  })

  const formats: Format[] = ['parquet', 'arrow', 'csv', 'tsv']
  for (const format of formats) {
    it(`gives the same bytes for any cut of ${format} into partitions and units`, async () => {
      for (const [i, cuts] of [[], [10, 20, 1500], [2990]].entries()) {
        for (const rowsPerUnit of [100, 777]) {
          const folder = temp(`${format}-${i}-${rowsPerUnit}`)
          const inputs = await writeParts(folder, table, cuts, format, rowsPerUnit)
          const { data } = await loadDataset({ ...roles, inputs, threads: 1 })
          assert.deepEqual(contentOf(data), expected, `cuts ${cuts.join()}, ${rowsPerUnit} rows`)
        }
      }
    })
  }

  it('gives the same bytes for any number of threads', async () => {
    const inputs = await writeParts(temp('threads'), table, [500, 1000], 'parquet', 100)
    for (const threads of [2, 3]) {
      const { data } = await loadDataset({ ...roles, inputs, threads, inlineBytesMax: 0 })
      assert.deepEqual(contentOf(data), expected, `${threads} threads`)
    }
  })

  it('gives the same bytes from memory, in every shape', async () => {
    const columns = memoryColumns(table)
    const names = table.map(({ name }) => name)
    const objects = table[0]!.values.map((_, row) =>
      Object.fromEntries(names.map((name) => [name, columns[name]![row]])),
    )
    for (const X of [columns, objects]) {
      const data = await datasetFromMemory(X as typeof columns, null, {
        ...roles,
        params: { maxBin: 60, binConstructSampleCnt: 1000 },
      })
      assert.deepEqual(contentOf(data), expected)
    }
  })

  it('counts blocks, labels, weights and groups right', async () => {
    const inputs = temp('one')
    const { data, partitions, columns } = await loadDataset({ ...roles, inputs })
    const values = (name: string) => table.find((column) => column.name === name)!.values
    assert.equal(data.nRows, nRows)
    assert.deepEqual([...data.label!], values('y'))
    assert.deepEqual(data.classes, [0, 1])
    assert.deepEqual([...data.weight!], values('weight'))
    assert.deepEqual([...data.groupSizes!], new Array(nRows / 10).fill(10))
    assert.deepEqual(
      data.features.map(({ name }) => name),
      ['real', 'count', 'flag', 'when', 'color', 'code', 'city'],
    )
    assert.equal(partitions.length, 1)
    assert.equal(partitions[0]!.nRows, nRows)
    assert.deepEqual(
      columns.map(({ role }) => role),
      [...new Array<string>(7).fill('feature'), 'weight', 'group', 'label'],
    )
  })

  it('orders dictionaries by UTF-8 bytes and numbers, over all rows', async () => {
    const { data } = await loadDataset({ ...roles, inputs: temp('one') })
    const feature = (name: string) => data.features.find((other) => other.name === name)!
    const distinct = (name: string) => [
      ...new Set(table.find((column) => column.name === name)!.values.filter((v) => v !== null)),
    ]
    const bytes = (text: unknown) => Buffer.from(String(text))
    const byBytes = (a: unknown, b: unknown) => bytes(a).compare(bytes(b))
    assert.deepEqual(feature('color').categories, distinct('color').sort(byBytes))
    assert.deepEqual(feature('code').categories, distinct('code').sort(byBytes))
    const numbers = distinct('city') as number[]
    assert.deepEqual(
      feature('city').categories,
      numbers.sort((a, b) => a - b),
    )
  })

  it('bins every value as its mapper says', async () => {
    const { data } = await loadDataset({ ...roles, inputs: temp('one') })
    const nFeatures = data.features.length
    const bins = data.blocks[0]!.bins
    for (const [f, { name, mapper, categories }] of data.features.entries()) {
      const { values } = table.find((column) => column.name === name)!
      for (let row = 0; row < nRows; row++) {
        const value = values[row]!
        let bin: number
        if (mapper.kind === 'categorical') {
          const code = (categories as readonly unknown[]).indexOf(value)
          bin = value === null ? 0 : mapper.codes.indexOf(code) + 1
        } else if (value === null) {
          bin = mapper.missingBin
        } else {
          bin = mapper.upperBounds.findIndex((bound) => Number(value) <= bound)
        }
        assert.equal(bins[row * nFeatures + f], bin, `${name}, row ${row}`)
      }
    }
  })

  it('reuses what a reference knows; unseen categories are bin 0', async () => {
    const train = (await loadDataset({ ...roles, inputs: temp('one') })).data
    const other = sampleTable(seed + 1, 200).map((column): Column => {
      if (column.name === 'color') {
        return { ...column, values: column.values.map((v, row) => (row === 5 ? 'unseen' : v)) }
      }
      // All digits: only the reference knows that the column is text.
      if (column.name !== 'code') return column
      return { ...column, values: column.values.map((v) => (v === 'x9' ? '001' : v)) }
    })
    const reordered = [...other].reverse()
    for (const format of formats) {
      const inputs = await writeParts(temp(`valid-${format}`), reordered, [100], format, 30)
      const { data } = await loadDataset({
        inputs,
        label: 'y',
        weight: 'weight',
        labelKind: 'binary',
        reference: train,
      })
      assert.equal(data.features, train.features)
      assert.deepEqual(data.classes, [0, 1])
      const color = data.features.findIndex(({ name }) => name === 'color')
      const code = data.features.findIndex(({ name }) => name === 'code')
      const { bins } = data.blocks[0]!
      assert.equal(bins[5 * data.features.length + color], 0)
      const codeFeature = train.features[code]!
      assert.equal(codeFeature.mapper.kind, 'categorical')
      const codes: readonly number[] =
        codeFeature.mapper.kind === 'categorical' ? [...codeFeature.mapper.codes] : []
      const value = other.find(({ name }) => name === 'code')!.values[7]
      const expectedCode = (codeFeature.categories as string[]).indexOf(value as string)
      const expectedBin = codes.indexOf(expectedCode) + 1
      assert.equal(bins[7 * data.features.length + code], expectedBin)
    }
  })

  it('encodes text, boolean and integer classes in ascending order', async () => {
    const words = ['cat', 'ape', 'bee']
    const x: Column = { name: 'x', type: 'float', values: Array.from({ length: 90 }, (_, i) => i) }
    const cases: [Column, unknown][] = [
      [
        { name: 'y', type: 'string', values: x.values.map((_, i) => words[i % 3]!) },
        ['ape', 'bee', 'cat'],
      ],
      [{ name: 'y', type: 'bool', values: x.values.map((_, i) => i % 2) }, [false, true]],
      [{ name: 'y', type: 'int', values: x.values.map((_, i) => 5 - (i % 3) * 4) }, [-3, 1, 5]],
    ]
    for (const [i, [y, classes]] of cases.entries()) {
      for (const format of ['parquet', 'csv'] as const) {
        const inputs = await writeParts(temp(`classes-${i}-${format}`), [x, y], [30], format)
        const { data } = await loadDataset({ inputs, label: 'y', labelKind: 'class' })
        assert.deepEqual(data.classes, classes)
        const ascending = (classes as unknown[]).map(Number)
        const expectedLabel = y.values.map((value) =>
          typeof value === 'string'
            ? (classes as unknown[]).indexOf(value)
            : ascending.indexOf(value as number),
        )
        assert.deepEqual([...data.label!], expectedLabel)
      }
    }
  })

  it('gives a feature that no cut can split one bin', async () => {
    const rare: Column = {
      name: 'rare',
      type: 'int',
      values: Array.from({ length: 200 }, (_, row) => (row === 3 ? 1 : 0)),
    }
    const x: Column = { name: 'x', type: 'float', values: rare.values.map((_, row) => row) }
    const inputs = await writeParts(temp('rare'), [rare, x], [], 'parquet')
    const { data } = await loadDataset({ inputs })
    assert.deepEqual(
      data.features.map(({ mapper }) => mapper.nBins > 1),
      [false, true],
    )
    const unfiltered = await loadDataset({ inputs, params: { featurePreFilter: false } })
    assert.equal(unfiltered.data.features[0]!.mapper.nBins, 2)
  })

  it('takes empty partitions, and LibSVM partitions of different widths', async () => {
    const inputs = await writeParts(temp('empty'), table, [0, 1500, 1500], 'parquet')
    const { data } = await loadDataset({ ...roles, inputs })
    assert.deepEqual(contentOf(data), expected)
    const { writeFileSync } = await import('node:fs')
    const lines = Array.from({ length: 60 }, (_, row) => {
      const y = draw(seed, 20, row, 2)
      return `${y} 0:${row} ${row >= 30 ? `2:${row % 7}` : ''}`
    })
    writeFileSync(temp('a.libsvm'), lines.slice(0, 30).join('\n') + '\n')
    writeFileSync(temp('b.libsvm'), lines.slice(30).join('\n') + '\n')
    writeFileSync(temp('c.svm'), lines.join('\n') + '\n')
    const cut = await loadDataset({ inputs: temp('[ab].libsvm'), labelKind: 'binary' })
    const whole = await loadDataset({ inputs: temp('c.svm'), labelKind: 'binary' })
    assert.deepEqual(contentOf(cut.data), contentOf(whole.data))
    assert.equal(cut.data.features.length, 3)
  })

  it('reports progress and stops when it is aborted', async () => {
    const inputs = await writeParts(temp('abort'), table, [1000], 'parquet', 100)
    for (const inlineBytesMax of [0, 1e9]) {
      const phases: string[] = []
      const controller = new AbortController()
      const options = { ...roles, inputs, threads: 2, inlineBytesMax, signal: controller.signal }
      await loadDataset({ ...options, onProgress: ({ phase }) => phases.push(phase) })
      assert.deepEqual([...new Set(phases)], ['plan', 'scan', 'bin'])
      const onProgress = () => controller.abort()
      await assert.rejects(loadDataset({ ...options, onProgress }), { code: 'ABORTED' })
    }
  })
})

function memoryColumns(table: readonly Column[]) {
  return Object.fromEntries(
    table.map(({ name, type, values }) => [
      name,
      values.map((value) => {
        if (value === null) return null
        if (type === 'bool') return value === 1
        return type === 'date' ? new Date(value as number) : value
      }),
    ]),
  )
}
