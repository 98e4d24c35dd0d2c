import {
  addRow, hasRow, metricDefinitions, metricDirections, noRows, Purpose, type ResolvedParams,
  type RowBits,
} from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { type FoldState, FoldTrainer, type FoldTraining, VALID } from '../cv/fold-trainer.js'
import type { Fold } from '../cv/folds.js'
import { drawOrder } from '../cv/row-order.js'
import { type RawParams } from '../training/params.js'
import { recipeOf } from '../training/train.js'
import type { TrialParams } from './space.js'
import type { TrialOutcome } from './trial-journal.js'

/** What trials have in common. */
export interface TrialBase {
  readonly params: RawParams
  readonly training: FoldTraining
  /** Rows of the data set. */
  readonly nRows: number
}

/** How much a trial gets at a rung. */
export interface TrialAmount {
  readonly rung: number
  /** Iterations at most; null: all. */
  readonly iterations: number | null
  /** Rows in all folds at most; null: all. */
  readonly rows: number | null
}

/** Trains trials and scores them. What a trial has trained is kept while it may go on. */
export class TrialRunner {
  readonly #base: TrialBase
  readonly #states = new Map<number, readonly FoldState[]>()

  constructor(base: TrialBase) {
    this.#base = base
  }

  /** Rejects with CoppiceError for what is no trial's fault: 'IO', 'MEMORY', 'ABORTED'. */
  async run(trial: number, params: TrialParams, amount: TrialAmount): Promise<TrialOutcome> {
    const { rung } = amount
    const nothing = { trial, rung, params, score: null, stdv: null, iteration: null }
    try {
      return { ...nothing, ...await this.#score(trial, params, amount), status: 'done',
        message: null }
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error
      const { code, message } = error
      if (code === 'PARAMETER') return { ...nothing, status: 'refused', message }
      if (code === 'DATA') return { ...nothing, status: 'failed', message }
      throw error
    }
  }

  /** What trials that do not go on have trained is of no more use. */
  keep(trials: readonly number[]): void {
    for (const trial of this.#states.keys()) {
      if (!trials.includes(trial)) this.#states.delete(trial)
    }
  }

  async #score(
    trial: number, params: TrialParams, { iterations, rows }: TrialAmount,
  ): Promise<Pick<TrialOutcome, 'score' | 'stdv' | 'iteration'>> {
    const { training, nRows } = this.#base
    const recipe = recipeOf(withTrial(this.#base.params, params), training.recipe.code)
    const folds = rows === null ? training.folds : fewerRows(training.folds, nRows, rows)
    const states = rows === null ? this.#states.get(trial) ?? null : null
    const trainer = new FoldTrainer({ ...training, recipe, folds }, states)
    await trainer.advance(iterations ?? recipe.checked.numIterations)
    if (rows === null && iterations !== null) this.#states.set(trial, trainer.states())
    return scoreOf(trainer, recipe.checked.earlyStoppingRound > 0)
  }
}

/** Parameters of a trial: what it sets replaces what all have. */
export function withTrial(params: RawParams, trial: TrialParams): RawParams {
  return { ...params, ...trial }
}

/** The mean of the first metric: of the best iteration with early stopping, else of the last. */
function scoreOf(
  { board }: FoldTrainer, stops: boolean,
): Pick<TrialOutcome, 'score' | 'stdv' | 'iteration'> {
  const best = board.bestIteration
  const at = stops && best !== null
    ? board.iterations.find(({ iteration }) => iteration + 1 === best) : board.iterations.at(-1)
  const found = at?.metrics.find(({ dataset }) => dataset === VALID)
  if (found === undefined || !Number.isFinite(found.mean)) {
    return { score: null, stdv: null, iteration: null }
  }
  return { score: found.mean, stdv: found.stdv, iteration: at!.iteration + 1 }
}

/** What trials are compared by: the first metric that there is. */
export interface Comparison {
  readonly metric: string
  readonly higherIsBetter: boolean
}

/** What trainings with these parameters are compared by; there is a metric. */
export function comparisonOf(params: ResolvedParams): Comparison {
  const metric = params.metric[0] ?? metricDefinitions(params)[0]!.name
  return { metric, higherIsBetter: metricDirections(params)(metric) }
}

/** Whether a score is better than another; none is the worst. */
export function isBetter(
  { higherIsBetter }: Comparison, score: number | null, other: number | null,
): boolean {
  if (score === null || other === null) return score !== null && other === null
  return higherIsBetter ? score > other : score < other
}

/** The folds of a share of the rows; more rows hold those of fewer. */
function fewerRows(folds: readonly Fold[], nRows: number, wanted: number): Fold[] {
  const kept = noRows(nRows)
  // not in the order in which rows are dealt to folds
  const order = drawOrder(nRows, 0, Purpose.tuning)
  for (const row of order.subarray(0, wanted)) addRow(kept, row)
  const cut = (bits: RowBits): RowBits => {
    const both = noRows(nRows)
    for (let row = 0; row < nRows; row++) if (hasRow(bits, row) && hasRow(kept, row)) addRow(both, row)
    return both
  }
  return folds.map(({ train, valid }) => ({ train: cut(train), valid: cut(valid) }))
}
