import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Booster, CoppiceError, Dataset, parameterTable } from '../src/index.js'
import { describeFailure } from '../src/failure.js'
import { exitCodeOf, UsageError } from '../src/exit-codes.js'
import { flowersCsv, Workspace } from './support.js'

describe('coppice', function () {
  this.timeout(60_000)
  const work = new Workspace()
  let binary: Booster
  let multi: Booster

  before(async () => {
    work.write('train.csv', flowersCsv(1200, 1))
    work.write('fresh.csv', flowersCsv(300, 2))
    const quick = ['--ignore', 'id,species', '--num_iterations', '6', '--num_leaves', '7', '-q']
    await work.ok('train', '--data', 'train.csv', '--label', 'kind', '--objective', 'binary',
      ...quick, '--model', 'binary.json')
    await work.ok('train', '--data', 'train.csv', '--label', 'colour', '--objective', 'multiclass',
      ...quick, '--model', 'multi.json')
    binary = await Booster.load(work.path('binary.json'))
    multi = await Booster.load(work.path('multi.json'))
  })
  after(() => work.remove())

  it('explains itself', async () => {
    const { stdout } = await work.ok('--help')
    for (const name of ['train', 'predict', 'evaluate', 'inspect', 'convert', 'partition',
      'params']) {
      assert.match(stdout, new RegExp(`coppice ${name} `))
      const { stdout: help } = await work.ok(name, '--help')
      assert.match(help, /Examples:/)
      assert.match(help, /Exit status:/)
    }
    const manifestUrl = new URL('../../package.json', import.meta.url)
    const manifest: unknown = JSON.parse(readFileSync(manifestUrl, 'utf8'))
    assert.equal((await work.ok('--version')).stdout.trim(),
      (manifest as { version: string }).version)
    const { code, stderr } = await work.run('predikt')
    assert.equal(code, 2)
    assert.match(stderr, /unknown command "predikt"; did you mean "predict"\?/)
    assert.equal((await work.run()).code, 2)
  })

  describe('predict', () => {
    const predict = (model: string, ...args: string[]) =>
      ['predict', '--model', `${model}.json`, '--data', 'fresh.csv', '-q', ...args]
    const column = (csv: string, name: string) => {
      const [header, ...lines] = csv.trimEnd().split('\n')
      const index = header!.split(',').indexOf(name)
      assert.ok(index >= 0, `no ${name} in ${header}`)
      return lines.map((line) => line.split(',')[index]!)
    }

    it('writes the same file with any number of threads', async () => {
      for (const threads of ['1', '2']) {
        await work.ok(...predict('multi', '--keep', 'id', '--threads', threads,
          '--out', `t${threads}.csv`))
      }
      assert.equal(work.read('t2.csv'), work.read('t1.csv'))
      assert.equal(work.read('t1.csv').trimEnd().split('\n').length, 301)
    })

    it('stops early where it is asked to, as the library does', async () => {
      const stop = ['--pred_early_stop', '--pred_early_stop_freq', '2']
      const bytesOf = (name: string): Buffer => readFileSync(work.path(name))
      for (const threads of ['1', '2']) {
        await work.okHere(...predict('multi', ...stop, '--pred_early_stop_margin=0.3',
          '--type', 'raw', '--threads', threads, '--out', `e${threads}.npy`))
      }
      assert.deepEqual(bytesOf('e2.npy'), bytesOf('e1.npy'))
      const data = await Dataset.open(work.path('fresh.csv'))
      const wanted = await multi.predict(data, { type: 'raw', earlyStop: { freq: 2, margin: 0.3 } })
      assert.notDeepEqual(wanted, await multi.predict(data, { type: 'raw' }))
      // .npy ends in the doubles
      assert.deepEqual(bytesOf('e1.npy').subarray(-wanted.byteLength), Buffer.from(wanted.buffer))
      await work.fails(2, ['--pred_early_stop_freq', 'without --pred_early_stop'],
        ...predict('multi', '--pred_early_stop_freq', '2', '--out', 'x.csv'))
      await work.fails(2, ['leaf', 'all trees'],
        ...predict('multi', ...stop, '--type', 'leaf', '--out', 'x.csv'))
    })

    it('writes one probability per row, beside the columns to keep', async () => {
      await work.ok(...predict('binary', '--keep', 'id,colour', '--out', 'p.csv'))
      const csv = work.read('p.csv')
      assert.match(csv, /^id,colour,probability\n0,/)
      const data = await Dataset.open(work.path('fresh.csv'))
      const wanted = (await binary.predict(data)).filter((_, i) => i % 2 === 1)
      assert.deepEqual(column(csv, 'probability').map(Number), [...wanted])
      assert.deepEqual(column(csv, 'id').map(Number), [...wanted.keys()])
    })

    it('writes classes, raw scores and leaves, to stdout too', async () => {
      const data = await Dataset.open(work.path('fresh.csv'))
      const classes = await work.ok(...predict('multi', '--type', 'class', '--out', '-'))
      assert.deepEqual(column(classes.stdout, 'prediction'),
        await multi.predict(data, { type: 'class' }))
      const raw = await work.ok(...predict('multi', '--type', 'raw', '--out', '-'))
      const scores = await multi.predict(data, { type: 'raw' })
      assert.deepEqual(column(raw.stdout, 'raw_red').map(Number),
        [...scores].filter((_, i) => i % 3 === 1))
      const leaves = await work.ok(...predict('binary', '--type', 'leaf', '--out', '-',
        '--iterations', '1:3'))
      assert.match(leaves.stdout, /^leaf_0,leaf_1\n/)
      const probabilities = await work.ok(...predict('multi', '--out', '-'))
      assert.match(probabilities.stdout,
        /^probability_blue,probability_red,probability_white\n/)
    })

    it('writes Parquet, Arrow and .npy that read back the same', async () => {
      const fresh = await Dataset.open(work.path('fresh.csv'))
      const wanted = (await binary.predict(fresh)).filter((_, i) => i % 2 === 1)
      for (const name of ['p.parquet', 'p.arrow', 'p.npy']) {
        await work.ok(...predict('binary', '--keep', 'id', '--out', name))
        const written = await Dataset.open(work.path(name), { label: 1 })
        const { label } = await written.load({ labelKind: 'number', binning: {} })
        assert.deepEqual(label, wanted, name)
      }
    })

    it('refuses what does not fit, and writes nothing', async () => {
      work.write('other.csv', 'length,colour\n1,red\n')
      work.write('text.csv', 'length,width,colour\n1,wide,red\n')
      work.write('clash.csv', 'length,width,colour,probability\n1,1,red,2\n')
      const names = work.names()
      const out = ['--out', 'bad.csv']
      const fails = (code: 1 | 2, words: string[], model: string, data: string,
        ...args: string[]) =>
        work.fails(code, words, 'predict', '--model', model, '--data', data, ...args)
      await fails(1, ["'width'", 'other.csv'], 'binary.json', 'other.csv', ...out)
      await fails(1, ["'width'", 'wide'], 'binary.json', 'text.csv', ...out)
      await fails(1, ["'width'", 'wide'], 'binary.json', 'text.csv', '--keep', 'width', ...out)
      await fails(1, ['train.csv', 'not JSON'], 'train.csv', 'fresh.csv', ...out)
      await fails(1, ['none.json'], 'none.json', 'fresh.csv', ...out)
      await fails(1, ["'ids'", "'id'"], 'binary.json', 'fresh.csv', '--keep', 'ids', ...out)
      await fails(1, ['bad.xls', '.csv'], 'binary.json', 'fresh.csv', '--out', 'bad.xls')
      await fails(2, ['--keep', "'id' twice"], 'binary.json', 'fresh.csv', '--keep', 'id,id',
        ...out)
      await work.run('predict', '--model', 'binary.json', '--data', 'clash.csv', '--keep',
        'probability', ...out).then(({ code, stderr }) => {
        assert.equal(code, 2)
        assert.match(stderr, /kept column 'probability' and the prediction column 'probability'/)
      })
      await fails(2, ['--type', 'leaf'], 'binary.json', 'fresh.csv', '--type', 'leafs', ...out)
      await fails(2, ['iterations', '6'], 'binary.json', 'fresh.csv', '--iterations', '9', ...out)
      await fails(2, ['--out is missing'], 'binary.json', 'fresh.csv')
      assert.deepEqual(work.names(), names)
    })
  })

  it('evaluate prints the numbers of the trainer', async () => {
    const valid = ['--valid', 'fresh.csv', '--metric', 'auc,binary_logloss']
    await work.ok('train', '--data', 'train.csv', '--label', 'kind', '--ignore', 'id,species',
      '--objective', 'binary', '--num_iterations', '6', '--model', 'valid.json', ...valid)
    const { stdout } = await work.ok('evaluate', '--model', 'valid.json', '--data', 'fresh.csv',
      '--label', 'kind', '--metric', 'auc,binary_logloss', '--json')
    const booster = await Booster.load(work.path('valid.json'))
    const wanted = Object.entries(booster.evalResult['valid_0']!)
      .map(([name, series]) => [name, series.at(-1)])
    assert.deepEqual(JSON.parse(stdout), { rows: 300, ...Object.fromEntries(wanted) as object })
    await work.fails(2, ['l2', 'auc'], 'evaluate', '--model', 'binary.json', '--data', 'fresh.csv',
      '--label', 'kind', '--metric', 'l2')
    await work.fails(2, ['--label', "'colour'", "'kind'"], 'evaluate', '--model', 'binary.json',
      '--data', 'fresh.csv')
  })

  it('evaluate does not make up an auc', async () => {
    work.write('one.csv', 'length,width,colour,kind\n0.1,0.2,red,rose\n0.9,0.2,blue,rose\n')
    const args = ['evaluate', '--model', 'binary.json', '--data', 'one.csv', '--label', 'kind']
    await work.fails(1, ['auc is undefined', 'rose'], ...args, '--metric', 'auc')
    const { stdout, stderr } = await work.ok(...args)
    assert.doesNotMatch(stdout, /auc/)
    assert.match(stdout, /binary_logloss/)
    assert.match(stderr, /auc is left out/)
  })

  it('convert refuses names of what it does not write', async () => {
    await work.fails(2, ['model.py', '.py', '.json', '--format'], 'convert', '--model',
      'binary.json', '--out', 'model.py')
    await work.fails(2, ['model.mjs', "'coppice convert'", '--model-format'], 'train', '--data',
      'train.csv', '--label', 'kind', '--objective', 'binary', '--model', 'model.mjs')
    await work.ok('convert', '--model', 'binary.json', '--out', 'model.py', '--format', 'coppice')
    assert.equal(work.read('model.py'), work.read('binary.json'))
  })

  it('inspect shows the metrics of the best iteration', async () => {
    await work.ok('train', '--data', 'train.csv', '--label', 'kind', '--ignore', 'id,species',
      '--objective', 'binary', '--learning_rate', '1', '--early_stopping_round', '3',
      '--valid', 'fresh.csv', '--model', 'best.json', '-q')
    const { bestIteration, evalResult } = await Booster.load(work.path('best.json'))
    const series = evalResult['valid_0']!['binary_logloss']!
    assert.ok(bestIteration! < series.length)
    const { stdout } = await work.ok('inspect', '--model', 'best.json')
    const value = Number(series[bestIteration! - 1]!.toPrecision(6))
    assert.ok(stdout.includes(`binary_logloss ${value} (iteration ${bestIteration}, the best)`))
  })

  it('inspect shows a summary, importances and trees', async () => {
    const { stdout } = await work.ok('inspect', '--model', 'multi.json')
    assert.match(stdout, /^objective {3}multiclass$/m)
    assert.match(stdout, /^classes {5}blue, red, white$/m)
    assert.match(stdout, /^trees {7}18 in 6 iterations/m)
    const json = JSON.parse((await work.ok('inspect', '--model', 'multi.json', '--json')).stdout) as
      { features: { name: string, gain: number }[] }
    assert.deepEqual(json.features.map(({ gain }) => gain), [...multi.featureImportances('gain')])
    const tree = await work.ok('inspect', '--model', 'binary.json', '--tree', '0')
    const leaves = tree.stdout.split('\n').filter((line) => /leaf \d+: /.test(line))
    assert.equal(leaves.length, binary.model.trees[0]!.leafValue.length)
    await work.fails(2, ['tree 99', '6 trees'], 'inspect', '--model', 'binary.json', '--tree', '99')
  })

  it('inspect writes trees as a table and a graph, and bounds of scores', async () => {
    const { stdout } = await work.ok('inspect', '--model', 'binary.json', '--table')
    const [header, ...lines] = stdout.trimEnd().split('\n')
    assert.match(header!, /^tree_index,node_depth,node_index,left_child,.*,weight,count$/)
    const rows = binary.treesToRows()
    assert.equal(lines.length, rows.length)
    const fields = lines[0]!.split(',')
    assert.deepEqual([fields[2], fields[6], fields[8]],
      [rows[0]!.nodeIndex, rows[0]!.splitFeature, String(rows[0]!.threshold)])
    const graph = await work.ok('inspect', '--model', 'binary.json', '--tree', '1', '--dot')
    assert.equal(graph.stdout, binary.treeGraph(1))
    const summary = await work.ok('inspect', '--model', 'binary.json', '--json')
    const json = JSON.parse(summary.stdout) as { scoreBounds: { lower: number[] } }
    assert.deepEqual(json.scoreBounds.lower, [...binary.scoreBounds().lower])
    await work.ok('train', '--data', 'train.csv', '--label', 'species',
      '--ignore', 'id,kind,colour', '--linear_tree', '--num_iterations', '2', '-q',
      '--model', 'linear.json')
    const linear = await work.ok('inspect', '--model', 'linear.json', '--json')
    const { scoreBounds } = JSON.parse(linear.stdout) as Record<string, unknown>
    assert.deepEqual(scoreBounds, { lower: ['-Infinity'], upper: ['Infinity'] })
    await work.fails(2, ['--dot', '--tree'], 'inspect', '--model', 'binary.json', '--dot')
    await work.fails(2, ['--table and --json'],
      'inspect', '--model', 'binary.json', '--table', '--json')
  })

  it('ignores columns of LibSVM files that a model was trained without', async () => {
    const rows = Array.from({ length: 200 }, (_, row) =>
      `${row % 2} 0:${row % 13} 1:${row % 2 + row % 3}`)
    work.write('narrow.svm', `${rows.join('\n')}\n`)
    work.write('wide.svm', `${rows.map((row) => `${row} 2:5 3:1`).join('\n')}\n`)
    await work.okHere('train', '--data', 'narrow.svm', '--objective', 'binary', '-q',
      '--num_iterations', '2', '--model', 'narrow.json')
    const refit = (data: string, ...args: string[]) =>
      ['refit', '--model', 'narrow.json', '--data', data, '-q', '--out', `${data}.json`, ...args]
    await work.okHere(...refit('narrow.svm'))
    await work.fails(1, ["'Column_2'", 'ignored'], ...refit('wide.svm'))
    await work.okHere(...refit('wide.svm', '--ignore', 'Column_2,Column_3'))
    assert.equal(work.read('wide.svm.json'), work.read('narrow.svm.json'))
    await work.fails(2, ['--ignore', "'Column_1'", 'a feature of the model'],
      ...refit('wide.svm', '--ignore', 'Column_1,Column_2'))
  })

  it('ignores no feature of the model, by name or by place, and no column that is not there',
    async () => {
      const of = (command: string, ...args: string[]): string[] => [command, '--model',
        'binary.json', '--data', 'fresh.csv', ...args]
      const labelled = ['--label', 'kind']
      const out = ['--out', 'ignored.json']
      for (const args of [of('evaluate', ...labelled), of('refit', ...labelled, ...out),
        of('predict', '--out', 'ignored.csv')]) {
        const place = work.read('fresh.csv').split('\n')[0]!.split(',').indexOf('width')
        for (const ignore of ['width', 'name:width', 'id,width', String(place)]) {
          await work.fails(2, ['--ignore', "'width'", 'a feature of the model'],
            ...args, '--ignore', ignore)
        }
        await work.fails(1, ['column 99 does not exist'], ...args, '--ignore', '99')
        await work.fails(1, ["'idd'", "'id'"], ...args, '--ignore', 'idd')
        await work.okHere(...args, '--ignore', 'id')
      }
    })

  it('partition cuts data that train to the same bytes', async () => {
    await work.ok('partition', '--data', 'train.csv', '--out', 'parts', '--partitions', '5')
    await work.ok('train', '--data', 'parts', '--label', 'kind', '--objective', 'binary',
      '--ignore', 'id,species', '--num_iterations', '6', '--num_leaves', '7', '-q',
      '--model', 'parts.json')
    assert.equal(work.read('parts.json'), work.read('binary.json'))
    const { stderr } = await work.ok('partition', '--data', 'train.csv', '--out', 'cut',
      '--split', '0.8', '--seed', '7', '--format', 'arrow')
    const rows = [...stderr.matchAll(/wrote (\d+) rows/g)].map((match) => Number(match[1]))
    assert.equal(rows.length, 2)
    assert.equal(rows[0]! + rows[1]!, 1200)
    assert.ok(rows[0]! > 900 && rows[0]! < 1020)
    await work.fails(1, ['not empty'], 'partition', '--data', 'train.csv', '--out', 'cut')
    await work.fails(2, ['--seed', '--split'], 'partition', '--data', 'train.csv', '--out', 'x',
      '--seed', '3')
    await work.fails(2, ['--split', '1.5'], 'partition', '--data', 'train.csv', '--out', 'x',
      '--split', '1.5')
  })

  it('partition refuses text among numbers as train does, with the same way out', async () => {
    const lines = Array.from({ length: 300 }, (_, row) => `${row},${row % 2}`)
    lines[200] = 'oops,1'
    work.write('mixed.csv', `a,y\n${lines.join('\n')}\n`)
    const data = ['--data', 'mixed.csv'] as const
    const says = ["'a' mixes numbers and text", "'oops'", '--categorical a']
    await work.fails(1, says, 'train', ...data, '--label', 'y', '--objective', 'binary',
      '--model', 'mixed.json')
    await work.fails(1, says, 'partition', ...data, '--out', 'mixed')
    await work.ok('partition', ...data, '--out', 'mixed', '--categorical', 'a', '-q')
    await work.ok('partition', ...data, '--out', 'mended', '--missing-values', 'oops', '-q')
  })

  it('params lists and explains parameters', async () => {
    const { stdout } = await work.ok('params')
    assert.match(stdout, /^learning_rate {2,}0\.1 {2,}built /m)
    assert.match(stdout, /^force_col_wise .*no effect here/m)
    assert.match(stdout, /^save_binary .*not built yet/m)
    assert.equal(stdout.trimEnd().split('\n').length, parameterTable.length + 1)
    assert.match((await work.ok('params', 'eta')).stdout, /^learning_rate\n/)
    assert.match((await work.ok('params', '--markdown')).stdout, /^# Parameters\n/)
    await work.fails(2, ['numleafs', 'num_lea'], 'params', 'numleafs')
  })

  it('ends quietly when nobody reads on', async () => {
    const running = work.start('params', '--json')
    running.child.stdout!.destroy()
    const { code, stderr } = await running.finished
    assert.deepEqual([code, stderr], [0, ''])
  })
})

describe('describeFailure', () => {
  it('names causes that say something new, on lines of their own', () => {
    const cause = new Error('the disk\nis full')
    assert.equal(describeFailure('coppice x', new UsageError('cannot write', { cause })),
      'coppice x: cannot write\n  caused by: the disk is full\n')
    assert.equal(describeFailure('coppice x', new UsageError('the disk is full', { cause })),
      'coppice x: the disk is full\n')
  })

  it('leaves out what the system said where the message says it', () => {
    const cause = Object.assign(new Error("EROFS: read-only file system, open '/m.json'"),
      { code: 'EROFS', syscall: 'open' })
    const error = new CoppiceError('IO', 'cannot write /m.json: the file system is read-only',
      { cause })
    assert.equal(describeFailure('coppice x', error), `coppice x: ${error.message}\n`)
  })

  it('owns up to bugs', () => {
    const text = describeFailure('coppice x', new TypeError('undefined is no function'))
    assert.match(text, /^coppice x: internal error: undefined is no function\n/)
    assert.match(text, /COPPICE_DEBUG/)
    assert.equal(exitCodeOf(new TypeError('x')), 70)
  })
})
