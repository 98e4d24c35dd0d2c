import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { CoppiceError } from '@coppice/model'
import type { MemoryRows } from '../../src/memory-rows.js'
import { datasetFromMemory, type MemoryOptions } from '../../src/memory.js'
import { loadDataset, type LoadOptions } from '../../src/node/load-dataset.js'
import { useTempFolder } from './temp-folder.js'

const nRows = 20_000
const clean = (row: number) => String(row / 8)

describe('text among numbers', function () {
  this.timeout(30_000)
  const temp = useTempFolder()

  function write(name: string, valueOf: (row: number) => string): string {
    const lines = Array.from({ length: nRows }, (_, row) => `${valueOf(row)},${row % 2}`)
    const path = temp(name)
    writeFileSync(path, `a,y\n${lines.join('\n')}\n`)
    return path
  }

  async function refuses(work: Promise<unknown>, says: readonly string[]): Promise<void> {
    await assert.rejects(work, (error: CoppiceError) => {
      assert.equal(error.code, 'DATA', error.stack)
      for (const words of says) assert.ok(error.message.includes(words), error.message)
      return true
    })
  }

  const load = (options: LoadOptions) =>
    loadDataset({ label: 'y', labelKind: 'binary', threads: 2, ...options })

  it('is refused in a feature: one bad value late in a file, or in one of two', async () => {
    const bad = write('bad.csv', (row) => (row === 19_000 ? 'oops' : clean(row)))
    const good = write('good.csv', clean)
    const says = ["'a'", "'oops'", 'bad.csv, line 19002', '--missing-values', '--categorical a']
    for (const inlineBytesMax of [0, 1e9]) {
      const counts = [`${nRows - 1} of its ${nRows} distinct values are numbers`]
      await refuses(load({ inputs: bad, inlineBytesMax }), [...says, ...counts])
      await refuses(load({ inputs: [good, bad], inlineBytesMax }), says)
    }
  })

  it('is refused among dates', async () => {
    const day = (row: number) => `20${10 + (row % 80)}-01-02`
    const bad = write('dates.csv', (row) => (row === 7 ? 'oops' : day(row)))
    await refuses(load({ inputs: bad }), ["'oops'", 'line 9', '80 of its 81 distinct values'])
  })

  it('makes categories where they are declared, or where the most are text', async () => {
    const bad = write('mixed.csv', (row) => (row === 5 ? 'oops' : String(row % 3)))
    const declared: Omit<LoadOptions, 'inputs'>[] = [
      { categorical: 'a' }, { schema: { a: 'string' } },
    ]
    for (const options of declared) {
      const { data } = await load({ inputs: bad, ...options })
      assert.deepEqual(data.features[0]!.categories, ['0', '1', '2', 'oops'])
    }
    const { data } = await load({ inputs: bad, missingValues: ['', 'oops'] })
    assert.equal(data.features[0]!.categories, null)
    const words = ['1', 'b', 'c', '2', 'd']
    const texts = await load({ inputs: write('texts.csv', (row) => words[row % 5]!) })
    assert.deepEqual(texts.data.features[0]!.categories, [...words].sort())
  })

  it('is refused in memory, but texts that only look like numbers are texts', async () => {
    const y = [0, 1, 0, 1]
    const fromMemory = (X: MemoryRows, options: MemoryOptions = {}) =>
      datasetFromMemory(X, y, { labelKind: 'binary', ...options })
    const mixed = [{ a: 3 }, { a: 4 }, { a: 's' }, { a: 5 }]
    const says = ["'a'", "'s'", '3 of its 4 distinct values are numbers', 'row 2']
    await refuses(fromMemory(mixed), says)
    await refuses(fromMemory({ a: [3, 4, 's', 5] }), says)
    await refuses(fromMemory({ a: ['3', 4, 5, 6] }), ["'a'", 'stored as text'])
    const declared = await fromMemory(mixed, { categorical: 'a' })
    assert.deepEqual(declared.features[0]!.categories, ['3', '4', '5', 's'])
    const texts = await fromMemory({ a: ['3', '4', '5', '6'] })
    assert.deepEqual(texts.features[0]!.categories, ['3', '4', '5', '6'])
  })

  it('is named, where it stands, in weights, labels and known features', async () => {
    const bad = write('late.csv', (row) => (row === 12_345 ? 'oops' : clean(row)))
    const says = ["'a' must hold numbers", "'oops'", 'late.csv, line 12347']
    await refuses(loadDataset({ inputs: bad, weight: 'a' }), says)
    await refuses(loadDataset({ inputs: bad, label: 'a', labelKind: 'number' }), says)
    const { data: reference } = await load({ inputs: write('good.csv', clean) })
    await refuses(load({ inputs: bad, reference }), says)
    const good = write('good.csv', clean)
    await refuses(load({ inputs: [good, bad], reference }), says)
  })
})
