import { modelParameters } from '@coppice/engine'
import { CoppiceError, Sha256, toHex } from '@coppice/model'
import { beginningOf, ownCode, planFolds, type PlannedFolds } from '../cv/cv.js'
import { makeFolds } from '../cv/fold-options.js'
import { holdOutFold } from '../cv/hold-out.js'
import type { Dataset } from '../data/dataset.js'
import type { Booster } from '../model/booster.js'
import { type CustomCode, forgetCode, prepareCustom } from '../training/custom.js'
import {
  canonicalParams, checkParameterNames, givenValue, type TrainingParams,
} from '../training/params.js'
import type { CodedRecipe } from '../training/recipe.js'
import { recipeOf, trainOn } from '../training/train.js'
import { planRungs } from './rungs.js'
import {
  type Dimension, gridTrials, parseSpace, randomTrials, type SearchSpace, type TrialParams,
} from './space.js'
import { TrialJournal, type TrialOutcome } from './trial-journal.js'
import {
  type Comparison, comparisonOf, isBetter, type TrialAmount, TrialRunner, withTrial,
} from './trial-runner.js'
import { checkTuneOptions, type TuneOptions } from './tune-options.js'

/** What a search came to. */
export interface TuneResult {
  /** The metric that trials were compared by. */
  readonly metric: string
  /** Of every trial at every rung, in the order of rungs and trials. */
  readonly trials: readonly TrialOutcome[]
  /** The best trial of the last rung; of equal ones the first. */
  readonly best: TrialOutcome
  /**
   * All parameters of a training like the best trial, early stopping replaced by the number of
   * iterations that it found.
   */
  readonly params: TrainingParams
  /** Trained on all rows with `params`; null with `refit: false`. */
  readonly booster: Booster | null
}

/**
 * Searches for parameters: trains each trial on folds, or on all but a part of the rows, and
 * compares them by the mean of the first metric. All rows are binned once for all trials that have
 * the same parameters of binning. Trials depend on seeds, data and parameters alone, so the result
 * is the same for any number of threads and workers, and after an end in the middle.
 *
 * ```ts
 * const { best, booster } = await tune({ objective: 'binary', metric: 'auc', numIterations: 300 },
 *   { numLeaves: { loginteger: [7, 255] }, learningRate: { loguniform: [0.02, 0.3] } }, dataset,
 *   { search: 'halving', nTrials: 27, journal: 'trials.jsonl' })
 * ```
 *
 * @param params - of all trials
 * @param space - what trials set instead; see `SearchSpace`
 * @throws CoppiceError as `cv` does; 'PARAMETER' for a space that cannot be searched, and where
 *   every trial was refused
 */
export async function tune(
  params: TrainingParams, space: SearchSpace, dataset: Dataset, options: TuneOptions = {},
): Promise<TuneResult> {
  checkTuneOptions(options)
  const dimensions = parseSpace(space)
  checkParameterNames(params)
  const { params: raw, code } = await prepareCustom(params)
  try {
    const base = withoutSpace(canonicalParams(raw), dimensions)
    return await searchFor(base, code, dimensions, dataset, options)
  } finally {
    forgetCode(code)
  }
}

async function searchFor(
  base: Readonly<Record<string, unknown>>, code: CustomCode, dimensions: readonly Dimension[],
  dataset: Dataset, options: TuneOptions,
): Promise<TuneResult> {
  const kind = options.search ??
    (hasListsOnly(dimensions) ? 'grid' : 'random')
  const candidates = trialsOf(dimensions, kind, options)
  const recipe = commonRecipe(base, code, candidates)
  const planned = await planSearch(recipe, dataset, options)
  const journal = await TrialJournal.open(options.journal,
    keyOf(recipe, planned, { dimensions, candidates, search: kind, halving: options.halving }))
  try {
    const study = new Study(base, recipe, candidates, planned, journal, options)
    const trials = kind === 'halving' ? await study.halve() : await study.all()
    const comparison = comparisonOf(recipe.checked)
    const best = bestOf(comparison, trials)
    const found = finalParams(base, best, nInitialOf(planned))
    return {
      metric: comparison.metric, trials, best, params: found,
      booster: options.refit === false ? null
        : await refit(recipeOf(found, code), dataset, options),
    }
  } finally {
    await journal.close()
  }
}

/**
 * What all trials have in common: the parameters without those of the space or, where they need
 * them, those of the first trial that is legal.
 */
function commonRecipe(
  base: Readonly<Record<string, unknown>>, code: CustomCode, candidates: readonly TrialParams[],
): CodedRecipe {
  let refusal: unknown = null
  for (const params of [{}, ...candidates]) {
    try {
      return recipeOf(withTrial(base, params), code)
    } catch (error) {
      refusal ??= error
    }
  }
  throw refusal
}

/** What the space sets need not fit what the others say. */
function withoutSpace(
  params: Readonly<Record<string, unknown>>, dimensions: readonly Dimension[],
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([name]) =>
    !dimensions.some((dimension) => dimension.name === name)))
}

function hasListsOnly(dimensions: readonly Dimension[]): boolean {
  return dimensions.every(({ kind }) => kind === 'choice')
}

function trialsOf(
  dimensions: readonly Dimension[], search: string, { nTrials, searchSeed }: TuneOptions,
): TrialParams[] {
  const isGrid = search === 'grid' || (search === 'halving' && nTrials === undefined &&
    hasListsOnly(dimensions))
  if (!isGrid) return randomTrials(dimensions, nTrials ?? 20, searchSeed ?? 0)
  const given = Object.entries({ nTrials, searchSeed }).find(([, value]) => value !== undefined)
  if (given !== undefined) {
    throw new CoppiceError('PARAMETER',
      `${given[0]} does nothing in a grid, whose trials are all ` +
      'combinations; leave it out, or use search = random')
  }
  return gridTrials(dimensions)
}

async function planSearch(
  recipe: CodedRecipe, dataset: Dataset, options: TuneOptions,
): Promise<PlannedFolds> {
  const { validationFraction, validationSeed = 0 } = options
  return planFolds('tune', recipe, dataset, options, async (rows) =>
    validationFraction === undefined ? makeFolds(dataset, rows, options)
      : [holdOutFold(rows, validationFraction, validationSeed)])
}

/** What tells searches apart. */
function keyOf(recipe: CodedRecipe, { folds, training }: PlannedFolds, search: object): string {
  const hash = new Sha256()
  const text = JSON.stringify([modelParameters(recipe.checked), search]) +
    ownCode(recipe.checked) + beginningOf(training)
  hash.update(new TextEncoder().encode(text))
  for (const { train, valid } of folds) hash.update(train).update(valid)
  return toHex(hash.digest())
}

class Study {
  readonly #recipe: CodedRecipe
  readonly #candidates: readonly TrialParams[]
  readonly #planned: PlannedFolds
  readonly #journal: TrialJournal
  readonly #options: TuneOptions
  readonly #runner: TrialRunner

  constructor(
    params: Readonly<Record<string, unknown>>, recipe: CodedRecipe,
    candidates: readonly TrialParams[], planned: PlannedFolds, journal: TrialJournal,
    options: TuneOptions,
  ) {
    this.#recipe = recipe
    this.#candidates = candidates
    this.#planned = planned
    this.#journal = journal
    this.#options = options
    this.#runner = new TrialRunner(
      { params, training: planned.training, nRows: planned.nRows })
  }

  /** Every candidate, whole. */
  all(): Promise<TrialOutcome[]> {
    return this.#run([...this.#candidates.keys()], { rung: 0, iterations: null, rows: null })
  }

  /** Rung after rung, the better ones each time. */
  async halve(): Promise<TrialOutcome[]> {
    const { resource = 'iterations', factor = 3, min } = this.#options.halving ?? {}
    const isRows = resource === 'rows'
    if (!isRows && 'numIterations' in this.#candidates[0]!) {
      throw new CoppiceError('PARAMETER', 'numIterations cannot be searched where iterations are ' +
        'what trials are given; leave it out of the space, or give halving.resource = rows')
    }
    const rungs = planRungs(this.#candidates.length, {
      factor, min: min ?? (isRows ? 100 : 1),
      max: isRows ? this.#planned.nRows : this.#recipe.checked.numIterations,
    })
    const outcomes: TrialOutcome[] = []
    let left = [...this.#candidates.keys()]
    for (const [rung, { nTrials, amount }] of rungs.entries()) {
      const isLast = rung + 1 === rungs.length
      left = left.slice(0, nTrials)
      const done = await this.#run(left, {
        rung, rows: isRows && !isLast ? amount : null, iterations: isRows ? null : amount,
      })
      outcomes.push(...done)
      left = ranked(comparisonOf(this.#recipe.checked), done)
      this.#runner.keep(left.slice(0, rungs[rung + 1]?.nTrials ?? 0))
    }
    return outcomes
  }

  async #run(trials: readonly number[], amount: TrialAmount): Promise<TrialOutcome[]> {
    const outcomes: TrialOutcome[] = []
    for (const trial of [...trials].sort((a, b) => a - b)) {
      const known = this.#journal.find(trial, amount.rung)
      const outcome = known ?? await this.#runner.run(trial, this.#candidates[trial]!, amount)
      if (known === null) await this.#journal.add(outcome)
      this.#options.onTrial?.(outcome, this.#candidates.length)
      outcomes.push(outcome)
    }
    return outcomes
  }
}

/** Trials that can go on, the best first. */
function ranked(comparison: Comparison, outcomes: readonly TrialOutcome[]): number[] {
  return outcomes.filter(({ status }) => status === 'done').sort((a, b) =>
    isBetter(comparison, a.score, b.score) ? -1 : isBetter(comparison, b.score, a.score) ? 1
      : a.trial - b.trial).map(({ trial }) => trial)
}

function bestOf(comparison: Comparison, outcomes: readonly TrialOutcome[]): TrialOutcome {
  const scored = outcomes.filter(({ score }) => score !== null)
  const lastRung = Math.max(...scored.map(({ rung }) => rung))
  const last = scored.filter(({ rung }) => rung === lastRung)
  const [first] = ranked(comparison, last)
  if (first !== undefined) return last.find(({ trial }) => trial === first)!
  const told = outcomes.find(({ message }) => message !== null)?.message
  throw new CoppiceError('PARAMETER', `no trial of ${outcomes.length} has a score` +
    (told === undefined ? '' : `; the first was refused: ${told}`))
}

/** Iterations of the model that trials begin with. */
function nInitialOf({ training: { initModel } }: PlannedFolds): number {
  return initModel === undefined ? 0
    : initModel.model.trees.length / initModel.model.treesPerIteration
}

/** Parameters of a training on all rows, with the iterations that were found. */
function finalParams(
  base: Readonly<Record<string, unknown>>, { params, iteration }: TrialOutcome, nInitial: number,
): TrainingParams {
  const all = withTrial(base, params)
  const isStopped = Number(givenValue(all, 'early_stopping_round') ?? 0) > 0
  if (!isStopped) return all
  const { earlyStoppingRound: _rounds, earlyStoppingMinDelta: _delta, firstMetricOnly: _first,
    ...rest } = all
  return { ...rest, numIterations: iteration! - nInitial }
}

async function refit(
  recipe: CodedRecipe, dataset: Dataset, options: TuneOptions,
): Promise<Booster> {
  const { signal, onLoad, cluster, initModel, onNotice, onJob } = options
  return trainOn(dataset, { signal, onLoad, cluster, initModel, onNotice, onJob }, recipe)
}
