import { CoppiceError } from '@coppice/model'
import { type CvRunOptions, cvRunOptionNames, foldOptionNames } from '../cv/cv.js'
import { type FoldOptions, requireInteger } from '../cv/fold-options.js'
import { checkHoldOut, type HoldOutOptions } from '../cv/hold-out.js'
import { shownOption } from '../cv/shown-option.js'
import { checkOptionNames, optionNames } from '../options.js'
import type { TrialOutcome } from './trial-journal.js'

/** How a successive halving gives out its resource. */
export interface HalvingOptions {
  /** 'iterations' of boosting (default), or 'rows' to train on. */
  readonly resource?: 'iterations' | 'rows' | undefined
  /** Of the trials of a rung, 1 / factor go on, with factor times as much; 2 to 100, default 3. */
  readonly factor?: number | undefined
  /** What the first rung has at least; default 1 iteration, 100 rows. */
  readonly min?: number | undefined
}

/** Options of `tune`. Folds are those of `cv`, or one part held out by `validationFraction`. */
export interface TuneOptions extends FoldOptions, HoldOutOptions, Omit<CvRunOptions,
  'onIteration' | 'onFold'> {
  /**
   * 'grid': all combinations (default where the space has lists only); 'random': `nTrials` draws;
   * 'halving': draws (or the grid) of which the better ones are given more and more.
   */
  readonly search?: 'grid' | 'random' | 'halving' | undefined
  /** Draws; default 20. Not with grid. */
  readonly nTrials?: number | undefined
  /** Of the draws of trials; default 0. `seed` is that of the folds. */
  readonly searchSeed?: number | undefined
  readonly halving?: HalvingOptions | undefined
  /** Train a model on all rows with the best parameters; default true. */
  readonly refit?: boolean | undefined
  /**
   * A file that every finished trial is added to. Where it exists already, the search that wrote it
   * goes on, to the result that it would have had.
   */
  readonly journal?: string | undefined
  /** Hears of every trial when it is done, also of those that the journal has. */
  readonly onTrial?: ((outcome: TrialOutcome, nTrials: number) => void) | undefined
}

const { onIteration: _onIteration, onFold: _onFold, ...runNames } = cvRunOptionNames

const tuneOptionNames = optionNames<TuneOptions>({
  ...foldOptionNames, ...runNames, validationFraction: true, validationSeed: true, search: true,
  nTrials: true, searchSeed: true, halving: true, refit: true, journal: true, onTrial: true,
})

const halvingNames = optionNames<HalvingOptions>({ resource: true, factor: true, min: true })

/** @throws CoppiceError 'PARAMETER' for what is unknown, out of range, or without effect */
export function checkTuneOptions(options: TuneOptions): void {
  checkOptionNames('tune', options, tuneOptionNames)
  checkHoldOut(options)
  requireChoice('search', options.search, ['grid', 'random', 'halving'])
  requireInteger('nTrials', options.nTrials, 1, 1_000_000)
  requireInteger('searchSeed', options.searchSeed,
    -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const { halving, search, validationFraction } = options
  if (halving !== undefined) {
    checkOptionNames('halving', halving, halvingNames)
    if (search !== 'halving') {
      throw new CoppiceError('PARAMETER', 'halving does nothing without search = halving')
    }
    requireChoice('halving.resource', halving.resource, ['iterations', 'rows'])
    requireInteger('halving.factor', halving.factor, 2, 100)
    requireInteger('halving.min', halving.min, 1, Number.MAX_SAFE_INTEGER)
  }
  const fold = Object.keys(foldOptionNames).find((name) =>
    options[name as keyof FoldOptions] !== undefined)
  if (validationFraction !== undefined && fold !== undefined) {
    throw new CoppiceError('PARAMETER',
      `${shownOption(fold)} contradicts ${shownOption('validationFraction')}: trials are judged ` +
      'either by folds or by one part of the rows; give one of them')
  }
}

function requireChoice(name: string, value: unknown, legal: readonly string[]): void {
  if (value === undefined || legal.includes(value as string)) return
  throw new CoppiceError('PARAMETER', `${name} must be one of ${legal.join(', ')}, got ` +
    `${JSON.stringify(value) ?? typeof value}`)
}
