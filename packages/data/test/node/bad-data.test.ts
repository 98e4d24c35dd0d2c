import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { CoppiceError } from '@coppice/model'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { loadDataset, type LoadOptions } from '../../src/node/load-dataset.js'
import { type Column, writeParts, writeSample } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'

const nRows = 40
const rows = Array.from({ length: nRows }, (_, row) => row)

function column(
  name: string,
  type: Column['type'],
  value: (row: number) => number | string | null,
): Column {
  return { name, type, values: rows.map(value) }
}

const x = column('x', 'float', (row) => row / 2)
const y = column('y', 'int', (row) => row % 2)
const ids = column('query', 'int', (row) => row >> 2)

describe('loadDataset refuses', function () {
  this.timeout(30_000)
  const temp = useTempFolder()
  let nFolders = 0

  /** Loads the columns from two partitions and expects an error that says all of `says`. */
  async function refuses(
    columns: readonly Column[],
    options: Omit<LoadOptions, 'inputs'>,
    code: string,
    says: readonly RegExp[],
    format: 'parquet' | 'csv' = 'parquet',
  ): Promise<void> {
    const folder = temp(`bad-${nFolders++}`)
    const inputs = await writeParts(folder, columns, [nRows / 2], format, 7)
    await refusesInputs({ ...options, inputs }, code, says)
  }

  async function refusesInputs(
    options: LoadOptions,
    code: string,
    says: readonly RegExp[],
  ): Promise<void> {
    await assert.rejects(loadDataset({ threads: 2, ...options }), (error: CoppiceError) => {
      assert.equal(error.code, code, error.stack)
      for (const pattern of says) assert.match(error.message, pattern)
      return true
    })
  }

  it('a label that is not named, or not there', async () => {
    await refuses([x, y], { labelKind: 'binary' }, 'DATA', [/no label column/, /'x', 'y'/])
    await refuses([x, y], { label: 'Y', labelKind: 'binary' }, 'DATA', [
      /label column 'Y' does not exist/,
      /did you mean 'y'/,
      /'x', 'y'/,
    ])
    await refuses([x, y], { label: 2 }, 'DATA', [/label column 2 .* \[0, 1\]/])
  })

  it('a missing label, naming row and file', async () => {
    const holes = column('y', 'float', (row) => (row === 25 ? null : row % 2))
    const says = [/'y' is missing \(NaN\)/, /row 6 of .*part-1/, /leave the row out/]
    for (const labelKind of ['binary', 'class', 'number'] as const) {
      for (const format of ['parquet', 'csv'] as const) {
        await refuses([x, holes], { label: 'y', labelKind }, 'DATA', says, format)
      }
    }
    const noText = column('y', 'string', (row) => (row === 25 ? null : 'a'))
    await refuses([x, noText], { label: 'y', labelKind: 'class' }, 'DATA', says)
  })

  it('rows of text files, naming the line, too', async () => {
    const texts: Record<string, readonly [string, RegExp]> = {
      'quotes.csv': ['a,y,w\n\n"1\n2",0,1\n \n\n3,1,-1\n4,1,1\n',
        /-1 in row 2 of .*quotes\.csv \(line 7\)/],
      'first.csv': ['a,y,w\n1,0,-1\n3,1,1\n', /row 1 of .*first\.csv \(line 2\)/],
      'returns.tsv': ['a\ty\tw\r\n1\t0\t1\r\n3\t1\tnan\r\n', /row 2 of .*returns\.tsv \(line 3\)/],
      'old.csv': ['a,y,w\r1,0,1\r3,,1', /label column 'y' is missing .* row 2 of .* \(line 3\)/],
    }
    for (const [name, [text, message]] of Object.entries(texts)) {
      const path = temp(name)
      writeFileSync(path, text)
      await refusesInputs({
        inputs: path, label: 'y', weight: 'w', labelKind: 'binary', categorical: ['a'],
      }, 'DATA', [message])
    }
    const path = temp('lines.svm')
    writeFileSync(path, '# rows\n1 0:1\n\n0 1:2 # more\n  \nnan 0:3\n')
    await refusesInputs({ inputs: path, labelKind: 'binary' }, 'DATA', [/row 3 of .* \(line 6\);/])
    const inputs = temp('valid.csv')
    writeFileSync(inputs, 'x,y\n1,0\n2,7\n')
    const good = temp('good.csv')
    writeFileSync(good, 'x,y\n1,0\n2,1\n')
    const { data } = await loadDataset({ inputs: good, label: 'y', labelKind: 'class' })
    await refusesInputs({ inputs, label: 'y', labelKind: 'class', reference: data }, 'DATA',
      [/label 7 in row 2 of .*valid\.csv \(line 3\) \(column 'y'\)/])
  })

  it('a constant label', async () => {
    const one = column('y', 'int', () => 1)
    for (const labelKind of ['binary', 'class', 'number'] as const) {
      await refuses([x, one], { label: 'y', labelKind }, 'DATA', [/'y' is 1 in every row/])
    }
  })

  it('labels other than 0 and 1 for binary, naming those found and the way out', async () => {
    const label = column('y', 'int', (row) => (row % 2) * 2 - 1)
    await refuses([x, label], { label: 'y', labelKind: 'binary' }, 'DATA', [
      /'y' must be 0 or 1/,
      /found -1, 1/,
      /map the values to 0 and 1/,
      /but is -1 in row 1 of .*part-0/,
    ])
    for (const [format, line] of [['parquet', ''], ['csv', ' \\(line 11\\)']] as const) {
      for (const [bad, type] of [[2, 'int'], [-1, 'int'], [0.5, 'float']] as const) {
        for (const threads of [1, 2, 3]) {
          const others = column('y', type, (row) => row > 29 ? row : row === 29 ? bad : row % 2)
          await refuses([x, others], { label: 'y', labelKind: 'binary', threads }, 'DATA', [
            new RegExp(`'y' must be 0 or 1 .* is ${bad} in row 10 of .*part-1\\.${format}${line};`),
          ], format)
        }
      }
    }
    const texts = column('y', 'string', (row) => row < 20 ? '2' : row % 2 === 0 ? 'yes' : '2')
    const inputs = await writeParts(temp('two-texts'), [x, texts], [nRows / 2], 'csv', 7)
    const { data } = await loadDataset({ inputs, label: 'y', labelKind: 'binary' })
    assert.deepEqual(data.classes, ['2', 'yes'])
    const three = column('y', 'string', (row) => 'abc'[row % 3]!)
    await refuses([x, three], { label: 'y', labelKind: 'binary' }, 'DATA', [
      /3 classes \('a', 'b', 'c'\)/,
      /multiclass/,
    ])
  })

  it('text labels for regression and fractions as classes', async () => {
    const text = column('y', 'string', (row) => (row === 30 ? 'high' : String(row)))
    const number = { label: 'y', labelKind: 'number' } as const
    const culprit = /'y' must hold numbers.*part-1\.csv, line 12: .*'high'/
    await refuses([x, text], number, 'DATA', [culprit, /classify/], 'csv')
    const stored = /'y' must hold numbers.*'0' in row 1 of .*part-0\.parquet is stored as text/
    await refuses([x, text], number, 'DATA', [stored])
    const half = column('y', 'float', (row) => row / 2)
    await refuses([x, half], { label: 'y', labelKind: 'class' }, 'DATA', [
      /'y' is 0.5 in row 2 of .*part-0/,
      /regression/,
    ])
    const infinite = column('y', 'float', (row) => (row === 3 ? Infinity : row))
    await refuses([x, infinite], { label: 'y', labelKind: 'number' }, 'DATA', [
      /'y' is Infinity .* row 4 of/,
    ])
  })

  it('negative, missing and all-zero weights', async () => {
    const cases = [
      [-1, /'w' is -1 in row 6 of .*part-1/],
      [null, /'w' is NaN in row 6 of .*part-1/],
    ] as const
    for (const [bad, pattern] of cases) {
      const w = column('w', 'float', (row) => (row === 25 ? bad : 1))
      await refuses([x, y, w], { label: 'y', weight: 'w' }, 'DATA', [pattern, />= 0/])
    }
    const zero = column('w', 'float', () => 0)
    await refuses([x, y, zero], { label: 'y', weight: 'w' }, 'DATA', [/'w' is 0 in every row/])
    const text = column('w', 'string', () => 'heavy')
    await refuses([x, y, text], { label: 'y', weight: 'w' }, 'DATA', [
      /'w' must hold numbers.*'heavy'/,
    ])
  })

  it('a query in two runs, in two partitions, or without an id', async () => {
    const torn = column('query', 'int', (row) => (row === 19 ? 0 : row >> 2))
    await refuses([x, y, torn], { label: 'y', group: 'query' }, 'DATA', [
      /query 0 .* two separate runs of rows in .*part-0/,
      /sort the rows by 'query'/,
    ])
    const crossing = column('query', 'string', (row) => `q${(row + 2) >> 2}`)
    await refuses([x, y, crossing], { label: 'y', group: 'query' }, 'DATA', [
      /query q5 .* two partitions, .*part-0\.parquet and .*part-1\.parquet/,
      /coppice partition --group query/,
    ])
    const missing = column('query', 'int', (row) => (row === 8 ? null : row >> 2))
    await refuses([x, y, missing], { label: 'y', group: 'query' }, 'DATA', [
      /'query' has no query id in row 9 of .*part-0/,
    ])
  })

  it('no rows at all, no files, no features', async () => {
    const inputs = await writeParts(
      temp('no-rows'),
      [x, y].map((c) => ({ ...c, values: [] })),
      [],
      'parquet',
    )
    await refusesInputs({ inputs }, 'DATA', [/no rows in .*part-0\.parquet/])
    await refusesInputs({ inputs: [] }, 'DATA', [/no input is given/])
    await refuses([y], { label: 'y' }, 'DATA', [/no feature column is left/])
  })

  it('unknown columns and columns with two roles', async () => {
    const all = [x, y, ids]
    await refuses(all, { label: 'y', weight: 'qery' }, 'DATA', [/weight column 'qery'.*'query'/])
    await refuses(all, { label: 'y', ignore: ['name:zz'] }, 'DATA', [/ignore column 'zz'/])
    await refuses(all, { label: 'y', weight: 'y' }, 'DATA', [/'y' is named as label and as weight/])
    await refuses(all, { label: 'y', categorical: 'y' }, 'DATA', [/label and as categorical/])
    await refuses(all, { schema: { quer: 'int' } }, 'DATA', [/schema names .*'quer'.*'query'/])
    await refuses(all, { schema: { x: 'number' as 'int' } }, 'DATA', [
      /"number"; legal are bool, int/,
    ])
  })

  it('types that do not go together, unless the column is ignored or typed', async () => {
    const folder = temp('types')
    mkdirSync(folder)
    const inputs = [`${folder}/a.parquet`, `${folder}/b.parquet`]
    for (const [i, type] of (['INT32', 'TIMESTAMP'] as const).entries()) {
      const when = rows.map((row) => type === 'INT32' ? row : new Date(row))
      writeFileSync(inputs[i]!, new Uint8Array(parquetWriteBuffer({ columnData: [
        { name: 'x', data: rows, type: 'INT32' }, { name: 'when', data: when, type },
        { name: 'y', data: rows, type: 'INT32' }] })))
    }
    const options = { inputs, label: 'y', labelKind: 'number' as const }
    await refusesInputs(options, 'DATA', [/'when' is int in .*a\.parquet but date in .*b\.parquet/])
    for (const way of [{ ignore: 'when' }, { schema: { when: 'int' } as const }]) {
      const { data } = await loadDataset({ threads: 2, ...options, ...way })
      assert.deepEqual(data.features.map(({ name }) => name),
        'ignore' in way ? ['x'] : ['x', 'when'])
    }
  })

  it('a column of a file with another separator', async () => {
    writeFileSync(temp('semicolon.csv'), 'a;b;y\n1;2;0\n3;4;1\n')
    await refusesInputs({ inputs: temp('semicolon.csv'), label: 'y', labelKind: 'binary' }, 'DATA',
      [/label column 'y' does not exist/, /separated by ';': write it with commas/])
    writeFileSync(temp('tabs.csv'), 'a\ty\n1\t0\n3\t1\n')
    await refusesInputs({ inputs: temp('tabs.csv'), label: 'y', labelKind: 'binary' }, 'DATA',
      [/separated by tabs: read it as tsv/])
  })

  it('fractions and dates as categories', async () => {
    await refuses([x, y], { label: 'y', categorical: 'x' }, 'DATA', [
      /'x' is categorical but is 0.5.* row 2 /,
    ])
    const when = column('when', 'date', (row) => row)
    await refuses([when, y], { label: 'y', categorical: 'when' }, 'DATA', [/'when' holds dates/])
  })

  it('partitions with different columns or types, naming both', async () => {
    const a = await writeSample(temp('mixed', 'a.parquet'), [x, y])
    const b = await writeSample(temp('mixed', 'b.parquet'), [x, ids])
    await refusesInputs({ inputs: [a, b] }, 'DATA', [
      /a\.parquet/,
      /b\.parquet/,
      /'y' is in .*a\.parquet but not/,
    ])
    const more = await writeSample(temp('mixed', 'c.parquet'), [x, y, ids])
    await refusesInputs({ inputs: [a, more] }, 'DATA', [
      /a\.parquet/,
      /c\.parquet/,
      /'query' is in/,
    ])
    const text = column('x', 'string', (row) => `t${row}`)
    const other = await writeSample(temp('mixed', 'd.parquet'), [text, y])
    await refusesInputs({ inputs: [a, other] }, 'DATA', [
      /'x' is float in .*a\.parquet but string in .*d\.parquet/,
      /schema/,
    ])
    const date = column('x', 'date', (row) => row * 1e9)
    const dates = await writeSample(temp('mixed', 'e.csv'), [date, y])
    const numbers = await writeSample(temp('mixed', 'f.csv'), [x, y])
    await refusesInputs({ inputs: [dates, numbers] }, 'DATA', [
      /'x' is date in .*e\.csv but float in .*f\.csv/,
    ])
  })

  it('two columns of one name', async () => {
    writeFileSync(temp('twins.csv'), 'a,a,y\n1,2,0\n3,4,1\n')
    await refusesInputs({ inputs: temp('twins.csv') }, 'DATA', [/twins\.csv.*'a'/])
    const path = await writeSample(temp('twins.parquet'), [x, x, y])
    await refusesInputs({ inputs: path }, 'DATA', [/twins\.parquet.*'x'/])
  })

  it('damaged files, naming them, on any thread', async () => {
    const [a, b] = await writeParts(temp('damaged'), [x, y], [20], 'parquet', 5)
    const bytes = readFileSync(b!)
    writeFileSync(b!, bytes.subarray(0, bytes.length - 20))
    for (const inlineBytesMax of [0, 1e9]) {
      await refusesInputs({ inputs: [a!, b!], inlineBytesMax }, 'DATA', [
        /part-1\.parquet/,
        /truncated/,
      ])
    }
    const holes = column('w', 'float', (row) => (row === 3 || row === 25 ? null : 1))
    const inputs = await writeParts(temp('holes'), [x, y, holes], [20], 'parquet', 2)
    for (const inlineBytesMax of [0, 1e9]) {
      // Of several errors it is always the first one in the order of the rows.
      await refusesInputs({ inputs, weight: 'w', inlineBytesMax }, 'DATA', [
        /'w' is NaN in row 4 of .*part-0/,
      ])
    }
  })

  it('features that the training data have and validation data have not', async () => {
    const inputs = await writeParts(temp('train'), [x, ids, y], [], 'parquet')
    const { data: reference } = await loadDataset({ inputs, label: 'y', labelKind: 'binary' })
    const less = await writeParts(temp('valid'), [x, y], [], 'parquet')
    await refusesInputs({ inputs: less, label: 'y', labelKind: 'binary', reference }, 'DATA', [
      /feature 'query' of the training data is not in .*part-0/,
    ])
    const text = column('x', 'string', (row) => `t${row}`)
    const texts = await writeParts(temp('texts'), [text, ids, y], [], 'parquet')
    await refusesInputs({ inputs: texts, label: 'y', labelKind: 'binary', reference }, 'DATA', [
      /feature column 'x' must hold numbers but holds text: .*'t0'/,
    ])
    const three = column('y', 'int', (row) => row % 3)
    const labels = await writeParts(temp('labels'), [x, ids, three], [], 'parquet')
    await refusesInputs({ inputs: labels, label: 'y', labelKind: 'binary', reference }, 'DATA', [
      /label 2 in row 3 of .*not a class of the training data \('0', '1'\)/,
    ])
  })

  it('more memory than there is, with both figures', async () => {
    const params = { maxMemoryMb: 1 }
    await refuses([x, y], { params }, 'MEMORY', [
      /needs about \d+ MB/,
      /more than the 1 MB of max_memory_mb; raise it, or use fewer threads/,
    ])
  })

  it('threads below 1', async () => {
    await refuses([x, y], { threads: 0 }, 'PARAMETER', [/threads must be an integer >= 1, got 0/])
  })

  it('a path that is not there, and a pattern that matches nothing', async () => {
    await refusesInputs({ inputs: temp('nowhere.parquet') }, 'IO', [
      /nowhere\.parquet/,
      /no such file/,
    ])
    await refusesInputs({ inputs: temp('train', '*.arrow') }, 'IO', [
      /no file matches the pattern .*train.*\*\.arrow; check it/,
    ])
  })
})
