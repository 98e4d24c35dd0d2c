import {
  nClassesOf, type Model, type ModelHeader, type Objective, type Scalar, type Tree,
} from '@coppice/model'
import { assert, CoppiceError } from '../errors.js'
import type { FeatureInfo } from '../dataset.js'
import type { BinnedTree } from '../execution/protocol.js'
import type { GrownTree } from '../grower/grown-tree.js'
import { finishSpec, isSpecHigherBetter, type SetSize } from '../metrics/parts.js'
import { setSize } from './summary.js'
import { binTree, modelFeature, modelTree } from './build-model.js'
import { checkEvalSets, checkEvalSummaries } from './check-sets.js'
import { outputLimit } from '../linear/linear-plan.js'
import { GrowingModel, TRAINING } from './growing-model.js'
import { beginWith, withMissing, type Beginning } from './initial-model.js'
import { baseTrees, type IterationRecord } from './iteration.js'
import { requireFiniteMetrics } from './finite-metrics.js'
import { makePlan } from './make-plan.js'
import type { TrainingPlan } from './plan.js'
import { resumedPositions } from './position-biases.js'
import { initialIterations, resumableIterations } from './resume.js'
import type {
  NamedTrainingData, TrainerAnswer, TrainerRequest, TrainingDialogue, TrainingInputs,
} from './trainer-protocol.js'
import type { MetricValue, StopReason } from './types.js'

/**
 * Trains a model: the boosting loop, the same wherever rows are and whoever does the work. Pure:
 * it holds no row, and every wait is the caller's.
 *
 * Its first step may throw: CoppiceError 'PARAMETER' or 'DATA' before anything is asked for;
 * 'MODEL' when the model to resume from is of another training.
 */
export function* trainingDialogue(inputs: TrainingInputs): TrainingDialogue {
  return yield* new Trainer(inputs).run()
}

/** A part of the dialogue. */
type Steps<Result> = Generator<TrainerRequest, Result, TrainerAnswer>

class Trainer {
  readonly #inputs: TrainingInputs
  readonly #plan: TrainingPlan
  /** Null where the training begins with no model. */
  readonly #beginning: Beginning | null
  #header: ModelHeader
  /** Evaluated data sets in the order of the engines' metric parts. */
  readonly #evaluated: readonly (SetSize & { readonly name: string })[]
  #growing: GrowingModel
  /** What was asked for of labels, and is not in the header: of forests, whose trees have it. */
  #base: readonly number[] = []

  constructor(inputs: TrainingInputs) {
    const { params, train, evalSets, executor, initModel } = inputs
    this.#inputs = inputs
    checkEvalSets(train, evalSets, params)
    checkEvalSummaries(train, evalSets, params.metric)
    const evaluatesTraining = params.isProvideTrainingMetric
    const evaluated: readonly NamedTrainingData[] = evaluatesTraining
      ? [{ name: TRAINING, data: train }, ...evalSets]
      : evalSets
    const { plan, parameters } = makePlan(
      params, train, executor, { evaluatesTraining, evaluates: evaluated.length > 0 })
    const { objective: { objective }, nOutputs, baseScores } = plan.engine
    const { linear } = plan
    this.#plan = {
      ...plan, positions: this.#positions(plan),
      linear: initModel === undefined || linear === undefined ? linear
        : { ...linear, goesOn: true },
    }
    const { classes } = train
    const beginning = initModel === undefined ? null
      : beginWith(initModel, train.features, { objective, classes })
    assert(beginning === null || train.summary.hasInitScore, 'rows have the scores of their model')
    this.#beginning = beginning
    this.#header = {
      objective,
      classes: classesOf(objective, classes),
      features: beginning?.features ?? train.features.map(modelFeature),
      treesPerIteration: nOutputs,
      baseScores: beginning?.baseScores ??
        (this.#isCentered ? inputs.resumeFrom?.baseScores ?? baseScores : baseScores),
      parameters,
      ...(beginning === null ? {} : { earlier: beginning.earlier }),
    }
    this.#evaluated = evaluated.map(({ name, data }) =>
      ({ name, ...setSize(data.summary) }))
    this.#growing = new GrowingModel(this.#header, params, beginning?.trees)
  }

  /** Of the data, as the model to be knows them. */
  get #features(): readonly FeatureInfo[] {
    return this.#beginning?.infos ?? this.#inputs.train.features
  }

  /** A training that goes on begins with the biases that the model ended with. */
  #positions({ positions }: TrainingPlan): TrainingPlan['positions'] {
    const { resumeFrom } = this.#inputs
    const nOwn = resumeFrom === undefined ? 0 : resumeFrom.trees.length -
      initialIterations(resumeFrom) * resumeFrom.treesPerIteration
    return nOwn === 0 ? positions : resumedPositions(positions, resumeFrom!.positionBiases)
  }

  /** The base scores are percentiles of the labels, which the plan cannot have. */
  get #isCentered(): boolean {
    return this.#plan.percentiles?.isCentered === true
  }

  /** A model that ended before its base scores were known, or that nothing was added to. */
  #isUntold({ trees }: Model): boolean {
    return this.#isCentered && trees.length === 0
  }

  /** Asks for base scores that a model to go on from does not have. @returns whether it was told */
  *#center(): Steps<boolean> {
    const { resumeFrom, params } = this.#inputs
    const { forest } = this.#plan
    if (!this.#isCentered) return true
    const isTold = resumeFrom !== undefined && !this.#isUntold(resumeFrom)
    if (isTold && forest === null) {
      this.#base = this.#header.baseScores
      return true
    }
    const baseScores = yield { kind: 'center', plan: this.#plan }
    if (baseScores === 'aborted') return false
    assert(Array.isArray(baseScores), 'base scores are numbers')
    this.#base = baseScores as readonly number[]
    if (forest !== null) return true
    this.#header = { ...this.#header, baseScores: this.#base }
    this.#growing = new GrowingModel(this.#header, params)
    return true
  }

  *run(): TrainingDialogue {
    const stoppedBy = yield* this.#train()
    const model = this.#growing.model()
    const nIterations = this.#growing.nInitial + this.#growing.nIterations
    const { bestIteration } = model
    yield { kind: 'tell', event: {
      kind: 'stopped', reason: stoppedBy, nIterations, bestIteration,
    } }
    return { model, stoppedBy }
  }

  /** @returns why the training is over */
  *#train(): Steps<StopReason> {
    if (!(yield* this.#center())) return 'aborted'
    // before anything is opened: a model that does not fit is refused at once
    const resumed = this.#takeUp()
    const opened = yield { kind: 'open', plan: this.#plan, header: this.#header }
    if (opened === 'aborted') return 'aborted'
    let over: StopReason | null = null
    if (resumed !== null) {
      const replayed = yield { kind: 'replay', iterations: resumed.iterations }
      if (replayed === 'aborted') over = 'aborted'
      else if (resumed.isOver) over = 'early-stopping'
    }
    const { params, train, executor } = this.#inputs
    const { nInitial } = this.#growing
    const told = yield { kind: 'tell', event: {
      kind: 'started',
      nRows: train.nRows,
      nFeatures: train.features.length,
      nIterations: nInitial + params.numIterations,
      firstIteration: nInitial + this.#growing.nIterations,
      nThreads: executor.nThreads,
    } }
    if (told === 'aborted') over ??= this.#aborted()
    while (over === null) over = yield* this.#step()
    return over
  }

  /** Commits the iterations of the model to resume from, if there is one. */
  #takeUp(): { iterations: BinnedTree[][], isOver: boolean } | null {
    const { resumeFrom, params } = this.#inputs
    if (resumeFrom === undefined || this.#isUntold(resumeFrom)) return null
    const iterations = resumableIterations(resumeFrom, this.#header, params.numIterations)
    const { linear, engine: { metrics } } = this.#plan
    const binned = iterations.map((trees, iteration) => trees.map((tree, output) => binTree(
      tree, this.#features,
      linear === undefined ? undefined : outputLimit(linear, iteration, output))))
    // engines start without base scores that they were asked for
    if (this.#isCentered) binned[0]?.unshift(...baseTrees(this.#base))
    const isOver = this.#growing.takeUp(iterations, resumeFrom, (name) =>
      isSpecHigherBetter(metrics.find((spec) => spec.name === name) ?? { name }))
    return { iterations: binned, isOver }
  }

  /** A training with all of its iterations is complete, whatever came after the last. */
  #aborted(): StopReason {
    return this.#isComplete ? 'completed' : 'aborted'
  }

  get #isComplete(): boolean {
    return this.#growing.nIterations >= this.#inputs.params.numIterations
  }

  /** One iteration. Returns why the training ends, or null to go on. */
  *#step(): Steps<StopReason | null> {
    if (this.#isComplete) return 'completed'
    const iteration = this.#growing.nIterations
    const evaluates = this.#evaluates(iteration)
    const next = iteration + 1 < this.#inputs.params.numIterations
      ? this.#evaluates(iteration + 1) : null
    const record = yield { kind: 'iterate', iteration, evaluates, next }
    if (record === 'aborted') return 'aborted'
    const isRecord = record !== null && typeof record === 'object' && 'trees' in record
    assert(isRecord, 'an iteration has a record')
    if (record.trees.length === 0) return 'no-split'
    const trees = record.trees.map((tree) => this.#treeOf(tree, record.hessianUnit))
    const metrics = evaluates ? this.#metrics(record) : []
    requireFiniteMetrics(metrics, this.#growing.nInitial + iteration + 1)
    const isOver = this.#growing.commit(trees, metrics, record.rescale, record.positionBiases)
    const answer = yield* this.#announce(iteration, trees, metrics, record)
    if (isOver) return 'early-stopping'
    if (answer === 'stop') return 'callback'
    return answer === 'aborted' ? this.#aborted() : null
  }

  /** A grown tree, as the model to be has it. */
  #treeOf(grown: GrownTree, hessianUnit: number): Tree {
    const features = this.#features
    const tree = modelTree(grown, features, hessianUnit)
    return this.#beginning === null ? tree
      : withMissing(tree, this.#header.features, (node) => {
          const { mapper } = features[tree.splitFeature[node]!]!
          return mapper.kind === 'numeric' ? mapper.missing : null
        })
  }

  #evaluates(iteration: number): boolean {
    const { metricFreq, numIterations } = this.#inputs.params
    return this.#evaluated.length > 0 && this.#plan.engine.metrics.length > 0 &&
      ((iteration + 1) % metricFreq === 0 || iteration + 1 === numIterations)
  }

  #metrics(record: IterationRecord): MetricValue[] {
    return this.#evaluated.flatMap(({ name, ...size }, dataset) =>
      this.#plan.engine.metrics.map((metric) => ({
        dataset: name,
        metric: metric.name,
        value: finishSpec(
          metric,
          record.metricParts.filter((p) => p.dataset === dataset && p.metric === metric.name),
          size),
        higherIsBetter: isSpecHigherBetter(metric),
      })))
  }

  *#announce(
    iteration: number, trees: readonly Tree[], metrics: readonly MetricValue[],
    { rescale, positionBiases }: IterationRecord,
  ): Steps<TrainerAnswer> {
    const { chainHash, nInitial } = this.#growing
    const biases = positionBiases === undefined ? {} : { positionBiases }
    return yield {
      kind: 'announce',
      event: {
        kind: 'iteration',
        iteration: nInitial + iteration,
        nIterations: nInitial + this.#inputs.params.numIterations,
        metrics,
        nLeaves: trees.map((tree) => tree.leafValue.length),
      },
      record: { iteration, trees, rescale, metrics, ...biases, chainHash },
      model: () => this.#growing.model(),
    }
  }
}

/** Class values of the model: those of the data, or the class indices themselves. */
function classesOf(
  objective: Objective, classes: readonly Scalar[] | null,
): readonly Scalar[] | null {
  const nClasses = nClassesOf(objective)
  if (nClasses === 0) return null
  if (classes === null) return Array.from({ length: nClasses }, (_, k) => k)
  if (classes.length !== nClasses) {
    throw new CoppiceError('DATA',
      `the labels have ${classes.length} classes (${classes.slice(0, 5).join(', ')}), objective ` +
      `"${objective.name}" is for ${nClasses}; set num_class = ${classes.length}` +
      (objective.name === 'binary' ? ' and objective = multiclass' : ''))
  }
  return classes
}
