import {
  committedIterations, findParameter, metricDirections, type MetricValue, resumeModel,
  type TrainingEvent,
} from '@coppice/engine'
import type { LoadProgress } from '@coppice/data'
import { CoppiceError, type Model } from '@coppice/model'
import type { Cluster } from '../cluster/cluster.js'
import type { Dataset } from '../data/dataset.js'
import { Booster } from '../model/booster.js'
import { evaluate } from '../scoring/evaluate.js'
import { shareThreads, type SharedThreads } from '../training/executor.js'
import type { SharedScores } from '../training/initial-scores.js'
import type { RawParams } from '../training/params.js'
import type { CodedRecipe } from '../training/recipe.js'
import { checkParams, type Host, trainOn, type TrainOptions } from '../training/train.js'
import { FoldBoard } from './fold-board.js'
import type { Fold } from './folds.js'
import { Slots } from './slots.js'

/** What folds are trained with. */
export interface FoldTraining {
  readonly dataset: Dataset
  readonly folds: readonly Fold[]
  readonly recipe: CodedRecipe
  /** Rows and features, for sharing the threads. */
  readonly size: { readonly nRows: number, readonly nFeatures: number }
  /** What all folds begin with, of `initialModelOf`; absent: with nothing. */
  readonly initModel?: { readonly model: Model, readonly shared: SharedScores } | undefined
  readonly cluster: Cluster | undefined
  readonly signal: AbortSignal | undefined
  readonly onFold?: ((fold: number, event: TrainingEvent) => void) | undefined
  readonly onLoad?: ((progress: LoadProgress & { readonly dataset: string }) => void) | undefined
  readonly onNotice?: ((text: string) => void) | undefined
  readonly onJob?: ((job: string) => void) | undefined
  /** Called when more is known than before: between two iterations, or when a fold is done. */
  readonly onProgress?: (() => void | Promise<void>) | undefined
}

/** How far a fold is. */
export interface FoldState {
  /** Of all iterations so far. */
  readonly model: Model | null
  /** No iteration would follow. */
  readonly isOver: boolean
}

/** Iterations that folds get one after the other where not all fit a place at once. */
const turnIterations = 100

/**
 * Iterations of a fold before another one has its threads, where early stopping or the caller looks
 * at the means of all: a turn of one spends as long on waking threads and filling caches.
 */
const slotIterations = 10

/** The name of the rows that a fold is judged by. */
export const VALID = 'valid'

/**
 * Trains the folds of a cross-validation, as far as wanted, and further. Early stopping looks at
 * the means over the folds. The models are those of trainings of their own, whatever goes on at a
 * time: a fold that is trained further than the means allow is cut.
 */
export class FoldTrainer {
  readonly board: FoldBoard
  readonly #training: FoldTraining
  readonly #recipe: CodedRecipe
  readonly #threads: SharedThreads
  readonly #turn: number
  /** Of the model that folds begin with: iterations count from its first one. */
  readonly #nInitial: number
  readonly #models: ((() => Model) | null)[]
  readonly #isOver: boolean[]
  readonly #validSets: readonly Dataset[]

  /** @param states - of an earlier trainer of the same folds, to go on from */
  constructor(training: FoldTraining, states: readonly FoldState[] | null = null) {
    const { folds, recipe, size, dataset, initModel } = training
    const { checked } = recipe
    this.#nInitial = initModel === undefined ? 0 : iterationsOf(initModel.model)
    this.#training = training
    this.#recipe = withoutStopping(recipe)
    this.#threads = shareThreads(checked.numThreads, folds.length, size, recipe.code)
    this.board = new FoldBoard(folds.length, {
      rounds: checked.earlyStoppingRound,
      minDelta: checked.earlyStoppingMinDelta,
      firstMetricOnly: checked.firstMetricOnly,
    }, checked.isProvideTrainingMetric ? 'training' : null)
    this.#turn = checked.earlyStoppingRound > 0
      ? Math.max(turnIterations, 2 * checked.earlyStoppingRound) : Infinity
    this.#models = folds.map(() => null)
    this.#isOver = folds.map(() => false)
    this.#validSets = folds.map(({ valid }) => dataset.selectBits(valid))
    for (const [fold, state] of (states ?? []).entries()) this.#restore(fold, state)
  }

  #restore(fold: number, { model, isOver }: FoldState): void {
    if (model === null) return
    this.#models[fold] = () => model
    const isHigher = metricDirections(this.#recipe.checked)
    for (const { iteration, metrics } of committedIterations(model, isHigher)) {
      this.board.add(fold, this.#nInitial + iteration, metrics)
    }
    // one without iterations is asked again for its metrics
    if (isOver && iterationsOf(model) > this.#nInitial) this.#end(fold)
  }

  #end(fold: number, base: readonly MetricValue[] = []): void {
    this.#isOver[fold] = true
    this.board.end(fold, base)
  }

  /** How far each fold is: for `FoldTrainer` of the same folds. */
  states(): FoldState[] {
    return this.#models.map((model, fold) =>
      ({ model: model?.() ?? null, isOver: this.#isOver[fold]! }))
  }

  /** The models of all folds, of equally many iterations where early stopping ended them. */
  boosters(): Booster[] {
    const { stopAt, bestIteration } = this.board
    return this.#models.map((model) => {
      const cut = stopAt === null ? model!() : this.#firstIterations(model!(), stopAt)
      return new Booster({ ...cut, bestIteration })
    })
  }

  /**
   * Trains all folds until they have so many new iterations, or end before.
   * @throws CoppiceError of the first fold that fails; 'ABORTED' by the signal
   */
  async advance(nNew: number): Promise<void> {
    const until = this.#nInitial + nNew
    if (this.#training.cluster !== undefined) return this.#inTurns(until)
    try {
      await this.#sideBySide(until)
    } catch (error) {
      // together they may need more memory than there is
      const isTooMuch = error instanceof CoppiceError && error.code === 'MEMORY'
      if (!isTooMuch || this.#training.folds.length === 1) throw error
      await this.#inTurns(until)
    }
  }

  async #sideBySide(until: number): Promise<void> {
    const slots = new Slots(this.#threads.nAtOnce)
    const end = new AbortController()
    const { folds } = this.#training
    const host = { executor: this.#threads.executor, nTrainings: folds.length, ...this.#scores }
    const results = await Promise.allSettled(folds.map(async (_, fold) => {
      try {
        await slots.take()
        try {
          await this.#train(fold, until, { end: end.signal, host, slots })
        } finally {
          slots.give()
        }
      } catch (error) {
        slots.close(error)
        end.abort(error)
        throw error
      }
    }))
    const failures = results.filter((result) => result.status === 'rejected')
    if (failures.length > 0) throw first(failures.map(({ reason }) => reason as unknown))
  }

  /** A place has one training at a time; early stopping is looked at now and then. */
  async #inTurns(until: number): Promise<void> {
    const { folds } = this.#training
    const host = { executor: shareThreads(
      this.#recipe.checked.numThreads, 1, this.#training.size, this.#recipe.code).executor,
    nTrainings: 1, ...this.#scores }
    for (let goal = this.#nInitial; goal < until && this.board.stopAt === null;) {
      goal = Math.min(until, goal + this.#turn)
      for (const fold of folds.keys()) {
        await this.#train(fold, goal, { end: null, host, slots: null })
      }
    }
  }

  get #scores(): Pick<Host, 'shared'> {
    return { shared: this.#training.initModel?.shared }
  }

  /** Iterations of a fold that is trained whole. */
  get nWhole(): number {
    return this.#nInitial + this.#recipe.checked.numIterations
  }

  /** The model after its first iterations. */
  #firstIterations(model: Model, nIterations: number): Model {
    return firstIterations(
      model, nIterations - this.#nInitial, this.#training.initModel?.model ?? null)
  }

  /** Whether a fold of so many iterations needs no more. */
  #hasEnough(nIterations: number, until: number): boolean {
    const { stopAt } = this.board
    return nIterations >= until || (stopAt !== null && nIterations >= stopAt)
  }

  async #train(
    fold: number, until: number,
    { end, host, slots }: {
      readonly end: AbortSignal | null, readonly host: Host, readonly slots: Slots | null,
    },
  ): Promise<void> {
    const known = this.#models[fold]?.() ?? null
    const nKnown = known === null ? this.#nInitial : iterationsOf(known)
    if (this.#isOver[fold]! || this.#hasEnough(nKnown, until)) return
    const { dataset, folds, signal, cluster, onFold } = this.#training
    const { onLoad, onNotice, onJob, onProgress } = this.#training
    const signals = [end, signal].filter((each) => each !== null && each !== undefined)
    let hasStopped = false
    const callback: NonNullable<TrainOptions['callbacks']>[number] = async (event, { model }) => {
      const nIterations = event.iteration + 1
      this.#models[fold] = model
      await onProgress?.()
      const isTurn = nIterations % slotIterations === 0
      if (isTurn && !this.#hasEnough(nIterations, until) && slots !== null) {
        slots.give()
        await slots.take()
      }
      hasStopped = this.#hasEnough(nIterations, until)
      return hasStopped ? 'stop' : undefined
    }
    // Who is asked after each iteration waits for the answer, and whose turn ends has a thread that
    // others do not use meanwhile: where nobody looks at the means, folds are trained whole.
    const isWatched = cluster === undefined && onProgress !== undefined
    const isAsked = isWatched || this.#turn < Infinity || until < this.nWhole
    const booster = await trainOn(dataset.selectBits(folds[fold]!.train), {
      evalSets: [{ name: VALID, data: this.#validSets[fold]! }],
      callbacks: isAsked ? [callback] : [],
      resumeFrom: known ?? undefined,
      initModel: this.#training.initModel?.model,
      signal: signals.length === 0 ? undefined : AbortSignal.any(signals),
      cluster, onLoad, onNotice, onJob,
      onEvent: (event) => {
        if (event.kind === 'iteration') {
          if (this.board.hasHeard(fold, event.iteration)) return
          this.board.add(fold, event.iteration, event.metrics)
        }
        onFold?.(fold, event)
      },
    }, this.#recipe, host)
    this.#models[fold] = () => booster.model
    if (booster.nIterations >= this.nWhole || !hasStopped) {
      this.#end(fold, booster.nIterations === this.#nInitial ? await this.#base(fold, booster) : [])
    }
    await onProgress?.()
  }

  /** Metrics of a model without trees. */
  async #base(fold: number, booster: Booster): Promise<MetricValue[]> {
    const { dataset, folds } = this.#training
    const { metric, isProvideTrainingMetric, customMetrics } = this.#recipe.checked
    const sets: [string, Dataset][] = [[VALID, this.#validSets[fold]!]]
    if (isProvideTrainingMetric) {
      sets.unshift(['training', dataset.selectBits(folds[fold]!.train)])
    }
    const isHigher = metricDirections(this.#recipe.checked)
    const base: MetricValue[] = []
    for (const [name, data] of sets) {
      const { metrics } = await evaluate(booster, data, {
        metrics: metric.length === 0 ? 'None' : metric,
        customMetrics: customMetrics === '' ? undefined : customMetrics,
      })
      base.push(...Object.entries(metrics).map(([each, value]) => ({
        dataset: name, metric: each, value, higherIsBetter: isHigher(each),
      })))
    }
    return base
  }
}

/** A training that goes on until it is told to stop. */
function withoutStopping(recipe: CodedRecipe): CodedRecipe {
  const isStopping = (name: string): boolean => ['early_stopping_round',
    'early_stopping_min_delta', 'first_metric_only'].includes(findParameter(name)?.name ?? '')
  const given: RawParams = Object.fromEntries(
    Object.entries(recipe.given).filter(([name]) => !isStopping(name)))
  const checked = recipe.inferred === 'objective' ? recipe.checked : checkParams(given)
  return { ...recipe, given, checked }
}

function iterationsOf({ trees, treesPerIteration }: Model): number {
  return trees.length / treesPerIteration
}

/**
 * The model after its first iterations.
 *
 * @param nIterations - of its own training
 * @param initModel - what that began with
 */
function firstIterations(
  model: Model, nIterations: number, initModel: Model | null,
): Model {
  const records = committedIterations(model)
  if (records.length <= nIterations) return model
  const { format: _format, formatVersion: _version, trees: _trees, bestIteration: _best,
    evaluation: _evaluation, chainHash: _hash, positionBiases: _biases, ...header } = model
  return resumeModel(header, records.slice(0, nIterations), initModel)
}

/** The error that ended the others, not those that it ended. */
function first(errors: readonly unknown[]): unknown {
  return errors.find((error) => !(error instanceof CoppiceError && error.code === 'ABORTED')) ??
    errors[0]
}
