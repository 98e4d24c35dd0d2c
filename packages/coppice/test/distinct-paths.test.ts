import assert from 'node:assert/strict'
import { linkSync, mkdirSync, symlinkSync } from 'node:fs'
import { flowersCsv, Workspace } from './support.js'

describe('an output that is an input', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const train = (...args: string[]) => ['train', '--data', 'train.csv', '--label', 'species',
    '--ignore', 'id,kind', '--num_iterations', '2', ...args]
  const csv = flowersCsv(200, 1)
  let model = ''

  before(async () => {
    work.write('train.csv', csv)
    work.write('a.conf', 'num_leaves = 5\n')
    work.write('folder/one.csv', csv)
    symlinkSync(work.path('train.csv'), work.path('link.csv'))
    linkSync(work.path('train.csv'), work.path('hard.csv'))
    mkdirSync(work.path('sub'))
    await work.ok(...train('--model', 'm.json', '--quiet'))
    model = work.read('m.json')
  })
  after(() => work.remove())
  afterEach(() => {
    assert.equal(work.read('train.csv'), csv)
    assert.equal(work.read('folder/one.csv'), csv)
    assert.equal(work.read('m.json'), model)
    assert.equal(work.read('a.conf'), 'num_leaves = 5\n')
  })

  it('is refused by predict, under any name of the file', async () => {
    for (const out of ['train.csv', './sub/../train.csv', 'link.csv', 'hard.csv']) {
      await work.fails(2, ['--out', '--data'], 'predict', '--model', 'm.json', '--data',
        'train.csv', '--out', out)
    }
    await work.fails(2, ['--out', '--data'], 'predict', '--model', 'm.json', '--data', 'folder',
      '--out', 'folder/one.csv')
    await work.fails(2, ['--out', '--data'], 'predict', '--model', 'm.json', '--data', 'fold*/*',
      '--out', 'folder/one.csv')
    await work.fails(2, ['--out', '--model'], 'predict', '--model', 'm.json', '--data',
      'train.csv', '--out', 'm.json')
  })

  it('is refused by train, and so are equal outputs', async () => {
    const fails = (words: string[], ...args: string[]) => work.fails(2, words, ...train(...args))
    await fails(['--model', '--data'], '--model', 'train.csv')
    await fails(['--model', '--valid'], '--valid', 'judge=folder', '--model', 'folder/one.csv')
    await fails(['--model', '--resume'], '--resume', 'm.json', '--model', 'm.json')
    await fails(['--metrics-file', '--resume'], '--resume', 'm.json', '--model', 'new.json',
      '--valid', 'folder', '--metrics-file', 'm.json')
    await fails(['--checkpoint', '--config'], '--config', 'a.conf', '--model', 'new.json',
      '--checkpoint', 'a.conf')
    await fails(['--model', '--checkpoint'], '--model', 'n.json', '--checkpoint', './sub/../n.json')
    await fails(['--model', '--metrics-file'], '--valid', 'folder', '--model', 'n.json',
      '--metrics-file', 'n.json')
    assert.ok(!work.has('n.json') && !work.has('new.json'))
  })

  it('is refused by partition, also in a folder that is read', async () => {
    const fails = (data: string, out: string) =>
      work.fails(2, ['--out', '--data'], 'partition', '--data', data, '--out', out)
    await fails('folder', 'folder')
    await fails('folder', 'folder/parts')
    await fails('folder/**/*.csv', 'folder/parts')
    await fails('train.csv', 'train.csv')
    await work.ok('partition', '--data', 'folder', '--out', 'folder2', '-q')
  })

  it('may be the checkpoint that a training goes on from', async () => {
    await work.ok(...train('--model', 'whole.json', '--checkpoint', 'c.json',
      '--checkpoint-every', '1', '-q'))
    await work.ok(...train('--model', 'again.json', '--checkpoint', 'c.json', '--resume', 'c.json',
      '-q'))
    assert.equal(work.read('again.json'), work.read('whole.json'))
  })
})
