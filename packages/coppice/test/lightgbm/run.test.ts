import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ExitCode } from '../../src/exit-codes.js'
import { Workspace } from '../support.js'

const golden = path.resolve(import.meta.dirname, '../../../test/lightgbm/golden')

interface Golden {
  readonly history: Readonly<Record<string, readonly number[]>>
  readonly result: string
  readonly raw: string
  readonly leaf: string
  readonly contrib: string
}

function goldenOf(name: string): Golden {
  return JSON.parse(readFileSync(path.join(golden, `${name}.json`), 'utf8')) as Golden
}

const tree = 'num_leaves=7 min_data_in_leaf=1 min_sum_hessian_in_leaf=3 num_trees=10'.split(' ')
const columns = ['objective=regression', 'metric=l2', 'min_data_per_group=1', 'cat_smooth=1']
const trainings: Readonly<Record<string, readonly string[]>> = {
  binary: ['objective=binary', 'metric=binary_logloss,auc'],
  regression: [...columns, 'header=true', 'label=name:target', 'weight=name:heft',
    'ignore_feature=name:id', 'cat_feature=name:kind'],
  indices: [...columns, 'label_column=4', 'weight_column=4', 'ignore_column=0',
    'categorical_feature=7'],
  multiclass: ['objective=softmax', 'num_classes=3', 'metric=multi_logloss,multi_error'],
  sparse: ['objective=binary', 'metric=auc'],
}

/** Numbers of a file of results. */
function numbersOf(text: string): number[] {
  return text.split(/\s/).filter((word) => word !== '').map(Number)
}

function assertClose(actual: readonly number[], expected: readonly number[], most: number): void {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i]! - value) <= most * Math.max(1, Math.abs(value)),
      `${i}: ${actual[i]} is not ${value}`)
  }
}

describe('coppice run', function () {
  this.timeout(60_000)
  const work = new Workspace()
  before(() => cpSync(golden, work.folder, { recursive: true }))
  after(() => work.remove())

  for (const [name, words] of Object.entries(trainings)) {
    it(`trains as LightGBM does: ${name}`, async () => {
      const expected = goldenOf(name)
      await work.okHere('run', `data=${name}.train`, `valid=${name}.test`, ...tree, ...words,
        `output_model=${name}.own.txt`, '--metrics-file', 'metrics.jsonl', '--quiet')
      const lines = work.read('metrics.jsonl').trimEnd().split('\n').map((line) =>
        JSON.parse(line) as { metric: string, value: number })
      for (const [metric, values] of Object.entries(expected.history)) {
        assertClose(lines.filter((line) => line.metric === metric).map(({ value }) => value),
          values, 1e-6)
      }
      // what columns there are, and where the label is, are LightGBM's too
      const layout = (file: string): string[] => work.read(file).split('\n')
        .filter((line) => /^(label_index|max_feature_idx|feature_names|num_class)=/.test(line))
      assert.deepEqual(layout(`${name}.own.txt`), layout(`${name}.model.txt`))
      const unused = (file: string): boolean[] => /^feature_infos=(.*)$/m
        .exec(work.read(file))![1]!.split(' ').map((info) => info === 'none')
      assert.deepEqual(unused(`${name}.own.txt`), unused(`${name}.model.txt`))
      await work.okHere('run', 'task=predict', `data=${name}.test`,
        `input_model=${name}.own.txt`, 'output_result=own.txt')
      assertClose(numbersOf(work.read('own.txt')), numbersOf(expected.result), 1e-6)
    })

    it(`predicts with models of LightGBM, to the same files: ${name}`, async () => {
      const expected = goldenOf(name)
      const predict = async (...more: string[]): Promise<string> => {
        await work.okHere('run', 'task=predict', `data=${name}.test`,
          `input_model=${name}.model.txt`, ...more)
        return work.read('LightGBM_predict_result.txt')
      }
      assert.equal(await predict('predict_raw_score=true'), expected.raw)
      assert.equal(await predict('is_predict_leaf_index=true'), expected.leaf)
      const contributions = await predict('predict_contrib=true')
      assertClose(numbersOf(contributions), numbersOf(expected.contrib), 1e-12)
      assert.equal(contributions.split('\n')[0]!.split('\t').length,
        expected.contrib.split('\n')[0]!.split('\t').length)
      const result = await predict()
      assertClose(numbersOf(result), numbersOf(expected.result), 1e-15)
      assert.equal(result.split('\n')[0]!.split('\t').length,
        expected.result.split('\n')[0]!.split('\t').length)
    })
  }

  it('stops predictions early where LightGBM does, and says where not', async () => {
    const expected = JSON.parse(work.read('early-stop.json')) as Record<string, string>
    const stop = ['pred_early_stop=true', 'pred_early_stop_freq=2', 'pred_early_stop_margin=0.8']
    const predict = (name: string, ...more: string[]) => work.okHere('run', 'task=predict',
      `data=${name}.test`, `input_model=${name}.model.txt`, 'predict_raw_score=true', ...more)
    for (const [name, result] of Object.entries(expected)) {
      await predict(name, ...stop)
      assert.equal(work.read('LightGBM_predict_result.txt'), result)
      assert.notEqual(result, goldenOf(name).raw)
    }
    assert.doesNotMatch(await predict('sparse', ...stop.slice(0, 1)), /pred_early_stop/)
    assert.match(await predict('indices', ...stop), /pred_early_stop has no effect/)
    assert.equal(work.read('LightGBM_predict_result.txt'), goldenOf('indices').raw)
  })

  it('translates models into C++, and into JavaScript', async () => {
    const convert = ['task=convert_model', 'input_model=multiclass.model.txt']
    const said = await work.okHere('run', ...convert, 'convert_model_language=cpp')
    assert.match(said, /wrote 30 trees to gbdt_prediction\.cpp/)
    assert.match(work.read('gbdt_prediction.cpp'), /^extern "C" void predict\(/m)
    await work.okHere('run', ...convert, 'convert_model=own.mjs',
      'convert_model_language=javascript')
    await work.okHere('convert', '--model', 'multiclass.model.txt', '--out', 'flags.mjs')
    assert.equal(work.read('flags.mjs'), work.read('own.mjs'))
    const { predictRaw } = await import(work.path('own.mjs')) as
      { predictRaw: (row: number[]) => number[] }
    const rows = work.read('multiclass.test').trimEnd().split('\n').map((line) =>
      line.split('\t').slice(1).map(Number))
    assert.deepEqual(rows.flatMap(predictRaw), numbersOf(goldenOf('multiclass').raw))
    await work.okHere('convert', '--model', 'multiclass.model.txt', '--out', 'flags.cc')
    assert.equal(work.read('flags.cc'), work.read('gbdt_prediction.cpp'))
  })

  it('goes on from a model of LightGBM, whose trees come first', async () => {
    await work.okHere('run', 'task=train', 'data=sparse.train', 'objective=binary',
      'input_model=sparse.model.txt', 'num_trees=2', 'snapshot_freq=1', 'output_model=more.txt')
    const treesOf = (file: string): string[] => work.read(file).split(/^(?=Tree=)/m).slice(1)
      .map((text) => /^leaf_value=(.*)$/m.exec(text)![1]!)
    const [first, more] = [treesOf('sparse.model.txt'), treesOf('more.txt')]
    assert.equal(more.length, first.length + 2)
    assert.deepEqual(more.slice(0, first.length).map((text) => text.split(' ').map(Number)),
      first.map((text) => text.split(' ').map(Number)))
    assert.deepEqual(treesOf('more.txt.snapshot_iter_1'), more.slice(0, -1))
    await work.okHere('convert', '--model', 'more.txt', '--iterations', String(first.length),
      '--out', 'first.json')
    await work.okHere('convert', '--model', 'first.json', '--out', 'first.txt')
    assert.deepEqual(treesOf('first.txt'), more.slice(0, first.length))
    await work.fails(ExitCode.usage, ['--iterations', 'begin with the first'], 'convert',
      '--model', 'more.txt', '--iterations', '1:2', '--out', 'first.json')
    await work.fails(ExitCode.failure, ['begin', 'lack its features'], 'run', 'data=sparse.train',
      'objective=binary', 'input_model=regression.model.txt')
  })

  it('finds columns by place: without a label, and of a model with names', async () => {
    const expected = goldenOf('regression').raw
    const lines = work.read('regression.test').split('\n').slice(1, -1)
    work.write('headless.csv', lines.map((line) => `${line}\n`).join(''))
    work.write('features.csv', lines.map((line) =>
      `${line.split(',').toSpliced(4, 1).join(',')}\n`).join(''))
    for (const data of ['headless.csv', 'features.csv']) {
      await work.okHere('run', 'task=predict', `data=${data}`, 'input_model=regression.model.txt',
        'predict_raw_score=true', 'output_result=placed.txt')
      assert.equal(work.read('placed.txt'), expected, data)
    }
    work.write('narrow.csv', '1,2,3\n4,5,6\n')
    await work.fails(ExitCode.failure, ['narrow.csv', '3 columns', '8 features'],
      'run', 'task=predict', 'data=narrow.csv', 'input_model=regression.model.txt')
  })

  it('lets flags read the same rows: predict, evaluate', async () => {
    // the first column is the label, which flags of a LightGBM model know too
    await work.okHere('predict', '--model', 'binary.model.txt', '--data', 'binary.test', '--type',
      'raw', '--out', 'flags.csv', '--quiet')
    assertClose(numbersOf(work.read('flags.csv').split('\n').slice(1).join('\n')),
      numbersOf(goldenOf('binary').raw), 1e-15)
    const said = await work.ok('evaluate', '--model', 'binary.model.txt', '--data', 'binary.test',
      '--label', '0', '--metric', 'auc', '--json')
    assert.match(said.stderr, /^weights: binary\.test\.weight$/m)
    const { auc } = JSON.parse(said.stdout) as { auc: number }
    assertClose([auc], [goldenOf('binary').history['auc']!.at(-1)!], 1e-8)
    // columns that the training left out, texts too, need not be there
    const lines = work.read('regression.test').split('\n').slice(0, -1)
    work.write('lean.csv', lines.map((line) => `${line.split(',').toSpliced(4, 2).slice(1)}\n`)
      .join(''))
    await work.okHere('predict', '--model', 'regression.model.txt', '--data', 'lean.csv', '--type',
      'raw', '--out', 'lean.out.csv', '--quiet')
    assertClose(numbersOf(work.read('lean.out.csv').split('\n').slice(1).join('\n')),
      numbersOf(goldenOf('regression').raw), 1e-15)
    await work.fails(ExitCode.failure, ["'a'", 'a feature of the model'], 'evaluate', '--model',
      'regression.model.txt', '--data', 'regression.test', '--label', 'a')
  })

  it('uses the iterations that are asked for, as far as there are any', async () => {
    const rows = async (...words: string[]): Promise<string[]> => {
      await work.okHere('run', 'task=predict', 'data=binary.test', 'input_model=binary.model.txt',
        'predict_leaf_index=true', 'output_result=some.txt', ...words)
      return work.read('some.txt').split('\n')
    }
    const all = goldenOf('binary').leaf.split('\n')
    const part = (start: number, end: number): string[] =>
      all.map((line) => line.split('\t').slice(start, end).join('\t'))
    assert.deepEqual(await rows('num_iteration_predict=4'), part(0, 4))
    assert.deepEqual(await rows('start_iteration_predict=7'), part(7, 10))
    assert.deepEqual(await rows('start_iteration_predict=7', 'num_iteration_predict=9'),
      part(7, 10))
    assert.deepEqual(await rows('num_iteration_predict=-1'), all)
  })

  it('writes JSON where the name says so, snapshots, and the same model on processes', async () => {
    const words = ['data=binary.train', ...tree, ...trainings['binary']!, 'snapshot_freq=4']
    await work.okHere('run', ...words, 'output_model=small.txt')
    const names = work.names().filter((name) => name.startsWith('small.txt'))
    assert.deepEqual(names,
      ['small.txt', 'small.txt.snapshot_iter_4', 'small.txt.snapshot_iter_8'])
    assert.equal(work.read('small.txt.snapshot_iter_4').match(/^Tree=/gm)!.length, 4)
    await work.okHere('run', ...words, 'output_model=small.json')
    await work.okHere('convert', '--model', 'small.json', '--out', 'converted.txt')
    assert.equal(work.read('converted.txt'), work.read('small.txt'))
    await work.okHere('train', '--data', 'binary.train', '--label', '0', '--objective', 'binary',
      '--num_trees', '2', '--model', 'flags.txt', '--quiet')
    assert.match(work.read('flags.txt'), /^tree\n/)
  })

  describe('refits as LightGBM does', () => {
    const expected = JSON.parse(readFileSync(path.join(golden, 'refit.json'), 'utf8')) as
      Record<string, number[]>
    const words: Readonly<Record<string, readonly string[]>> = {
      binary: [],
      regression: ['refit_decay_rate=0.4', 'header=true', 'label_column=name:target',
        'weight_column=name:heft'],
      multiclass: ['refit_decay_rate=0.5', 'num_leaves=31'],
    }
    for (const [name, more] of Object.entries(words)) {
      it(name, async () => {
        const said = await work.okHere('run', 'task=refit_tree', `data=${name}.test`,
          `input_model=${name}.model.txt`, 'output_model=refit.txt', ...more)
        assert.equal(/no effect in refitting: num_leaves/.test(said), name === 'multiclass')
        await work.okHere('run', 'task=predict', `data=${name}.test`, 'input_model=refit.txt',
          'raw_score=true', 'output_result=refit.out')
        assertClose(numbersOf(work.read('refit.out')), expected[name]!, 1e-6)
      })
    }

    it('saying which columns it does not read', async () => {
      assert.match(await work.okHere('run', 'task=refit', 'data=binary.test', 'query=3',
        'input_model=binary.model.txt', 'output_model=refit.txt'),
      /^no effect in refitting: query$/m)
    })

    it('by flags', async () => {
      await work.okHere('refit', '--model', 'binary.model.txt', '--data', 'binary.test', '--label',
        '0', '--decay-rate', '1', '--out', 'same.txt', '--quiet')
      const trees = (file: string) => work.read(file).match(/^leaf_value=.*$/gm)!
        .map((line) => line.slice(11).split(' ').map(Number))
      assert.equal(trees('same.txt').length, 10)
      await work.fails(ExitCode.usage, ['--decay-rate', '"2"'], 'refit', '--model',
        'binary.model.txt', '--data', 'binary.test', '--label', '0', '--decay-rate', '2', '--out',
        'same.txt')
    })
  })

  describe('says what it uses, and what has no effect', () => {
    it('names files beside the data', async () => {
      const said = await work.okHere('run', 'data=binary.train', 'valid=binary.test', ...tree,
        ...trainings['binary']!)
      assert.match(said, /^weights: binary\.train\.weight$/m)
      assert.match(said, /^weights: binary\.test\.weight$/m)
      work.write('regression.train.weight', '1\n')
      work.write('regression.train.query', '300\n')
      const other = await work.okHere('run', 'data=regression.train', ...tree,
        ...trainings['regression']!)
      assert.match(other, /^not used: regression\.train\.weight; .* column name:heft$/m)
      assert.match(other, /^init scores: regression\.train\.init$/m)
      assert.match(other, /^not used: regression\.train\.query; objective = regression does not/m)
    })

    it('names keys of other tasks', async () => {
      const said = await work.okHere('run', 'data=sparse.train', ...tree, 'objective=binary',
        'predict_raw_score=true', 'machine_list_file=mlist.txt', 'num_machines=1',
        'use_two_round_loading=true')
      assert.match(said, /^no effect here: two_round, predict_raw_score, machine_list_file$/m)
      const predicted = await work.okHere('run', 'task=predict', 'data=sparse.test',
        'input_model=sparse.model.txt', 'num_leaves=7', 'metric=auc')
      assert.match(predicted, /^no effect in prediction: num_leaves, metric$/m)
    })
  })

  describe('refuses', () => {
    const train = ['data=sparse.train', 'objective=binary']
    const predict = ['task=predict', 'data=sparse.test', 'input_model=sparse.model.txt']
    const cases: [what: string, words: string[], args: string[]][] = [
      ['nothing at all', ['config=train.conf'], []],
      ['words of another form', ['"train.conf"', 'key=value'], ['train.conf']],
      ['a parameter twice', ['num_trees=3', 'num_iterations=4'],
        [...train, 'num_trees=3', 'num_iterations=4']],
      ['two configurations', ['a.conf', 'b.conf'], ['config=a.conf', '--config', 'b.conf']],
      ['unknown keys', ['num_leavs', 'num_leaves'], [...train, 'num_leavs=3']],
      ['unknown keys of a prediction', ['"predict_rawscor"', 'predict_rawscore'],
        [...predict, 'predict_rawscor=true']],
      ['no data', ['--data'], ['objective=binary']],
      ['no data to predict', ['data is missing'], ['task=predict', 'input_model=sparse.model.txt']],
      ['no model', ['input_model is missing'], ['task=predict', 'data=sparse.test']],
      ['two kinds of results', ['predict_raw_score', 'predict_leaf_index'],
        [...predict, 'raw_score=1', 'leaf_index=1']],
      ['two other kinds', ['predict_leaf_index', 'predict_contrib'],
        [...predict, 'leaf_index=1', 'contrib=true']],
      ['a margin that is no number', ['pred_early_stop_margin', '"wide"'],
        [...predict, 'pred_early_stop=true', 'pred_early_stop_margin=wide']],
      ['rows of another shape', ['predict_disable_shape_check'],
        [...predict, 'predict_disable_shape_check=true']],
      ['flags of a training', ['--checkpoint', 'predict'], [...predict, '--checkpoint', 'c.json']],
      ['code in another language', ['convert_model_language', '"rust"', 'javascript'],
        ['task=convert_model', 'input_model=sparse.model.txt', 'convert_model_language=rust']],
      ['code of a trained model', ['convert_model_language'],
        [...train, 'convert_model_language=cpp']],
      ['binary files of data', ['save_binary', 'coppice partition'],
        ['task=save_binary', 'data=sparse.train']],
      ['an unknown task', ['task', '"trian"', 'train'], ['task=trian', 'data=sparse.train']],
      ['other machines', ['num_machines', '--cluster'], [...train, 'num_machines=2']],
    ]
    for (const [what, words, args] of cases) {
      it(what, async () => void await work.fails(ExitCode.usage, words, 'run', ...args))
    }

    it('overwriting what is read', async () => {
      await work.fails(ExitCode.usage, ['output_result', 'data'], 'run', ...predict,
        'output_result=sparse.test')
    })

    it('files beside the data that are not one line per row, or not beside all', async () => {
      work.write('short.train', '1\t2\n0\t3\n')
      work.write('short.train.weight', '1\n')
      const run = ['run', 'data=short.train', 'objective=regression']
      await work.fails(ExitCode.failure, ['short.train.weight', '1 lines', '2 rows'], ...run)
      work.write('short.train.weight', '1\nheavy\n')
      await work.fails(ExitCode.failure, ['short.train.weight, line 2', '"heavy"'], ...run)
      work.write('short.train.weight', '0\n\n0\n')
      await work.fails(ExitCode.failure, ['short.train.weight', 'are 0'], ...run)
      work.write('short.train.weight', '1\n1\n')
      work.write('other.train', '1\t2\n0\t3\n')
      await work.fails(ExitCode.failure, ['other.train.weight', 'short.train.weight'], 'run',
        'data=short.train,other.train', 'objective=regression')
      await work.fails(ExitCode.usage, ['short.train.weight', '--local-workers'], 'run',
        'data=short.train', 'objective=regression', '--local-workers', '1')
    })
  })
})
