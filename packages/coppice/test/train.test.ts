import assert from 'node:assert/strict'
import { ExitCode } from '../src/exit-codes.js'
import { flowersCsv, Workspace } from './support.js'

const base = ['--label', 'species', '--ignore', 'id,kind', '--objective', 'binary']
const quick = ['--num_iterations', '8', '--num_leaves', '7']

describe('coppice train', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const train = (...args: string[]) =>
    ['train', '--data', 'train.csv', ...base, ...quick, '--model', 'model.json', ...args]

  before(() => {
    work.write('train.csv', flowersCsv(1200, 1))
    work.write('valid.csv', flowersCsv(400, 2))
  })
  after(() => work.remove())

  it('writes a model; flags and files say the same in any spelling', async () => {
    const { stderr, stdout } = await work.ok(...train('--valid', 'valid.csv', '--metric', 'auc'))
    assert.match(stderr, /^\[1\/8\] valid_0 auc 0\.\d+$/m)
    assert.match(stderr, new RegExp('saved the model to model\\.json \\(8 trees\\)\n' +
      'took \\d+\\.\\d\\d s: reading \\d+\\.\\d\\d, binning .*, training .*, saving .*\n$'))
    assert.equal(stdout, '')
    const model = work.read('model.json')
    work.write('lightgbm.conf', [
      '# as LightGBM has it', 'task = train', 'objective = binary', 'data = train.csv',
      'valid = valid.csv', 'label_column = name:species', 'ignore_column = name:id,kind',
      'num_trees = 8', 'num_leaves = 63', 'metric = auc', 'output_model = conf.json',
      'force_col_wise = true', 'header = true'].join('\n'))
    const config = await work.ok('train', '--config', 'lightgbm.conf', '--max_leaves=7')
    assert.match(config.stderr, /no effect here: force_col_wise/)
    assert.equal(work.read('conf.json'), model)
    work.write('params.json', JSON.stringify({ objective: 'binary', num_leaves: 7,
      n_estimators: 8, metric: ['auc'] }))
    await work.ok('train', '--config', 'params.json', '--data', 'train.csv', '--valid', 'valid.csv',
      '--label', 'species', '--ignore', 'id', 'kind', '--model', 'json.json', '--threads', '2')
    assert.equal(work.read('json.json'), model)
  })

  it('refuses objectives that the format of the model does not have before it trains', async () => {
    const hinge = ['--objective', 'hinge', '--checkpoint', 'early.json', '--checkpoint-every', '1']
    for (const [flags, words] of [
      [['--model', 'hinge.txt'], []],
      [['--model', 'hinge.json', '--model-format', 'lightgbm'], []],
      [['--model', 'hinge.conf.txt'], ['--config', 'hinge.conf']],
    ]) {
      work.write('hinge.conf', 'num_trees = 8')
      const refused = await work.run('train', '--data', 'train.csv', '--label', 'species',
        '--ignore', 'id,kind', ...quick.slice(2), ...hinge, ...flags!, ...words!)
      assert.equal(refused.code, ExitCode.failure)
      assert.match(refused.stderr, /LightGBM has no objective "hinge"/)
    }
    assert.ok(work.names().every((name) => !/^(hinge.*(txt|json)|early)/.test(name)))
    await work.ok('train', '--data', 'train.csv', '--label', 'species', '--ignore', 'id,kind',
      ...quick, '--objective', 'hinge', '--model', 'hinge.json')
    work.write('refit.conf', 'task = refit\ndata = train.csv\ninput_model = hinge.json\n' +
      'output_model = hinge.txt\nlabel_column = name:species\nheader = true')
    const again = await work.run('run', 'config=refit.conf')
    assert.match(again.stderr, /LightGBM has no objective "hinge"/)
  })

  it('reads the files of forced splits and bins; the model has what is in them', async () => {
    const numeric = 0
    work.write('splits.json', JSON.stringify({ feature: numeric, threshold: 0.75 }))
    work.write('bins.json', JSON.stringify([{ feature: 'length', bin_upper_bound: [0.2, 0.75] }]))
    work.write('constrained.conf', 'fs = splits.json\nmonotone_constraints = {"width": 1}')
    await work.ok(...train('--config', 'constrained.conf', '--forcedbins_filename', 'bins.json'))
    const model = JSON.parse(work.read('model.json')) as {
      parameters: Record<string, unknown>, trees: { splitFeature: number[], threshold: number[] }[],
    }
    assert.equal(model.parameters['forcedsplits_filename'],
      JSON.stringify({ feature: numeric, threshold: 0.75 }))
    assert.equal(model.parameters['monotone_constraints'], '{"width":1}')
    for (const tree of model.trees) {
      assert.deepEqual([tree.splitFeature[0], tree.threshold[0]], [numeric, 0.75])
    }
    work.write('splits.json', '{')
    const broken = await work.run(...train('--forced_splits', 'splits.json'))
    assert.match(broken.stderr, /the file of forcedsplits_filename, splits\.json, is not JSON/)
    const missing = await work.run(...train('--forced_splits', 'nowhere.json'))
    assert.match(missing.stderr, /cannot read the file of forcedsplits_filename, nowhere\.json/)
    assert.ok(broken.code !== 0 && missing.code !== 0)
  })

  it('takes text labels, several named evaluation sets, and infers num_class', async () => {
    await work.ok('train', '--data', 'train.csv', '--label', 'kind', '--ignore', 'species,id',
      '--objective', 'binary', ...quick, '--model', 'text.json', '--valid', 'judge=valid.csv',
      '--valid', 'valid.csv', '--quiet')
    const model = JSON.parse(work.read('text.json')) as {
      classes: unknown, evaluation: { dataset: string }[] }
    assert.deepEqual(model.classes, ['lily', 'rose'])
    assert.deepEqual(model.evaluation.map(({ dataset }) => dataset), ['judge', 'valid_1'])
    await work.ok('train', '--data', 'train.csv', '--label', 'colour',
      '--ignore', 'species,id,kind', '--objective', 'multiclass', ...quick, '--model', 'multi.json')
    const multi = JSON.parse(work.read('multi.json')) as { classes: unknown }
    assert.deepEqual(multi.classes, ['blue', 'red', 'white'])
  })

  it('logs JSON lines, writes metrics, stops early, keeps quiet', async () => {
    const { stderr } = await work.ok(...train('--valid', 'valid.csv', '--log-format', 'json',
      '--metrics-file', 'metrics.jsonl', '--early_stopping_round', '2', '--num_iterations=8')
      .filter((arg, i, all) => arg !== '--num_iterations' && all[i - 1] !== '--num_iterations'))
    const events = stderr.trimEnd().split('\n').map((line) =>
      JSON.parse(line) as { event: string, iteration?: number })
    assert.deepEqual(events.filter(({ event }) => event === 'iteration')
      .map(({ iteration }) => iteration), [0, 1, 2, 3, 4, 5, 6, 7])
    assert.deepEqual(events.slice(-2).map(({ event }) => event), ['saved', 'took'])
    assert.deepEqual(Object.keys(events.at(-1)!),
      ['event', 'readMs', 'binMs', 'trainMs', 'saveMs'])
    const lines = work.read('metrics.jsonl').trimEnd().split('\n')
    assert.equal(lines.length, 8)
    assert.deepEqual(Object.keys(JSON.parse(lines[3]!) as object),
      ['iteration', 'dataset', 'metric', 'value'])
    const quiet = await work.ok(...train('--quiet'))
    assert.equal(quiet.stderr + quiet.stdout, '')
  })

  it('warns of a model without trees, even when quiet, and lists what has no effect', async () => {
    const { stderr } = await work.ok(...train('-q', '--min_data_in_leaf', '1000'))
    assert.match(stderr, /^warning: the model model\.json has no tree[^\n]* min_data_in_leaf.*\n$/)
    const none = await work.ok('train', '--data', 'train.csv', '--label', 'species', '-q',
      '--objective', 'binary', '--num_iterations', '0', '--model', 'model.json')
    assert.match(none.stderr, /^warning: [^\n]* predicts a constant: num_iterations is 0\n$/)
    const learner = await work.ok(...train('--tree_learner', 'data'))
    assert.match(learner.stderr, /no effect here: tree_learner/)
  })

  it('says which metrics are computed of nothing', async () => {
    assert.match(await work.okHere(...train('--metric', 'auc')),
      /^no effect here: metric \(give --valid\)$/m)
    for (const args of [[], ['--metric', 'None'], ['--metric', 'auc', '--valid', 'valid.csv'],
      ['--metric', 'auc', '--is_provide_training_metric']]) {
      assert.doesNotMatch(await work.okHere(...train(...args)), /no effect here/)
    }
  })

  it('refuses lists of which a part is without a value', async () => {
    for (const args of [['--metric'], ['--metric', 'auc', '--metric'], ['--metric='],
      ['--metric', 'auc', '--metric', '--quiet'], ['--metric', '--quiet']]) {
      await work.fails(2, ['--metric needs a value'], ...train(...args))
    }
    await work.okHere(...train('--metric', 'auc', 'binary_logloss', '-q', '--valid', 'valid.csv'))
  })

  it('tells errors as JSON lines too', async () => {
    const error = async (...args: string[]) => {
      const { code, stderr } = await work.run(...train('--log-format', 'json', ...args))
      const lines = stderr.trimEnd().split('\n').map((line) => JSON.parse(line) as
        { event: string, code: string, message: string })
      return { ...lines.at(-1)!, status: code }
    }
    const unknown = await error('--no_such_flag', '1')
    assert.deepEqual([unknown.event, unknown.code, unknown.status], ['error', 'USAGE', 2])
    const missing = await error('--valid', 'nowhere.csv')
    assert.deepEqual([missing.event, missing.code, missing.status], ['error', 'IO', 1])
    assert.match(missing.message, /nowhere\.csv/)
  })

  describe('says what is wrong and leaves nothing behind', () => {
    const cases: [what: string, code: number, words: string[], args: string[]][] = [
      ['a missing file', 1, ['nowhere.csv'], ['--data', 'nowhere.csv', '--label', 'y']],
      ['a pattern without files', 1, ['no-*.csv'], ['--data', 'no-*.csv', '--label', 'y']],
      ['an unknown label', 1, ["'specie'", "'species'"],
        ['--data', 'train.csv', '--label', 'specie']],
      ['an unknown weight', 1, ["'heft'"],
        ['--data', 'train.csv', '--label', 'species', '--weight', 'heft']],
      ['no label', 2, ['--label is missing'], ['--data', 'train.csv']],
      ['a constant label', 1, ['constant.csv', 'every row'].slice(1),
        ['--data', 'constant.csv', '--label', 'y']],
      ['a missing label', 1, ['missing', 'nan.csv'], ['--data', 'nan.csv', '--label', 'y']],
      ['labels that are not 0 and 1', 1, ['0 or 1'],
        ['--data', 'three.csv', '--label', 'y', '--objective', 'binary']],
      ['negative weights', 1, ['weight', '-1'],
        ['--data', 'weights.csv', '--label', 'y', '--weight', 'w']],
      ['files with other columns', 1, ['train.csv', 'three.csv'],
        ['--data', 'train.csv', 'three.csv', '--label', 'species']],
      ['a column twice', 1, ["'x'", 'twice.csv'], ['--data', 'twice.csv', '--label', 'y']],
      ['a ragged file', 1, ['ragged.csv'], ['--data', 'ragged.csv', '--label', 'y']],
      ['text where a file before had numbers', 1, ["'x'"],
        ['--data', 'three.csv', '--valid', 'words.csv', '--label', 'y']],
      ['a truncated file', 1, ['cut.parquet'], ['--data', 'cut.parquet', '--label', 'y']],
      ['an unknown flag', 2, ['--labell', '--label'], ['--labell', 'y']],
      ['an unknown parameter', 2, ['--num_leavs', '--num_leaves'], ['--num_leavs', '3']],
      ['a value out of range', 2, ['num_leaves', '"1"'], ['--num_leaves', '1']],
      ['a value of the wrong type', 2, ['learning_rate', '"fast"'], ['--learning_rate', 'fast']],
      ['contradictions', 2, ['is_unbalance', 'scale_pos_weight'],
        ['--objective', 'binary', '--is_unbalance', '--scale_pos_weight', '2']],
      ['an empty value', 2, ['objective', '""'], ['--objective', '']],
      ['many machines', 2, ['num_machines', 'coppice worker', '--cluster URL'],
        ['--num_machines', '2']],
      ['first_metric_only alone', 2, ['first_metric_only', 'early_stopping_round'],
        ['--first_metric_only']],
      ['a metrics file without metrics', 2, ['--metrics-file', '--valid'],
        ['--metrics-file', 'm.jsonl']],
      ['evaluation data without a metric', 2, ['--valid', 'None'],
        ['--valid', 'a.csv', '--metric', 'None']],
      ['what is not built', 2, ['save_binary'], ['--save_binary', 'true']],
      ['a flag without its value', 2, ['--label needs a value'], ['--label']],
      ['a flag given twice', 2, ['--label', 'twice'], ['--label', 'a', '--label', 'b']],
      ['a parameter given twice', 2, ['--num_leaves', 'twice'],
        ['--num_leaves', '5', '--num_leaves', '6']],
      ['a list in parts, of which one is wrong', 2, ['max_bin_by_feature', '9,1'],
        ['--max_bin_by_feature', '9', '--max_bin_by_feature', '1']],
      ['one parameter under two names', 2, ['num_leaves', 'max_leaves'],
        ['--num_leaves', '3', '--max_leaves', '4']],
      ['--threads beside num_threads', 2, ['--threads', '--num_threads'],
        ['--threads', '1', '--num_threads', '2']],
      ['stray words', 2, ['"stray.csv"', 'quote'], ['--valid', 'a.csv', 'stray.csv']],
      ['early stopping without evaluation', 2, ['early_stopping_round'],
        ['--data', 'train.csv', '--label', 'species', '--early_stopping_round', '3']],
      ['an unknown key of a configuration', 2, ['bad.conf', 'num_leavs', 'num_leaves'],
        ['--config', 'bad.conf']],
      ['a missing configuration', 1, ['none.conf'], ['--config', 'none.conf']],
      ['a checkpoint that is no model', 1, ['train.csv'],
        ['--data', 'train.csv', '--label', 'species', '--resume', 'train.csv']],
      ['too little memory', 1, ['max_memory_mb'],
        ['--data', 'train.csv', '--label', 'species', '--max_memory_mb', '1']],
    ]

    before(() => {
      work.write('constant.csv', 'x,y\n1,1\n2,1\n3,1\n')
      work.write('nan.csv', 'x,y\n1,1\n2,\n3,0\n')
      work.write('three.csv', 'x,y\n1,1\n2,5\n3,0\n')
      work.write('weights.csv', 'x,y,w\n1,1,1\n2,0,-1\n3,0,1\n')
      work.write('twice.csv', 'x,x,y\n1,1,1\n2,2,0\n')
      work.write('ragged.csv', 'x,y\n1,1\n2,0,7\n3,0\n')
      work.write('words.csv', 'x,y\nmany,1\n2,5\n3,0\n')
      work.write('cut.parquet', new TextEncoder().encode('PAR1 and then nothing'))
      work.write('bad.conf', 'objective = binary\nnum_leavs = 3\n')
    })

    // Most of each case is the start of the command: two at a time.
    const fails = (code: number, words: string[], args: string[]) => {
      const data = args.includes('--data') ? [] : ['--data', 'train.csv']
      return work.fails(code, words, 'train', ...data, ...args, '--model', 'bad.json')
    }
    const results = new Map<string, Promise<string>>()
    let names: string[] = []
    before(async () => {
      names = work.names()
      const queue = cases.filter(([, code]) => code !== ExitCode.usage)
      const runQueue = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const [what, code, words, args] = next
          const result = fails(code, words, args)
          results.set(what, result)
          await result.catch(() => undefined)
        }
      }
      await Promise.all([runQueue(), runQueue()])
    })
    for (const [what, code, words, args] of cases) {
      it(what, async () => {
        await results.get(what)
        if (code === ExitCode.usage) await fails(code, words, args)
      })
    }

    it('not a file', () => assert.deepEqual(work.names(), names))

    it('no model, and a model that is a folder', async () => {
      await work.fails(2, ['--model is missing'], 'train', '--data', 'train.csv')
      await work.fails(2, ['--data is missing'], 'train', '--model', 'x.json')
      await work.fails(1, ['folder'], 'train', '--data', 'train.csv', '--label', 'y',
        '--model', '.')
    })

    it('keeps the older model', async () => {
      await work.ok(...train('--quiet'))
      const model = work.read('model.json')
      await work.fails(1, ["'nothing'"], ...train('--categorical', 'nothing'))
      assert.equal(work.read('model.json'), model)
    })
  })
})
