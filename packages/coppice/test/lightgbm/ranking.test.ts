import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ExitCode } from '../../src/exit-codes.js'
import { Workspace } from '../support.js'

const golden = path.resolve(import.meta.dirname, '../../../test/lightgbm/golden')
const expected = JSON.parse(readFileSync(path.join(golden, 'ranking.json'), 'utf8')) as {
  readonly history: Readonly<Record<string, readonly number[]>>
  readonly result: string
}
const conf = `
objective = lambdarank
data = ranking.train
valid_data = ranking.test
metric = ndcg,map
eval_at = 2,5
num_leaves = 7
min_data_in_leaf = 1
num_trees = 8
min_sum_hessian_in_leaf = 1
lambdarank_position_bias_regularization = 0.5
`

function assertClose(actual: readonly number[], wanted: readonly number[]): void {
  assert.equal(actual.length, wanted.length)
  // gradients of LightGBM are floats
  for (const [i, value] of wanted.entries()) {
    assert.ok(Math.abs(actual[i]! - value) < 2e-5, `${i}: ${actual[i]} is not ${value}`)
  }
}

describe('rankings of LightGBM, with .query and .position beside the data', function () {
  this.timeout(60_000)
  const work = new Workspace()
  before(() => {
    cpSync(golden, work.folder, { recursive: true })
    work.write('rank.conf', conf)
  })
  after(() => work.remove())

  it('are refit with their queries', async () => {
    const said = await work.okHere('run', 'task=refit', 'data=ranking.test',
      'input_model=ranking.model.txt', 'output_model=refit.txt', 'refit_decay_rate=0.5')
    assert.match(said, /^queries: ranking\.test\.query$/m)
    assert.match(said, /^not used: ranking\.test\.position; refitting/m)
    await work.okHere('refit', '--model', 'ranking.model.txt', '--data', 'ranking.test', '--label',
      '0', '--decay-rate', '0.5', '--out', 'flags.txt')
    assert.equal(work.read('flags.txt'), work.read('refit.txt'))
    assert.notEqual(work.read('refit.txt'), work.read('ranking.model.txt'))
  })

  it('train, predict and evaluate as LightGBM does', async () => {
    const said = await work.okHere('run', 'config=rank.conf', 'output_model=rank.txt',
      '--metrics-file', 'metrics.jsonl')
    for (const ending of ['train.query', 'train.position', 'train.weight', 'test.query']) {
      assert.match(said, new RegExp(`^[a-z]+: ranking\\.${ending.replace('.', '\\.')}$`, 'm'))
    }
    const lines = work.read('metrics.jsonl').trimEnd().split('\n').map((line) =>
      JSON.parse(line) as { metric: string, value: number })
    const own = (metric: string): number[] =>
      lines.filter((line) => line.metric === metric).map(({ value }) => value)
    for (const [metric, values] of Object.entries(expected.history)) {
      assertClose(own(metric), values)
    }
    await work.okHere('run', 'task=predict', 'data=ranking.test', 'input_model=rank.txt')
    assertClose(work.read('LightGBM_predict_result.txt').trim().split('\n').map(Number),
      expected.result.trim().split('\n').map(Number))
    const { stdout } = await work.ok('evaluate', '--model', 'rank.txt', '--data', 'ranking.test',
      '--label', '0', '--metric', 'ndcg@5', '--json')
    const { 'ndcg@5': ndcg } = JSON.parse(stdout) as Record<string, number>
    assert.equal(ndcg, own('ndcg@5').at(-1))
  })

  it('are one model whichever way they are asked for', async () => {
    await work.okHere('train', '--config', 'rank.conf', '--model', 'a.json', '--quiet')
    const lines = work.read('ranking.train').trimEnd().split('\n')
    const [sizes, positions, weights] = ['query', 'position', 'weight'].map((ending) =>
      work.read(`ranking.train.${ending}`).trimEnd().split('\n'))
    const queries = sizes!.flatMap((size, q) => new Array<number>(Number(size)).fill(q))
    const header = 'y,Column_0,Column_1,Column_2,Column_3,Column_4,q,p,w\n'
    work.write('columns.csv', header + lines.map((line, row) =>
      `${[...line.split('\t'), queries[row], positions![row], weights![row]].join(',')}\n`)
      .join(''))
    const flags = ['--label', 'y', '--group', 'q', '--position', 'p', '--weight', 'w',
      '--objective', 'lambdarank', '--num_leaves', '7', '--min_data_in_leaf', '1', '--num_trees',
      '8', '--min_sum_hessian_in_leaf', '1', '--lambdarank_position_bias_regularization',
      '0.5', '--metric', 'ndcg,map', '--eval_at', '2,5', '--quiet']
    await work.okHere('train', '--data', 'columns.csv', ...flags, '--model', 'b.json',
      '--threads', '2')
    const trees = (file: string): unknown => {
      const { trees: own, positionBiases } = JSON.parse(work.read(file)) as Record<string, unknown>
      return { own, positionBiases }
    }
    assert.deepEqual(trees('a.json'), trees('b.json'))
  })

  it('side files are named where they are not used or cannot be used', async () => {
    const said = await work.okHere('run', 'config=rank.conf', 'objective=rank_xendcg',
      'lambdarank_position_bias_regularization=0', 'output_model=x.txt')
    assert.match(said, /^not used: ranking\.train\.position; objective = rank_xendcg does not use/m)
    await work.fails(ExitCode.usage, ['ranking.train.query', '--group'],
      'train', '--config', 'rank.conf', '--local-workers', '1', '--model', 'c.json',
      '--weight', '1')
  })
})
