import assert from 'node:assert/strict'
import { ExitCode } from '../src/exit-codes.js'
import { Workspace } from './support.js'

/** The rows of a query follow each other, or do not. */
function queriesCsv(isSorted: boolean): string {
  const lines = Array.from({ length: 400 }, (_, row) => {
    const x = row * 37 % 100
    return `${isSorted ? Math.floor(row / 10) : row % 40},${x},${row * 13 % 7},${Number(x > 50)}`
  })
  return `q,x,z,y\n${lines.join('\n')}\n`
}

describe('--group of data that nobody ranks', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const flags = ['--label', 'y', '--num_iterations', '2', '--num_leaves', '4']
  const data = ['--data', 'a.csv', ...flags]
  const train = (...args: string[]) => ['train', ...data, '--model', 'm.json', ...args]

  before(() => {
    work.write('a.csv', queriesCsv(true))
    work.write('torn.csv', queriesCsv(false))
  })
  after(() => work.remove())

  it('is refused, before a file is read', async () => {
    for (const objective of ['binary', 'regression', 'cox']) {
      await work.fails(ExitCode.usage, ['--group q', `objective = ${objective}`, '--ignore q'],
        'train', '--data', 'nowhere.csv', ...flags, '--objective', objective, '--group', 'q',
        '--model', 'm.json')
    }
    assert.ok(!work.has('m.json'))
    await work.okHere(...train('--objective', 'binary', '--ignore', 'q', '-q'))
    for (const [name, ...args] of [['evaluate'], ['refit', '--out', 'r.json']]) {
      await work.fails(ExitCode.usage, ['--group q', 'objective = binary', 'leave it out'], name!,
        '--model', 'm.json', '--data', 'a.csv', '--label', 'y', '--group', 'q', ...args)
    }
  })

  it('is taken where queries are read', async () => {
    const group = ['--group', 'q', '-q']
    await work.okHere(...train('--objective', 'lambdarank', ...group))
    const parts = ['--validation-fraction', '0.3']
    await work.okHere(...train('--objective', 'binary', ...parts, ...group))
    await work.ok('cv', ...data, '--objective', 'binary', '--folds', '2', ...group)
  })

  it('is no feature, and named, where a configuration of LightGBM has it', async () => {
    const run = ['run', 'data=torn.csv', 'header=true', 'label=name:y', 'objective=binary',
      'num_trees=2', 'num_leaves=4', 'verbosity=1']
    const said = await work.okHere(...run, 'group=name:q', 'output_model=group.txt')
    assert.match(said, /^no effect here: group_column$/m)
    await work.okHere(...run, 'ignore_column=name:q', 'output_model=ignore.txt')
    assert.equal(work.read('group.txt'), work.read('ignore.txt'))
  })
})
