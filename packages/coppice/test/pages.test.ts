/**
 * The examples of the pages about trainings are pasted into programs and command lines, over small
 * data, and have to do what the pages say of them.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Booster, type CvResult, type GBDTRegressor, type TuneResult } from '@coppice/api'
import { Workspace } from './support.js'

const package_ = path.resolve(import.meta.dirname, '../..')
const pageOf = (name: string): string =>
  readFileSync(path.resolve(package_, '../api', name), 'utf8')

/** The boxes of a page in a language; '' for those without. */
function boxes(page: string, language: string): string[] {
  return [...page.matchAll(/```(\w*)\n([^`]*)```/g)]
    .filter((match) => match[1] === language).map((match) => match[2]!)
}

/** Words of each command line of a page, without `coppice`. */
function commands(page: string): string[][] {
  return boxes(page, '').flatMap((box) => box.trimEnd().split('\n'))
    .filter((line) => line.startsWith('coppice ')).map((line) => line.split(/ +/).slice(1))
}

/** Rows of two numbers and a class, of which labels are made. */
function csv(nRows: number, first: number): string {
  const rows = Array.from({ length: nRows }, (_, i) => {
    const a = Math.sin((first + i) * 12.9898) * 10
    const b = ((first + i) * 7919) % 101 / 10
    const y = a + 2 * b + Math.sin((first + i) * 78.233) * 4
    return [a, b, 'rgb'[(first + i) % 3], y, Number(y > 10)].join(',')
  })
  return `a,b,colour,y,delayed\n${rows.join('\n')}\n`
}

/** The models of a file, which has to hold some. */
async function trees(work: Workspace, file: string): Promise<unknown> {
  const booster = await Booster.load(work.path(file))
  assert.ok(booster.model.trees.length > 0)
  return booster.model.trees
}

/** Without what it prints. */
async function quietly(action: () => Promise<unknown>): Promise<void> {
  const { write } = process.stdout
  process.stdout.write = (_: unknown, ...rest: unknown[]) => {
    const done = rest.at(-1)
    if (typeof done === 'function') (done as () => void)()
    return true
  }
  try {
    await action()
  } finally {
    process.stdout.write = write
  }
}

describe('the examples of pages', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const folder = mkdtempSync(path.join(package_, 'dist/pages-'))
  const home = process.cwd()
  let nPrograms = 0

  /** Runs a program of a page inside the package, where `coppice` is found. */
  async function run<Exports>(program: string, prelude: string, names: string): Promise<Exports> {
    const file = path.join(folder, `page${nPrograms++}.mjs`)
    writeFileSync(file, `${prelude}\n${program}\nexport { ${names} }\n`)
    process.chdir(work.folder)
    try {
      return await import(pathToFileURL(file).href) as Exports
    } finally {
      process.chdir(home)
    }
  }

  before(() => {
    for (const [name, first] of [['train', 0], ['april', 0], ['may', 300]] as const) {
      work.write(`${name}.csv`, csv(300, first))
    }
  })
  after(() => {
    work.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  it('of CUSTOM.md: one model from a module, an object and a command', async () => {
    const page = pageOf('CUSTOM.md')
    const module_ = boxes(page, 'js').join('\n')
    work.write('losses.mjs', module_)
    writeFileSync(path.join(folder, 'losses.mjs'), module_)
    const [program] = boxes(page, 'ts')
    const kept = program!.replaceAll('await new ', 'models[models.length] = await new ')
    const { models } = await run<{ models: GBDTRegressor[] }>(kept, `
      import { Dataset, GBDTRegressor } from 'coppice'
      import { lopsided } from './losses.mjs'
      const X = await Dataset.open('train.csv', { label: 'y', ignore: 'delayed' })
      let y
      const models = []`, 'models')
    assert.equal(models.length, 2)
    assert.deepEqual(models[1]!.booster.model.trees, models[0]!.booster.model.trees)
    assert.equal(models[1]!.booster.model.chainHash, models[0]!.booster.model.chainHash)
    const [training, worker] = commands(page)
    assert.deepEqual(training!.slice(-2), ['--data', '...'])
    await work.okHere(...training!.slice(0, -1), 'train.csv', '--label', 'y', '--ignore', 'delayed',
      '--model', 'custom.json', '--custom_metrics', 'losses.mjs#lopsidedError')
    assert.deepEqual(await trees(work, 'custom.json'), models[0]!.booster.model.trees)
    assert.ok(worker!.includes('--allow-module'))
    // too low is dearer: predictions are higher than the labels on average
    const rows = csv(300, 0).trimEnd().split('\n').slice(1).map((line) => line.split(','))
    const cells = rows.map(([a, b, colour]) => ({ a: Number(a), b: Number(b), colour: colour! }))
    const predicted = await models[0]!.predict(cells)
    const excess = rows.reduce((sum, row, i) => sum + predicted[i]! - Number(row[3]), 0)
    assert.ok(excess > 0, `${excess}`)
  })

  it('of CV.md: folds, a search, and the same as commands', async () => {
    const page = pageOf('CV.md').replaceAll('train.parquet', 'train.csv')
    const [program] = boxes(page, 'ts')
    const short = program!.replace('numIterations: 500', 'numIterations: 6')
      .replace('nTrials: 27', 'nTrials: 9')
    assert.equal(short.length, program!.length - 3)
    const { result, best, found, booster } = await run<{
      result: CvResult, best: TuneResult['best'], found: object, booster: Booster,
    }>(short.replaceAll("label: 'delayed'", "label: 'delayed', ignore: 'y'"), '',
      'result, best, found, booster')
    const { bestIteration } = result
    assert.equal(result.metrics['valid auc-mean']!.length, bestIteration)
    assert.equal(result.boosters.length, 5)
    assert.equal(result.outOfFold!.length, 300 * 2)
    assert.ok(result.metrics['valid auc-mean']!.at(-1)! > 0.7)
    for (const key of ['numLeaves', 'learningRate', 'minDataInLeaf']) assert.ok(key in found, key)
    assert.ok(best.score! > 0.7 && booster!.model.trees.length > 0)
    assert.ok(work.read('trials.jsonl').trimEnd().split('\n').length >= 9)

    const [cross, tune, hold] = commands(page)
    const small = ['--num_iterations', '6', '--ignore', 'y']
    await quietly(() => work.okHere(...cross!, ...small))
    assert.ok(work.has('cv.json'))
    work.write('space.json', '{ "numLeaves": [3, 7], "learningRate": [0.1, 0.2] }')
    const other = tune!.map((word) => word === 'trials.jsonl' ? 'grid.jsonl' : word)
    await quietly(() => work.okHere(...other, ...small))
    assert.ok((await trees(work, 'best.json') as unknown[]).length <= 6)
    await work.okHere(...hold!.filter((word) => word !== '...'), '--data', 'train.csv',
      '--label', 'delayed', '--objective', 'binary', ...small)
    assert.ok((await Booster.load(work.path('m.json'))).bestIteration! > 0)
  })

  it('of CONTINUE.md: one model of two trainings, also from LightGBM\'s text', async () => {
    const page = pageOf('CONTINUE.md')
    const [program] = boxes(page, 'js')
    const { first, both } = await run<{ first: Booster, both: Booster }>(program!, `
      import { Dataset, train } from 'coppice'
      const columns = { label: 'delayed', ignore: 'y' }
      const april = await Dataset.open('april.csv', columns)
      const may = await Dataset.open('may.csv', columns)`, 'first, both')
    assert.match(page, /initModel: first \}\)\s+\/\/ 150 iterations/)
    assert.equal(both.model.trees.length, 150)
    assert.equal(both.model.earlier!.length, 1)
    assert.deepEqual(both.model.trees.slice(0, 100).map(({ leafValue }) => leafValue),
      first.model.trees.map(({ leafValue }) => leafValue))
    await first.save(work.path('april.json'))
    await first.save(work.path('april.txt'))
    const [training, run_] = commands(page)
    const set = (words: readonly string[]): string[] =>
      words.map((word) => word === 'y' ? 'delayed' : word)
    await work.okHere(...set(training!), '--ignore', 'y', '--num_iterations', '50',
      '--learning_rate', '0.05')
    assert.deepEqual(await trees(work, 'both.json'), both.model.trees)
    await work.okHere(...run_!, 'label_column=name:delayed', 'ignore_column=name:y', 'header=true',
      'categorical_feature=name:colour', 'num_iterations=2')
    assert.match(work.read('both.txt'), /^Tree=101$/m)
  })
})
