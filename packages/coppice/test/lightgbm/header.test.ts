import assert from 'node:assert/strict'
import { ExitCode } from '../../src/exit-codes.js'
import { Workspace } from '../support.js'

const cells = Array.from({ length: 200 }, (_, row) => [row * 37 % 101, row * 13 % 7])
const label = (row: number): number => Number(cells[row]![0]! > 50)

describe('header of configurations of LightGBM', function () {
  this.timeout(60_000)
  const work = new Workspace()
  after(() => work.remove())
  before(() => {
    work.write('a.svm', cells.map(([x, z], row) => `${label(row)} 0:${x} 1:${z}\n`).join(''))
    work.write('a.csv', cells.map(([x, z], row) => `${label(row)},${x},${z}\n`).join(''))
    work.write('named.csv', `y,a,b\n${work.read('a.csv')}`)
  })

  const train = ['objective=binary', 'num_trees=2', 'num_leaves=4', 'verbosity=-1']

  it('is refused where no line of names is looked for, unless there is none', async () => {
    for (const task of [['train', 'output_model=x.txt', ...train],
      ['predict', 'input_model=m.txt', 'output_result=o.txt'],
      ['refit', 'input_model=m.txt', 'output_model=r.txt']]) {
      await work.okHere('run', 'task=train', 'data=a.svm', 'header=false', 'output_model=m.txt',
        ...train)
      await work.okHere('run', `task=${task[0]!}`, 'data=a.svm', 'header=false', ...task.slice(1))
      await work.fails(ExitCode.usage, ['header', 'libsvm', 'leave it out'], 'run',
        `task=${task[0]!}`, 'data=a.svm', 'header=true', ...task.slice(1))
    }
  })

  it('is as it was for CSV, and what means missing is, too', async () => {
    for (const [name, header] of [['a', 'false'], ['named', 'true']]) {
      await work.okHere('run', 'task=train', `data=${name}.csv`, `header=${header}`,
        `output_model=${name}.txt`, ...train)
      await work.okHere('run', 'task=predict', `data=${name}.csv`, `header=${header}`,
        `input_model=${name}.txt`, `output_result=${name}.out`)
    }
    assert.equal(work.read('a.out'), work.read('named.out'))
  })
})
