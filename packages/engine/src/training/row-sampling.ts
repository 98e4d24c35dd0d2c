import { assert } from '../errors.js'
import type { BagRule } from '../execution/bag-rules.js'
import type { EngineRequest } from '../execution/protocol.js'
import { TALLY_DIGITS } from '../execution/tally-request.js'
import { powerOfTwo } from '../numeric/exact-sum.js'
import { fractionLimit, mixNumber, Purpose, startHash } from '../random.js'

/** Which rows grow the trees of an iteration. Plain data. */
export type RowSampling = AllRows | RowShare | QueryShare | ClassShares | GossSampling

export interface AllRows { readonly kind: 'none' }

/** A share of the rows, drawn anew every `freq` iterations. */
export interface RowShare {
  readonly kind: 'rows'
  readonly fraction: number
  readonly freq: number
  readonly seed: number
}

/** As RowShare, of queries, whose rows are all drawn or none. */
export interface QueryShare extends Omit<RowShare, 'kind'> { readonly kind: 'queries' }

/** As RowShare, with a share of each class of a binary label. */
export interface ClassShares {
  readonly kind: 'classes'
  readonly negativeFraction: number
  readonly positiveFraction: number
  readonly freq: number
  readonly seed: number
}

/**
 * Gradient-based one-side sampling (Ke et al. 2017, algorithm 2; LightGBM's goss.hpp): the rows of
 * the largest gradients, and a share of the others, which count for more in return.
 */
export interface GossSampling {
  readonly kind: 'goss'
  readonly nRows: number
  readonly topRate: number
  readonly otherRate: number
  /** Iterations before it, on all rows. */
  readonly nWarmUp: number
  readonly seed: number
}

/** Answers are counts of rows, see TallyRequest. */
type Tallies<Result> = Generator<EngineRequest, Result, Float64Array>

/** The parameters that say how rows are drawn. */
export interface SamplingParams {
  readonly dataSampleStrategy: 'bagging' | 'goss'
  readonly learningRate: number
  readonly baggingFraction: number
  readonly baggingByQuery: boolean
  readonly posBaggingFraction: number
  readonly negBaggingFraction: number
  readonly baggingFreq: number
  readonly baggingSeed: number
  readonly topRate: number
  readonly otherRate: number
}

/** How a training on nRows rows draws them. */
export function rowSampling(params: SamplingParams, nRows: number): RowSampling {
  const {
    baggingFraction, posBaggingFraction, negBaggingFraction, baggingFreq: freq, baggingSeed: seed,
  } = params
  if (params.dataSampleStrategy === 'goss') {
    const { topRate, otherRate, learningRate } = params
    return { kind: 'goss', nRows, topRate, otherRate, nWarmUp: Math.floor(1 / learningRate), seed }
  }
  if (freq === 0) return { kind: 'none' }
  if (posBaggingFraction < 1 || negBaggingFraction < 1) {
    return {
      kind: 'classes', freq, seed, positiveFraction: posBaggingFraction,
      negativeFraction: negBaggingFraction,
    }
  }
  const kind = params.baggingByQuery ? 'queries' : 'rows'
  return baggingFraction < 1 ? { kind, fraction: baggingFraction, freq, seed } : { kind: 'none' }
}

/** By how much gradients may grow when rows are drawn, in an iteration. */
export function weightOfOthers(sampling: RowSampling, iteration: number): number {
  return sampling.kind === 'goss' && iteration >= sampling.nWarmUp
    ? gossNumbers(sampling).factor : 1
}

/**
 * The rule by which the rows of an iteration are drawn, null for all rows. Where it depends on the
 * gradients, engines have computed them.
 */
export function* drawRows(sampling: RowSampling, iteration: number): Tallies<BagRule | null> {
  switch (sampling.kind) {
    case 'none': return null
    case 'rows':
    case 'queries': return {
      kind: sampling.kind, hashStart: bagHash(sampling, iteration),
      limit: fractionLimit(sampling.fraction),
    }
    case 'classes': return {
      kind: 'classes', hashStart: bagHash(sampling, iteration),
      limitNegative: fractionLimit(sampling.negativeFraction),
      limitPositive: fractionLimit(sampling.positiveFraction),
    }
    case 'goss': {
      if (iteration < sampling.nWarmUp) return null
      const { nTop, share, factor } = gossNumbers(sampling)
      const threshold = yield* largestKey(nTop, sampling.nRows)
      const hashStart = mixNumber(startHash(sampling.seed, Purpose.goss), iteration)
      return { kind: 'goss', hashStart, threshold, limit: fractionLimit(share), factor }
    }
  }
}

function bagHash({ freq, seed }: RowShare | QueryShare | ClassShares, iteration: number): number {
  return mixNumber(startHash(seed, Purpose.bagging), iteration - (iteration % freq))
}

/** Rows to keep, the share of the others to draw, and what those are multiplied with. */
function gossNumbers(
  { nRows, topRate, otherRate }: GossSampling,
): { nTop: number, share: number, factor: number } {
  const nTop = Math.max(1, Math.floor(nRows * topRate))
  const nOthers = Math.max(1, nRows - nTop)
  const nDrawn = Math.min(nOthers, Math.max(1, Math.floor(nRows * otherRate)))
  return { nTop, share: nDrawn / nOthers, factor: nOthers / nDrawn }
}

/**
 * The k-th largest key of all rows, exactly: by counting rows digit by digit.
 *
 * @param k - from 1 to the number of rows
 */
function* largestKey(k: number, nRows: number): Tallies<number> {
  let prefix = 0
  let rank = k
  let expected = nRows
  for (let digit = 0; digit < TALLY_DIGITS.length; digit++) {
    const counts = yield { kind: 'tally', digit, prefix }
    const total = counts.reduce((sum, count) => sum + count, 0)
    assert(total === expected, `${total} of ${expected} rows were counted`)
    let d = counts.length - 1
    while (rank > counts[d]!) rank -= counts[d--]!
    expected = counts[d]!
    prefix = prefix * powerOfTwo(TALLY_DIGITS[digit]!.bits) + d
  }
  return prefix
}
