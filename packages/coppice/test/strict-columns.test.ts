import assert from 'node:assert/strict'
import { ExitCode } from '../src/exit-codes.js'
import { Workspace } from './support.js'

const rows = Array.from({ length: 200 }, (_, row) => [row * 37 % 101, row * 13 % 7, row % 5])
const label = (row: number): number => Number(rows[row]![0]! > 50)

describe('columns and options that would be left unread', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const few = ['--objective', 'binary', '--num_iterations', '2', '--num_leaves', '4', '-q']
  after(() => work.remove())

  before(async () => {
    work.write('a.svm', rows.map((cells, row) =>
      `${label(row)} ${cells.map((cell, f) => `${f}:${cell}`).join(' ')}\n`).join(''))
    work.write('a.csv', 'a,b,w,y\n' +
      rows.map((cells, row) => `${cells.join(',')},${label(row)}\n`).join(''))
    await work.okHere('train', '--data', 'a.svm', '--ignore', '2', '--model', 'svm.json', ...few)
    await work.okHere('train', '--data', 'a.csv', '--label', 'y', '--ignore', 'w',
      '--model', 'csv.json', ...few)
  })

  it('counts columns of LibSVM without its label everywhere', async () => {
    const model = ['--model', 'svm.json', '--data', 'a.svm']
    const rest = ['--out', 'refitted.json', '-q']
    await work.okHere('evaluate', ...model, '--ignore', '2')
    await work.okHere('predict', ...model, '--ignore', '2', '--out', 'p.csv', '-q')
    await work.okHere('refit', ...model, '--ignore', '2', ...rest)
    for (const command of [['evaluate'], ['predict', '--out', 'q.csv'], ['refit', ...rest]]) {
      await work.fails(ExitCode.usage, ["'Column_1'", 'a feature of the model'],
        command[0]!, ...model, ...command.slice(1), '--ignore', '1')
      await work.fails(ExitCode.failure, ["'foo'", 'does not exist'],
        command[0]!, ...model, ...command.slice(1), '--ignore', 'foo')
    }
    assert.ok(!work.has('q.csv'))
    // one that no row of these files stores
    await work.okHere('evaluate', ...model, '--ignore', '2,Column_9')
    await work.fails(ExitCode.usage, ["'Column_1'"], 'evaluate', ...model, '--ignore', '1,9')
  })

  it('refuses two roles of a column where there is a model', async () => {
    for (const command of [['evaluate'], ['refit', '--out', 'r.json']]) {
      await work.fails(ExitCode.failure, ["'w'", 'weight and as ignore'], command[0]!,
        '--model', 'csv.json', '--data', 'a.csv', '--label', 'y', '--weight', 'w', '--ignore', 'w',
        ...command.slice(1))
    }
  })

  it('refuses flags of text files for others, and takes them for some', async () => {
    for (const flag of [['--header', 'true'], ['--missing-values', '-999']]) {
      const words = [flag[0]!, 'libsvm', 'leave it out']
      const data = ['--data', 'a.svm', ...flag]
      await work.fails(ExitCode.usage, words, 'train', ...data, '--model', 'm.json', ...few)
      await work.fails(ExitCode.usage, words, 'cv', ...data, ...few)
      await work.fails(ExitCode.usage, words, 'evaluate', ...data, '--model', 'svm.json')
      await work.fails(ExitCode.usage, words, 'predict', ...data, '--model', 'svm.json',
        '--out', 'q.csv')
      await work.fails(ExitCode.usage, words, 'partition', ...data, '--out', 'parts')
      assert.ok(!work.has('m.json'))
    }
    await work.okHere('partition', '--data', 'a.csv', '--out', 'parts', '--header', 'true', '-q')
    await work.okHere('train', '--data', 'parts', '--valid', 'a.csv', '--missing-values', '-999',
      '--label', 'y', '--model', 'm.json', ...few)
  })
})
