import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Booster, Dataset, evaluate, train } from 'coppice'
import { parseLightGBM } from '@coppice/model'
import { mustRun, run } from './support/process.js'
import { root } from './support/repository.js'
import { skipBecause } from './support/skip.js'

const python = path.join(root, process.platform === 'win32' ? '.venv/Scripts/python.exe'
  : '.venv/bin/python')
const golden = path.join(root, 'packages/model/test/lightgbm/golden')

/** Predicts rows of [model, rows, columns of text] with LightGBM; null is NaN. */
const script = `
import json, sys
import lightgbm, numpy, pandas
for job in json.load(open(sys.argv[1])):
    booster = lightgbm.Booster(model_file=job['model'])
    rows = pandas.DataFrame(job['rows'], columns=job['names'])
    for name in job['names']:
        kind = 'category' if name in job['texts'] else 'float64'
        rows[name] = rows[name].astype(kind)
    again = lightgbm.Booster(model_str=booster.model_to_string())
    assert len(booster.dump_model()['tree_info']) == booster.num_trees()
    first, second = (numpy.asarray(each.predict(rows, raw_score=True)).ravel().tolist()
                     for each in (booster, again))
    assert first == second
    print(json.dumps(first))
`

type Cell = number | string | null

interface Job {
  readonly model: string
  readonly names: readonly string[]
  readonly texts: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

describe('models of LightGBM', function () {
  this.timeout(120_000)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-lightgbm-'))
  after(() => { rmSync(folder, { recursive: true }) })
  const at = (name: string): string => path.join(folder, name)
  const coppice = (...args: readonly string[]) =>
    mustRun(process.execPath, [path.join(root, 'packages/coppice/dist/src/bin.js'), ...args], root)

  /** Rows with numbers that are missing, text categories and labels of three kinds. */
  const random = (() => {
    let state = 1
    return () => (state = (state * 48271) % 2147483647) / 2147483647
  })()
  const names = ['x', 'y', 'color', 'code']
  const rows = Array.from({ length: 600 }, (): Cell[] => [
    Math.round(random() * 1000) / 100 - 5, random() < 0.2 ? null : random() - 0.5,
    random() < 0.1 ? null : ['red', 'green', 'blue', 'é'][Math.floor(random() * 4)]!,
    Math.floor(random() * 9)])
  const score = ([x, y, color, code]: readonly Cell[]): number =>
    Number(x) + 3 * Number(y ?? 1) + (color === 'red' ? 4 : 0) + (code === 3 ? 5 : 0)
  const median = rows.map(score).sort((a, b) => a - b)[300]!

  it('predict in LightGBM what they predict here', async function () {
    if (!existsSync(python)) skipBecause(this, 'there is no .venv; see scripts/peers.mjs')
    const kinds = [
      { params: { objective: 'regression' }, label: score, isText: true },
      { params: { objective: 'binary' }, label: (row: Cell[]) => +(score(row) > median),
        isText: false },
      { params: { objective: 'multiclass', numClass: 3 }, isText: true,
        label: (row: Cell[]) => score(row) < median - 2 ? 0 : score(row) < median + 2 ? 1 : 2 },
    ] as const
    const jobs: Job[] = []
    const expected: Float64Array[] = []
    for (const [i, { params, label, isText }] of kinds.entries()) {
      // Text categories are pandas columns there, numbers stay numbers.
      const columns = isText ? [0, 1, 2, 3] : [0, 1, 3]
      const own = rows.map((row) => columns.map((f) => row[f]!))
      const dataset = Dataset.from(own, rows.map(label), {
        featureNames: columns.map((f) => names[f]!), categorical: isText ? ['color', 'code']
          : ['code'],
      })
      const booster = await train({ ...params, numIterations: 8, numLeaves: 9, minDataPerGroup: 5 },
        dataset)
      await booster.saveLightGBM(at(`${i}.txt`))
      jobs.push({ model: at(`${i}.txt`), rows: own, names: columns.map((f) => names[f]!),
        texts: isText ? ['color', 'code'] : [] })
      expected.push(await booster.predict(own, { type: 'raw' }))
    }
    for (const name of ['linear-tree', 'rf-binary', 'dart', 'categorical', 'missing-zero',
      'multiclassova', 'missing-mixed', 'constant']) {
      const booster = await Booster.load(path.join(golden, `${name}.txt`))
      await booster.saveLightGBM(at(`${name}.txt`))
      const { rows: own } = JSON.parse(readFileSync(path.join(golden, `${name}.json`), 'utf8')) as
        { rows: Cell[][] }
      const finite = own.map((row) => row.map((x) => x === null || Number.isFinite(x) ? x : null))
      jobs.push({ model: at(`${name}.txt`), rows: finite, texts: [],
        names: booster.featureNames })
      expected.push(await booster.predict(finite, { type: 'raw' }))
    }
    writeFileSync(at('jobs.json'), JSON.stringify(jobs))
    writeFileSync(at('predict.py'), script)
    const lines = (await mustRun(python, [at('predict.py'), at('jobs.json')], root)).trim()
      .split('\n').filter((line) => line.startsWith('[') && !line.startsWith('[LightGBM'))
    assert.equal(lines.length, jobs.length)
    lines.forEach((line, i) => {
      assert.deepEqual(Float64Array.from(JSON.parse(line) as number[]), expected[i]!,
        jobs[i]!.model)
    })
  })

  it('are taken by the command wherever a model is', async () => {
    const model = path.join(golden, 'poisson.txt')
    const { rows: cells, prediction } = JSON.parse(
      readFileSync(path.join(golden, 'poisson.json'), 'utf8')) as
      { rows: (number | null)[][], prediction: number[] }
    const finite = [...cells.keys()].filter((r) => cells[r]!.every((x) => x === null ||
      Number.isFinite(x)))
    writeFileSync(at('rows.csv'), ['Column_0,Column_1,Column_2,Column_3,count',
      ...finite.map((r) => [...cells[r]!.map((x) => x ?? ''), r % 5].join(','))].join('\n'))
    await coppice('convert', '--model', model, '--out', at('m.json'))
    await coppice('convert', '--model', at('m.json'), '--out', at('m.txt'))
    assert.deepEqual((await Booster.load(at('m.txt'))).model.trees,
      parseLightGBM(readFileSync(model)).trees)
    const written: string[] = []
    for (const [i, each] of [model, at('m.json')].entries()) {
      written.push(await coppice('predict', '--model', each, '--data', at('rows.csv'), '--out', '-',
        '--threads', String(i + 1)))
    }
    assert.equal(written[1], written[0])
    const values = written[0]!.trim().split('\n').slice(1).map(Number)
    assert.equal(values.length, finite.length)
    values.forEach((value, i) => {
      assert.ok(Math.abs(value / prediction[finite[i]!]! - 1) < 1e-15)
    })
    const metrics = JSON.parse(await coppice('evaluate', '--model', model, '--data', at('rows.csv'),
      '--label', 'count', '--json')) as { l2: number }
    const l2 = values.reduce((sum, value, i) => sum + (value - finite[i]! % 5) ** 2, 0) /
      values.length
    assert.ok(Math.abs(metrics.l2 / l2 - 1) < 1e-12, `${metrics.l2} ${l2}`)
    assert.match(await coppice('inspect', '--model', model), /objective +poisson \(LightGBM\)/)
  })

  it('say of a damaged file what is wrong where', async () => {
    writeFileSync(at('bad.txt'), readFileSync(path.join(golden, 'binary.txt'), 'utf8')
      .replace('num_leaves=7', 'num_leaves=x'))
    const { code, stderr } = await run(process.execPath,
      [path.join(root, 'packages/coppice/dist/src/bin.js'), 'inspect', '--model', at('bad.txt')],
      root)
    assert.equal(code, 1)
    assert.match(stderr, /bad\.txt: LightGBM model, line 13: num_leaves must be an integer/)
  })

  it('are evaluated as what they predict, forests and classes too', async () => {
    const forest = JSON.parse(readFileSync(path.join(golden, 'rf-binary.json'), 'utf8')) as
      { rows: Cell[][], prediction: number[] }
    const booster = await Booster.load(path.join(golden, 'rf-binary.txt'))
    const labels = forest.prediction.map((p, r) => +(p > 0.5) ^ +(r % 4 === 0))
    const { metrics } = await evaluate(booster, Dataset.from(forest.rows, labels))
    assert.ok(Math.abs(metrics['binary_error']! - 0.25) < 1e-12)
    const loss = forest.prediction.reduce((sum, p, r) =>
      sum - Math.log(labels[r] === 1 ? p : 1 - p), 0) / labels.length
    assert.ok(Math.abs(metrics['binary_logloss']! - loss) < 1e-12)
    const each = JSON.parse(readFileSync(path.join(golden, 'multiclassova.json'), 'utf8')) as
      { rows: Cell[][], prediction: number[] }
    const ova = await Booster.load(path.join(golden, 'multiclassova.txt'))
    const nClasses = each.prediction.length / each.rows.length
    const classes = Dataset.from(each.rows, each.rows.map((_, r) => r % nClasses))
    const found = await evaluate(ova, classes, { metrics: 'multi_logloss' })
    // as in LightGBM, probabilities of classes apart do not add up to 1
    const sum = each.rows.reduce((all, _, r) =>
      all - Math.log(each.prediction[r * nClasses + r % nClasses]!), 0)
    assert.ok(Math.abs(found.metrics['multi_logloss']! - sum / each.rows.length) < 1e-12)
    const unknown = readFileSync(path.join(golden, 'multiclassova.txt'), 'utf8')
      .replace(/^objective=.*\n/m, '')
    await assert.rejects(evaluate(Booster.parse(unknown), classes),
      /no metrics yet for models of LightGBM's objective ""/)
  })
})
