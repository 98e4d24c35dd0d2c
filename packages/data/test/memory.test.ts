import assert from 'node:assert/strict'
import {
  Dictionary,
  Float64,
  Int32,
  Int64,
  Table,
  tableFromArrays,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import type { BinnedDataset } from '@coppice/engine'
import {
  columnBatches, columnsFromMemory, datasetFromMemory, type MemoryOptions,
} from '../src/memory.js'
import type { MemoryRows } from '../src/memory-rows.js'
import { flatten } from './reader-contract.js'

const nRows = 120
const rows = Array.from({ length: nRows }, (_, row) => row)
const a = rows.map((row) => Math.sin(row) * 10)
const b = rows.map((row) => (row % 9 === 0 ? NaN : row % 13))
const y = rows.map((row) => row % 2)
const words = rows.map((row) => (row % 10 === 0 ? null : ['pear', 'fig', 'plum'][row % 3]!))

function contentOf({ blocks, ...rest }: BinnedDataset): unknown {
  return { ...rest, bins: Buffer.concat(blocks.map(({ bins }) => bins)) }
}

describe('datasetFromMemory', () => {
  const options: MemoryOptions = { labelKind: 'binary', featureNames: ['a', 'b'] }

  it('gives the same bytes for all shapes of the same numbers', async () => {
    const columns = { a: Float64Array.from(a), b: Float64Array.from(b) }
    const expected = contentOf(await datasetFromMemory(columns, y, options))
    const shapes: Record<string, MemoryRows> = {
      'arrays of arrays': rows.map((row) => [a[row]!, b[row]!]),
      'typed rows': rows.map((row) => Float64Array.of(a[row]!, b[row]!)),
      'arrays of objects': rows.map((row) => ({ a: a[row]!, b: b[row]! })),
      'objects that leave out what is missing': rows.map((row) =>
        row > 0 && row % 9 === 0 ? { a: a[row]! } : { a: a[row]!, b: b[row]! },
      ),
      matrix: {
        data: Float64Array.from(rows.flatMap((row) => [a[row]!, b[row]!])),
        shape: [nRows, 2],
      },
      'plain matrix': { data: rows.flatMap((row) => [a[row]!, b[row]!]), shape: [nRows, 2] },
      'plain columns': { a, b: b.map((value) => (Number.isNaN(value) ? null : value)) },
      'Arrow table': tableFromArrays(columns),
      'Arrow table with nulls': new Table({
        a: vectorFromArray(a, new Float64()),
        b: vectorFromArray(
          b.map((v) => (Number.isNaN(v) ? null : v)),
          new Int32(),
        ),
      }),
    }
    for (const [what, X] of Object.entries(shapes)) {
      assert.deepEqual(contentOf(await datasetFromMemory(X, y, options)), expected, what)
    }
  })

  it('bins matrices of floats as their columns, in several units', async () => {
    const n = 70_000
    const columns = {
      p: Float32Array.from({ length: n }, (_, row) => (row * 7919) % 65_537 / 977 - 30),
      q: Float32Array.from({ length: n }, (_, row) =>
        row % 11 === 0 ? NaN : 1.3 ** (row % 160 - 80)),
      r: Float32Array.from({ length: n }, (_, row) => row % 5),
    }
    const names = Object.keys(columns)
    const data = Float32Array.from({ length: 3 * n }, (_, i) =>
      Object.values(columns)[i % 3]![Math.floor(i / 3)]!)
    const labels = Float64Array.from({ length: n }, (_, row) => row % 3)
    const X = { data, shape: [n, 3] } as const
    const params = { binConstructSampleCnt: 5000 }
    for (const own of [
      {}, { categorical: ['r'] }, { ignore: ['q'], weight: 'r' }, { params: { maxBin: 400 } },
      { schema: { r: 'int' } }, { params: { linearTree: true } },
    ] as MemoryOptions[]) {
      const given = { labelKind: 'number', ...own, params: { ...params, ...own.params } } as const
      const expected = await datasetFromMemory(columns, labels, given)
      const found = await datasetFromMemory(X, labels, { ...given, featureNames: names })
      assert.deepEqual(contentOf(found), contentOf(expected), JSON.stringify(own))
      const again = await datasetFromMemory(X, labels,
        { ...given, featureNames: names, reference: expected })
      assert.deepEqual(contentOf(again), contentOf(expected), 'by reference')
    }
  })

  for (const what of ['dense', 'mostly 0, so that rows are packed'] as const) {
    it(`bins matrices of many floats as their columns: ${what}`, async () => {
      const [n, nColumns] = [what === 'dense' ? 66_000 : 4000, 128]
      const valueOf = (row: number, column: number): number => {
        const whole = ((row + 1) * (column + 3) * 7919) % 1009
        if (what !== 'dense' && whole < 970) return 0
        if (column === 7) return [NaN, -0, Infinity, -Infinity, 1e-36, 0.5][whole % 6]!
        return column === 5 || column === 8 ? whole : whole / 37 - 9
      }
      const data = Float32Array.from({ length: n * nColumns }, (_, i) =>
        valueOf(Math.floor(i / nColumns), i % nColumns))
      const names = Array.from({ length: nColumns }, (_, column) => `c${column}`)
      const columns = Object.fromEntries(names.map((name, column) =>
        [name, Float32Array.from({ length: n }, (_, row) => data[row * nColumns + column]!)]))
      const labels = Float64Array.from({ length: n }, (_, row) => row % 3)
      const params = { binConstructSampleCnt: 3000 }
      for (const own of [
        {}, { ignore: what === 'dense' ? ['c3', 'c77'] : [], categorical: ['c8'],
          schema: { c8: 'int' } },
      ] as MemoryOptions[]) {
        const given = { labelKind: 'number', params, ...own } as const
        const expected = await datasetFromMemory(columns, labels, given)
        const found = await datasetFromMemory(
          { data, shape: [n, nColumns] }, labels, { ...given, featureNames: names })
        assert.deepEqual(found, expected)
        const isPacked = found.blocks.every(({ packing }) => packing !== undefined)
        assert.equal(isPacked, what !== 'dense')
      }
    })
  }

  it('reads Arrow tables of several batches and sliced ones', async () => {
    const flags = y.map((value, row) => (row % 7 === 3 ? null : value === 1))
    const make = (from: number, to: number) =>
      new Table({
        a: vectorFromArray(a.slice(from, to), new Float64()),
        word: vectorFromArray(words.slice(from, to), new Dictionary(new Utf8(), new Int32(), 3)),
        text: vectorFromArray(words.slice(from, to), new Utf8()),
        flag: vectorFromArray(flags.slice(from, to)),
      })
    const whole = contentOf(await datasetFromMemory(make(0, nRows), y))
    const parts = make(0, 50).concat(make(50, 51), make(51, nRows))
    assert.deepEqual(contentOf(await datasetFromMemory(parts, y)), whole)
    const sliced = make(0, nRows).slice(13, 77)
    const expected = contentOf(await datasetFromMemory(make(13, 77), y.slice(13, 77)))
    assert.deepEqual(contentOf(await datasetFromMemory(sliced, y.slice(13, 77))), expected)
  })

  it('makes categories of texts and declared columns, numbers of dates and booleans', async () => {
    const X = rows.map((row) => ({
      word: words[row]!,
      city: row % 4,
      on: row % 3 === 0,
      when: new Date(row * 1e9),
      big: BigInt(row),
    }))
    const data = await datasetFromMemory(X, y, { categorical: ['city'] })
    assert.deepEqual(
      data.features.map(({ name, categories }) => [name, categories]),
      [
        ['word', ['fig', 'pear', 'plum']],
        ['city', [0, 1, 2, 3]],
        ['on', null],
        ['when', null],
        ['big', null],
      ],
    )
  })

  it('takes weights, group sizes and init scores beside the rows', async () => {
    const weights = rows.map((row) => row + 1)
    const groupSizes = [20, 60, 40]
    const initScores = rows.flatMap((row) => [row, -row])
    const data = await datasetFromMemory(
      { a },
      words.map((word) => word ?? 'none'),
      {
        labelKind: 'class',
        weights,
        groupSizes,
        initScores,
      },
    )
    assert.deepEqual(data.classes, ['fig', 'none', 'pear', 'plum'])
    assert.deepEqual([...data.weight!], weights)
    assert.deepEqual([...data.groupSizes!], groupSizes)
    assert.deepEqual([...data.initScore!], initScores)
  })

  it('lets a column of X be the label', async () => {
    const data = await datasetFromMemory({ a, b, y }, null, { label: 'y', labelKind: 'binary' })
    const beside = await datasetFromMemory({ a, b }, y, { labelKind: 'binary' })
    assert.deepEqual(contentOf(data), contentOf(beside))
  })

  it('reuses a reference, by position where rows have no names', async () => {
    const reference = await datasetFromMemory({ a, b }, y, { labelKind: 'binary' })
    const X = rows.slice(0, 30).map((row) => [a[row]!, b[row]!])
    const data = await datasetFromMemory(X, y.slice(0, 30), { labelKind: 'binary', reference })
    assert.equal(data.features, reference.features)
    assert.deepEqual(data.blocks[0]!.bins, reference.blocks[0]!.bins.slice(0, 60))
  })

  const bad: readonly (readonly [string, unknown, unknown, MemoryOptions, RegExp])[] = [
    ['ragged rows', [[1, 2], [3]], [0, 1], {}, /row 1 has 1 values but row 0 has 2/],
    ['rows with other columns', [{ a: 1 }, { a: 1, z: 2 }], [0, 1], {}, /row 1 has 'z'/],
    ['a wrong shape', { data: [1, 2, 3], shape: [2, 2] }, [0, 1], {}, /shape \[2, 2\]/],
    ['columns of two lengths', { a: [1], b: [1, 2] }, [0], {}, /column 'b' must be an array of 1/],
    ['a bare typed array', Float64Array.of(1, 2), [0, 1], {}, /wrap it as \{data, shape\}/],
    ['too few labels', { a }, [0, 1], {}, /label has 2 values for 120 rows/],
    ['group sizes that do not add up', { a }, y, { groupSizes: [1, 2] }, /have 3 rows .* 120/],
    ['a group of no rows', { a }, y, { groupSizes: [0, 120] }, /group 0 has the size 0/],
    ['too few weights', { a }, y, { weights: [1] }, /weight has 1 values/],
    [
      'objects as values',
      { a: [{}, {}] },
      [0, 1],
      {},
      /column 'a' has a value of type object in row 0/,
    ],
    ['dates among numbers', { a: [new Date(0), 1] }, [0, 1], {}, /'a' mixes dates and numbers/],
    ['bigints beyond 2^53', { a: [1n, 2n ** 60n] }, [0, 1], {}, /bigint 1152921504606846976/],
    ['no rows', { a: [] }, [], {}, /there are no rows/],
    [
      'names that do not fit',
      [[1, 2]],
      [0],
      { featureNames: ['a'] },
      /2 columns but 1 feature names/,
    ],
    [
      'a missing label',
      { a },
      y.map((v, row) => (row === 4 ? null : v)),
      {},
      /missing \(NaN\) in row 4 of the rows given/,
    ],
  ]
  for (const [what, X, label, more, message] of bad) {
    it(`refuses ${what}`, async () => {
      const made = datasetFromMemory(X as MemoryRows, label as number[], {
        labelKind: 'class',
        ...more,
      })
      await assert.rejects(made, { code: 'DATA', message })
    })
  }

  it('refuses integers beyond 2^53 in Arrow tables', async () => {
    const table = new Table({ id: vectorFromArray([1n, 2n ** 60n], new Int64()) })
    await assert.rejects(datasetFromMemory(table, [0, 1]), { code: 'DATA', message: /column 'id'/ })
  })
})

describe('columnsFromMemory', () => {
  it('gives the wanted columns in their order', async () => {
    const raw = await columnsFromMemory({ a, words }, ['words', 'a'])
    assert.deepEqual(
      raw.columns.map((chunk) => flatten({ chunks: [chunk] })),
      [words, a],
    )
    const unnamed = await columnsFromMemory([[1, 'x']], ['n', 't'], { n: 'string' })
    assert.deepEqual(
      unnamed.columns.map((chunk) => flatten({ chunks: [chunk] })),
      [['1'], ['x']],
    )
    await assert.rejects(columnsFromMemory({ a }, ['c']), { code: 'DATA', message: /column 'c'/ })
  })
})

describe('columnBatches', () => {
  it('counts the rows where no column is wanted, also of rows without names', async () => {
    const csr = { data: [1], indices: [2], indptr: [0, 0, 1], shape: [2, 3] as const }
    for (const X of [[[1, 2], [3, 4]], { data: [1, 2, 3, 4], shape: [2, 2] as const }, csr]) {
      const batches = []
      for await (const batch of columnBatches(X, [], {})) batches.push(batch)
      assert.deepEqual(batches, [{ names: [], nRows: 2, columns: [], firstRow: 0, nAllRows: 2 }])
    }
  })
})
