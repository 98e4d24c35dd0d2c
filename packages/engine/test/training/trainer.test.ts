import assert from 'node:assert/strict'
import { chainOf, startChain, type Model } from '@coppice/model'
import { makeDataset, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { localTraits } from '../../src/training/executor-traits.js'
import { resumeModel } from '../../src/training/resume.js'
import { train } from '../../src/training/train.js'
import { trainingDialogue } from '../../src/training/trainer.js'
import type {
  AnnounceRequest, CommittedIteration, OpenRequest, TrainerRequest,
} from '../../src/training/trainer-protocol.js'
import type { StopReason, TrainingEvent, TrainOptions, TrainResult }
  from '../../src/training/types.js'
import { drive, inputsFor, type Intercept } from '../support/dialogues.js'
import { digest, mixedFeatures } from '../support/trainings.js'

interface Job {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
  readonly stoppedBy?: StopReason
}

const base = { seed: 31, nRows: 900, features: mixedFeatures }
const jobs: readonly Job[] = [
  {
    name: 'binary, weighted, bagged, metrics on training rows too',
    recipe: { ...base, label: 'binary', weights: 'any' },
    params: {
      objective: 'binary', numIterations: 7, numLeaves: 6, baggingFraction: 0.5, baggingFreq: 3,
      metric: ['auc', 'binary_logloss'], isProvideTrainingMetric: true,
    },
  },
  {
    name: 'multiclass, evaluated every other iteration',
    recipe: { ...base, label: { classes: 3 } },
    params: { objective: 'multiclass', numClass: 3, numIterations: 5, numLeaves: 5, metricFreq: 2 },
  },
  {
    name: 'regression with init scores, ended by early stopping',
    recipe: { ...base, label: 'heavy-tailed', initScore: true, weights: 'whole' },
    params: {
      numIterations: 40, numLeaves: 8, earlyStoppingRound: 3, metric: ['l1', 'l2'],
      learningRate: 0.5,
    },
    stoppedBy: 'early-stopping',
  },
  {
    name: 'quantile, whose base score the rows are asked for',
    recipe: { ...base, label: 'heavy-tailed', weights: 'any' },
    params: { objective: 'quantile', alpha: 0.7, numIterations: 4, numLeaves: 5 },
  },
  {
    name: 'without metrics, until nothing can be split',
    recipe: { ...base, label: 'regression' },
    params: {
      numIterations: 100, numLeaves: 4, metric: ['none'], minGainToSplit: 60, learningRate: 0.3,
    },
    stoppedBy: 'no-split',
  },
]

function optionsOf({ recipe, params }: Job): TrainOptions {
  const { data } = makeDataset(recipe)
  const valid = makeDataset({ ...recipe, seed: 32, nRows: 300 }).data
  return {
    params, train: data,
    evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
  }
}

const isAnnounce = (request: TrainerRequest): request is AnnounceRequest =>
  request.kind === 'announce'
const opened = (requests: readonly TrainerRequest[]): OpenRequest =>
  requests.find((request) => request.kind === 'open')!
const recordsOf = (requests: readonly TrainerRequest[]): CommittedIteration[] =>
  requests.filter(isAnnounce).map(({ record }) => record)
const iterationsOf = (model: Model): number => model.trees.length / model.treesPerIteration
/** As it comes back from a file or a wire. */
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Kinds of the requests, of events too. */
const kindsOf = (requests: readonly TrainerRequest[]): string[] =>
  requests.map((request) => request.kind === 'tell' ? request.event.kind : request.kind)

for (const job of jobs) {
  describe(`trainingDialogue: ${job.name}`, () => {
    // the base score is a percentile
    const asksFirst = job.params['objective'] === 'quantile' ? ['center'] : []
    const options = optionsOf(job)
    const events: TrainingEvent[] = []
    const checkpoints: Model[] = []
    const models: Model[] = []
    let whole: TrainResult
    let byHand: TrainResult
    let requests: readonly TrainerRequest[]

    before(async () => {
      whole = await train({
        ...options,
        onEvent: (event) => events.push(event),
        callbacks: [(_, { model }) => { checkpoints.push(model()) }],
      }, new InlineExecutor())
      const driven = await drive(inputsFor(options), options, (request) => {
        if (request.kind === 'announce') models.push(request.model())
        return undefined
      })
      byHand = driven
      requests = driven.requests
    })

    it('needs no row for the model, events and checkpoints of train', () => {
      assert.equal(byHand.stoppedBy, job.stoppedBy ?? 'completed')
      assert.equal(byHand.stoppedBy, whole.stoppedBy)
      assert.equal(digest(byHand.model), digest(whole.model))
      assert.ok(models.length >= 4)
      assert.deepEqual(models.map(digest), checkpoints.map(digest))
      assert.deepEqual(
        requests.flatMap((request) => 'event' in request ? [request.event] : []), events)
      const steps = models.flatMap(() => ['iterate', 'announce'])
      const last = job.stoppedBy === 'no-split' ? ['iterate'] : []
      assert.deepEqual(
        kindsOf(requests), [...asksFirst, 'open', 'started', ...steps, ...last, 'stopped'])
    })

    it('gives a journal the trees, the metrics and the chain', () => {
      const { header, plan } = opened(requests)
      assert.equal(plan.engine.nOutputs, header.treesPerIteration)
      assert.equal(startChain(header), startChain(whole.model))
      const records = recordsOf(requests)
      assert.deepEqual(records.map(({ iteration }) => iteration), checkpoints.map((_, i) => i))
      assert.deepEqual(records.flatMap(({ trees }) => trees), whole.model.trees)
      assert.deepEqual(
        records.map(({ chainHash }) => chainHash), checkpoints.map((model) => chainOf(model)))
      const evaluated = records.filter(({ metrics }) => metrics.length > 0)
      const points = whole.model.evaluation.flatMap(({ dataset, metric, iterations, values }) =>
        iterations.map((iteration, i) => `${iteration} ${dataset} ${metric} ${values[i]}`))
      assert.deepEqual(evaluated.flatMap(({ iteration, metrics }) => metrics.map(
        ({ dataset, metric, value }) => `${iteration} ${dataset} ${metric} ${value}`)).sort(),
      points.sort())
    })

    it('goes on from a journal to the same bytes', async () => {
      const header = copyOf(opened(requests).header)
      const records = copyOf(recordsOf(requests))
      for (const n of [0, 1, Math.floor(records.length / 2), records.length]) {
        const resumeFrom = resumeModel(header, records.slice(0, n))
        if (n > 0) assert.equal(digest(resumeFrom), digest(checkpoints[n - 1]!))
        const again: TrainOptions = { ...options, resumeFrom }
        const resumed = await drive(inputsFor(again), again)
        assert.equal(digest(resumed.model), digest(whole.model), `after ${n} iterations`)
        assert.equal(resumed.stoppedBy, whole.stoppedBy)
        assert.deepEqual(kindsOf(resumed.requests).slice(0, 3), n === 0 && asksFirst.length > 0
          ? [...asksFirst, 'open', 'started'] : ['open', 'replay', 'started'])
        // the journal that both made is the whole one
        assert.deepEqual(
          copyOf([...records.slice(0, n), ...recordsOf(resumed.requests)]), records)
      }
    })

    it('ends where it is told to, and can go on from there', async () => {
      for (const answer of ['aborted', 'stop'] as const) {
        const { model, stoppedBy, requests: asked } = await drive(inputsFor(options), options,
          (request) => isAnnounce(request) && request.record.iteration === 1 ? answer : undefined)
        assert.equal(stoppedBy, answer === 'stop' ? 'callback' : 'aborted')
        assert.equal(digest(model), digest(checkpoints[1]!))
        assert.deepEqual(kindsOf(asked).slice(-2), ['announce', 'stopped'])
        const again: TrainOptions = { ...options, resumeFrom: model }
        assert.equal(
          digest((await drive(inputsFor(again), again)).model), digest(whole.model))
      }
    })
  })
}

describe('trainingDialogue answered with aborted', () => {
  const options = optionsOf(jobs[1]!)
  let checkpoint: Model
  let header: OpenRequest['header']

  before(async () => {
    const { model, requests } = await drive(inputsFor(options), options, (request) =>
      isAnnounce(request) && request.record.iteration === 1 ? 'stop' : undefined)
    checkpoint = model
    header = opened(requests).header
  })

  const abortAt = (kind: string): Intercept => (request) =>
    kindsOf([request])[0] === kind ? 'aborted' : undefined

  const stops: readonly [string, readonly string[], number][] = [
    ['open', ['open', 'stopped'], 0],
    ['started', ['open', 'started', 'stopped'], 0],
    ['iterate', ['open', 'started', 'iterate', 'stopped'], 0],
    ['announce', ['open', 'started', 'iterate', 'announce', 'stopped'], 1],
  ]
  for (const [kind, kinds, nCommitted] of stops) {
    it(`ends with the committed iterations: ${kind}`, async () => {
      const { model, stoppedBy, requests } = await drive(
        inputsFor(options), options, abortAt(kind))
      assert.equal(stoppedBy, 'aborted')
      assert.deepEqual(kindsOf(requests), kinds)
      assert.equal(iterationsOf(model), nCommitted)
      assert.equal(model.chainHash, chainOf(model))
      if (nCommitted === 0) assert.equal(digest(model), digest(resumeModel(header, [])))
    })
  }

  it('keeps what it resumed from: open, replay, started, iterate', async () => {
    const again: TrainOptions = { ...options, resumeFrom: checkpoint }
    for (const kind of ['open', 'replay', 'started', 'iterate']) {
      const { model, stoppedBy } = await drive(inputsFor(again), again, abortAt(kind))
      assert.equal(stoppedBy, 'aborted', kind)
      assert.equal(digest(model), digest(checkpoint), kind)
    }
  })

  it('changes nothing once the training is over', async () => {
    const last = Number(options.params['numIterations']) - 1
    const afterLast: Intercept = (request) =>
      isAnnounce(request) && request.record.iteration === last ? 'aborted' : undefined
    for (const intercept of [afterLast, abortAt('stopped')]) {
      const { model, stoppedBy } = await drive(inputsFor(options), options, intercept)
      assert.equal(stoppedBy, 'completed')
      assert.equal(iterationsOf(model), last + 1)
    }
  })
})

describe('trainingDialogue', () => {
  const options = optionsOf(jobs[0]!)

  it('asks for as many expansions as the executor says, for the same model', async () => {
    const run = async (speculation: number, most: number, wanted = 0) => {
      const seen: number[] = []
      const inputs = inputsFor({ ...options, params: { ...options.params, speculation: wanted } }, {
        ...localTraits(7), speculation,
        expansionsMax: (features) => {
          seen.push(features.length)
          return most
        },
      })
      const { model, requests } = await drive(inputs, options)
      assert.deepEqual(seen, [options.train.features.length])
      const { engine, growth } = opened(requests).plan
      assert.equal(engine.maxExpansions, growth.maxExpansions)
      const started = requests.find((request) => request.kind === 'tell')!.event
      assert.equal(started.kind === 'started' && started.nThreads, 7)
      return [engine.maxExpansions, digest(model)] as const
    }
    const [one, model] = await run(1, Infinity)
    assert.equal(one, 1)
    assert.deepEqual(await run(3, Infinity), [3, model])
    assert.deepEqual(await run(8, Infinity), [5, model], 'a tree of 6 leaves splits 5 times')
    assert.deepEqual(await run(4, 2), [2, model])
    assert.deepEqual(await run(4, 0), [1, model])
    assert.deepEqual(await run(1, Infinity, 4), [4, model])
  })

  it('refuses at its first step what cannot be trained', () => {
    const inputs = inputsFor(options)
    const { train: data, evalSets: [valid] } = inputs
    const refused: readonly [Partial<typeof inputs>, RegExp][] = [
      [{ train: { ...data, nRows: 0x8000_0000 } }, /^the 2147483648 rows are more than/],
      [{ train: { ...data, nRows: 0 } }, /^the training data have no rows/],
      [{ train: { ...data, features: [] }, evalSets: [] }, /^the training data have no features/],
      [{ evalSets: [valid!, valid!] }, /^two evaluation sets are named "valid"/],
      [{ evalSets: [{ name: 'training', data: valid!.data }] }, /sets are named "training"/],
      [{ evalSets: [{ name: 'v', data: { ...valid!.data, nRows: 0 } }] }, /"v" has no rows/],
      [{ evalSets: [{ name: 'v', data: { ...valid!.data, nRows: 0x8000_0000 } }] },
        /^the 2147483648 rows of evaluation set "v" are more/],
      [{ evalSets: [{ name: 'v', data: { ...valid!.data, features: copyOf(data.features) } }] },
        /"v" was not binned with the training set/],
      [{ evalSets: [{ name: 'v', data: { ...valid!.data,
        summary: { ...valid!.data.summary, sumWeight: [] } } }] }, /weights of .* "v" are all 0/],
      [{ evalSets: [{ name: 'v', data: { ...valid!.data,
        summary: { ...valid!.data.summary, hasInitScore: true } } }] }, /^give init scores to/],
    ]
    for (const [change, message] of refused) {
      assert.throws(() => trainingDialogue({ ...inputs, ...change }).next(),
        { code: 'DATA', message })
    }
    const params = { ...inputs.params, earlyStoppingRound: 2 }
    assert.throws(() => trainingDialogue({ ...inputs, params, evalSets: [] }).next(),
      { code: 'PARAMETER', message: /at least one evaluation set/ })
  })

  it('wants a record for an iteration', () => {
    const dialogue = trainingDialogue(inputsFor(options))
    for (let step = dialogue.next(); !step.done && step.value.kind !== 'iterate';) {
      step = dialogue.next(null)
    }
    assert.throws(() => dialogue.next('go'), { code: 'INTERNAL', message: /has a record/ })
  })
})

describe('resumeModel', () => {
  it('refuses a journal with a gap, with other trees, or of another training', async () => {
    const options = optionsOf(jobs[1]!)
    const { requests } = await drive(inputsFor(options), options)
    const { header } = opened(requests)
    const records = recordsOf(requests)
    const change = (at: number, to: Partial<CommittedIteration>): CommittedIteration[] =>
      records.map((record, i) => i === at ? { ...record, ...to } : record)
    const refuse = (own: readonly CommittedIteration[], message: RegExp, of = header): void => {
      assert.throws(() => resumeModel(of, own), { code: 'MODEL', message })
    }
    refuse(records.slice(1), /iteration 0 is missing .*, 1 came in its place/)
    refuse([records[0]!, ...records], /iteration 1 is missing .*, 0 came in its place/)
    refuse(change(2, { trees: records[2]!.trees.slice(1) }), /iteration 2 has 2 trees, .* has 3/)
    const [tree, ...others] = records[3]!.trees
    const leafValue = tree!.leafValue.map((value, leaf) => leaf === 0 ? value + 0.5 : value)
    refuse(change(3, { trees: [{ ...tree!, leafValue }, ...others] }),
      /chain hash after iteration 3 is [0-9a-f]{64}, the record says [0-9a-f]{64}; the journal/)
    refuse(records, /chain hash after iteration 0/, { ...header, baseScores: [0, 0, 1] })
  })
})
