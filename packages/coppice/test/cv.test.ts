import assert from 'node:assert/strict'
import { Booster, cv, Dataset, train, tune } from '../src/index.js'
import { flowersCsv, Workspace } from './support.js'

describe('coppice cv and tune', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const base = ['--data', 'train.csv', '--label', 'kind', '--ignore', 'id,species',
    '--objective', 'binary', '--metric', 'auc', '--num_leaves', '7', '--num_iterations', '6']
  const params = { objective: 'binary', metric: 'auc', numLeaves: 7, numIterations: 6 } as const
  const open = (): Promise<Dataset> =>
    Dataset.open(work.path('train.csv'), { label: 'kind', ignore: ['id', 'species'] })

  before(() => work.write('train.csv', flowersCsv(600, 3)))
  after(() => work.remove())

  it('prints what cv of the library gives, as a table and as JSON', async () => {
    const meant = await cv(params, await open(), { nFolds: 3, seed: 2 })
    const flags = ['--folds', '3', '--fold-seed', '2']
    const { stdout, stderr } = await work.ok('cv', ...base, ...flags, '--json')
    const { iterations, metrics, foldMetrics, bestIteration } = meant
    assert.deepEqual(JSON.parse(stdout), { bestIteration, iterations, metrics, foldMetrics })
    assert.match(stderr, /\[6\/6\] valid auc 0\.\d+ \+- 0\.\d+/)
    const table = await work.ok('cv', ...base, ...flags, '-q', '--state', 'cv.json')
    assert.match(table.stdout, /metric +iteration +mean +stdv +fold 1 +fold 2 +fold 3\n/)
    assert.match(table.stdout, new RegExp(
      `valid auc +6 +${Number(metrics['valid auc-mean']!.at(-1)!.toPrecision(6))} `))
    assert.equal(table.stderr, '')
    const again = await work.ok('cv', ...base, ...flags, '--state', 'cv.json')
    assert.equal(again.stdout, table.stdout)
    assert.doesNotMatch(again.stderr, /valid auc/)
  })

  it('searches, and writes a model of the best parameters', async () => {
    const space = { num_leaves: { integer: [3, 9] }, learning_rate: [0.1, 0.3] } as const
    work.write('space.json', JSON.stringify(space))
    const meant = await tune(params, space, await open(),
      { search: 'random', nTrials: 3, nFolds: 2 })
    const flags = ['--space', 'space.json', '--trials', '3', '--folds', '2', '--journal', 'j.jsonl']
    const { stdout, stderr } = await work.ok('tune', ...base, ...flags, '--model', 'best.json',
      '--json')
    const found = JSON.parse(stdout) as Record<string, unknown>
    assert.deepEqual(found['trials'], meant.trials)
    assert.deepEqual(found['best'], meant.best)
    assert.match(stderr,
      /trial 3 of 3: 0\.\d+ \+- .* at iteration 6; learning_rate 0\.\d, num_leaves \d/)
    const model = await Booster.load(work.path('best.json'))
    assert.equal(String(model), String(meant.booster))
    const table = await work.ok('tune', ...base, ...flags, '-q')
    assert.match(table.stdout,
      /^ +trial +rung +auc +stdv +iteration +learning_rate +num_leaves\nbest/)
    assert.equal(table.stdout.trim().split('\n').length, 4)
  })

  it('holds a part of the rows out where train is told to', async () => {
    await work.ok('train', ...base, '-q', '--validation-fraction', '0.2',
      '--early_stopping_round', '3', '--model', 'm.json')
    const meant = await train({ ...params, earlyStoppingRound: 3 }, await open(),
      { validationFraction: 0.2 })
    assert.equal(String(await Booster.load(work.path('m.json'))), String(meant))
  })

  it('refuses what would do nothing or cannot be', async () => {
    await work.fails(2, ['--data is missing'], 'cv')
    await work.fails(2, ['--label is missing'], 'cv', '--data', 'train.csv')
    await work.fails(2, ['--folds', '>= 2'], 'cv', ...base, '--folds', '1')
    await work.fails(2, ['--space is missing'], 'tune', ...base)
    await work.fails(1, ['space'], 'tune', ...base, '--space', 'none.json')
    work.write('bad.json', '{')
    await work.fails(2, ['the search space bad.json, is not JSON'], 'tune', ...base, '--space',
      'bad.json')
    work.write('grid.json', '{"num_leaves": [3, 5]}')
    await work.fails(2, ['--search halving'], 'tune', ...base, '--space', 'grid.json', '--factor',
      '2')
    await work.fails(2, ['gap', 'time'], 'cv', ...base, '--gap', '2')
    work.write('twice.json', '{"num_leaves": [3, 5],\n"num_leaves": [7]}')
    await work.fails(2, ['"num_leaves" comes twice', 'line 2'], 'tune', ...base, '--space',
      'twice.json')
    await work.fails(2, ['--fold-group', '--label', 'kind'], 'cv', ...base, '--fold-group', 'kind')
    await work.fails(2, ['--time', 'given twice'], 'cv', ...base, '--time', 'a', '--time', 'b')
    await work.fails(2, ['(--fold-seed) contradicts time'], 'cv', ...base, '--time', '--fold-seed',
      '3')
  })
})
