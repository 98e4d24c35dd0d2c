import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type BinnedDataset, rowBytesOf, Unpacker } from '@coppice/engine'
import { type LoadOptions, loadDataset } from '../../src/node/load-dataset.js'
import { useTempFolder } from './temp-folder.js'

/** Stored values of a row by column; null is missing. */
type Row = ReadonlyMap<number, number | null>

function drawRows(nRows: number, nFeatures: number): Row[] {
  let state = 5
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor((state >>> 8) / 0x100_0000 * n)
  }
  return Array.from({ length: nRows }, (_, row) => {
    const entries = new Map<number, number | null>()
    // one of ten, a number in most rows, one in half of them that is mostly the same
    entries.set(below(10), 1)
    if (below(9) > 0) entries.set(10, below(1000) / 8 - 60)
    if (below(2) > 0) entries.set(11, below(50) === 0 ? -3 : 7)
    // categories of which 0 is one, explicit zeros, missing values
    if (below(4) > 0) entries.set(12, below(6))
    entries.set(13, row % 2 === 0 ? 0 : below(300) - 150)
    if (below(30) === 0) entries.set(14, below(3) === 0 ? null : below(20))
    for (let i = 0; i < 4; i++) entries.set(15 + below(nFeatures - 15), below(5) - 1)
    return entries
  })
}

const labelOf = (row: Row): number => row.has(3) || (row.get(13) ?? 0) > 20 ? 1 : 0

/** Entries in an order of their own. */
function libsvmOf(rows: readonly Row[]): string {
  return rows.map((row, i) => {
    const entries = [...row].map(([index, value]) => `${index}:${value ?? 'nan'}`)
    return [labelOf(row), ...(i % 3 === 0 ? entries.reverse() : entries)].join(' ')
  }).join('\n')
}

function csvOf(rows: readonly Row[], nFeatures: number): string {
  const names = Array.from({ length: nFeatures }, (_, f) => `Column_${f}`)
  const lines = rows.map((row) => [labelOf(row), ...names.map((_, f) =>
    row.has(f) ? row.get(f) ?? 'NA' : 0)].join())
  return [['label', ...names].join(), ...lines].join('\n')
}

/** Everything but how rows are cut and packed. */
function contentOf({ blocks, ...rest }: BinnedDataset): unknown {
  const nBytes = rowBytesOf(rest.features)
  const bins = new Uint8Array(rest.nRows * nBytes)
  for (const { firstRow, nRows, bins: own, packing } of blocks) {
    const place = bins.subarray(firstRow * nBytes, (firstRow + nRows) * nBytes)
    if (packing === undefined) place.set(own)
    else new Unpacker(packing).unpack(own, 0, nRows, place)
  }
  return { ...rest, bins }
}

describe('loading LibSVM, whose zeros are not stored', function () {
  this.timeout(60_000)
  const temp = useTempFolder()

  for (const [nFeatures, nRows] of [[60, 3_000], [300, 4_000]] as const) {
    const rows = drawRows(nRows, nFeatures)
    // the last columns are in no row of the last file
    const cuts = [0, nRows >> 1, nRows]
    const parts = [0, 1].map((i) => rows.slice(cuts[i], cuts[i + 1]).map((row) =>
      new Map([...row].filter(([index]) => i === 0 || index < nFeatures - 5))))
    const write = (format: 'svm' | 'csv'): string[] => parts.map((part, i) => {
      const path = temp(`${nFeatures}-${i}.${format}`)
      writeFileSync(path, format === 'svm' ? libsvmOf(part) : csvOf(part, nFeatures))
      return path
    })
    const load = async (options: Omit<LoadOptions, 'label'>): Promise<BinnedDataset> =>
      (await loadDataset({
        label: 'label', labelKind: 'binary', inlineBytesMax: 0, threads: 1, ...options,
      })).data

    it(`gives the bins of ${nFeatures} columns that have every value`, async () => {
      const [sparse, dense] = [write('svm'), write('csv')]
      const variants: Omit<LoadOptions, 'inputs' | 'label'>[] = [
        {},
        { categorical: ['Column_12'], params: { binConstructSampleCnt: 700, maxBin: 20 } },
        { schema: { Column_12: 'string', Column_10: 'float' },
          params: { maxBin: 1000, minDataInBin: 1 } },
        { params: { zeroAsMissing: true, featurePreFilter: false } },
        { ignore: ['Column_11'], params: { useMissing: false } },
      ]
      for (const options of nFeatures < 100 ? variants : variants.slice(1, 3)) {
        const expected = contentOf(await load({ ...options, inputs: dense }))
        for (const threads of options === variants[1] ? [1, 2] : [1]) {
          const data = await load({ ...options, inputs: sparse, threads })
          assert.deepEqual(contentOf(data), expected, JSON.stringify(options))
          const isWide = rowBytesOf(data.features) > data.features.length
          assert.equal(isWide, options.params?.maxBin === 1000)
        }
      }
    })

    it(`bins ${nFeatures} columns by a reference`, async () => {
      const [sparse, dense] = [write('svm'), write('csv')]
      const reference = await load({ inputs: dense, categorical: ['Column_12'] })
      const [found, expected] = [
        await load({ inputs: sparse[0]!, reference }), await load({ inputs: dense[0]!, reference })]
      assert.deepEqual(contentOf(found), contentOf(expected))
    })
  }

  it('refuses values that are not of the type that is asked for, naming the row', async () => {
    const path = temp('types.svm')
    writeFileSync(path, '1 0:1\n0 1:2\n1 0:1 2:3.5\n')
    const load = (schema: LoadOptions['schema']) =>
      loadDataset({ inputs: path, labelKind: 'binary', schema })
    await assert.rejects(load({ Column_2: 'int' }),
      { code: 'DATA', message: /'Column_2' of .*types\.svm has the value 3\.5 in row 3, .* int/ })
    await assert.rejects(load({ Column_1: 'bool' }),
      { code: 'DATA', message: /'Column_1' of .*types\.svm has the value 2 in row 2, .* bool/ })
  })

  it('reads small units as one, in little memory', async () => {
    const path = temp('wide.svm')
    const lines = Array.from({ length: 600 }, (_, row) => `${row % 2} ${row * 8}:1 4999:${row}`)
    writeFileSync(path, lines.join('\n'))
    const seen: number[] = []
    const { data } = await loadDataset({
      inputs: path, labelKind: 'binary', threads: 1,
      // with every zero the sample alone would take 72 MB
      params: { featurePreFilter: false, minDataInBin: 1, maxMemoryMb: 60 },
      onProgress: ({ phase, total }) => {
        if (phase === 'bin') seen.push(total)
      },
    })
    assert.deepEqual(seen, [1])
    assert.equal(data.blocks.length, 1)
    // all columns share a few bytes: a bundle holds 255 values
    assert.ok(data.blocks[0]!.packing!.nColumns < 250)
    assert.equal(data.features.filter(({ mapper }) => mapper.nBins === 2).length, 600)
  })
})
