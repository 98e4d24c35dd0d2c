import type { Packing } from '../dataset.js'
import { isWide } from '../row-bytes.js'
import { COLUMN_VALUES_MAX } from './columns.js'
import { countBins } from './count-bins.js'
import { OffDefaults, type FeatureDefault } from './off-defaults.js'
import { byPacking } from './packed-entries.js'
import type { EngineRows, FeatureLayout } from './protocol.js'
import { countRows, type RowRun } from './row-dealing.js'

/** A feature with its most frequent bin. */
interface Candidate extends FeatureDefault {
  /** Sampled rows in another bin. */
  readonly nOthers: number
}

/** Features with a bin that holds this share of the rows may be bundled, as in LightGBM. */
const SPARSE_SHARE = 0.8
/** Rows that are looked at to find candidates and bundles. */
const SAMPLE_ROWS = 8192
/** Bundles that a feature is tried in, as in LightGBM: those made last. */
const TRIED_BUNDLES = 100

/**
 * Features that are never off their defaults in the same row, in bundles: a greedy choice on some
 * rows, checked on all. Which are chosen has no influence on results.
 *
 * O(rows x features) in time, of packed rows O(bytes); looking at some rows is enough to see that
 * there is nothing to bundle.
 *
 * @returns bundles of at least two features
 */
export function bundleFeatures(
  data: EngineRows, runs: readonly RowRun[], features: readonly FeatureLayout[],
): Candidate[][] {
  if (features.length < 2 || countRows(runs) === 0) return []
  const sample = sampleOf(data, runs)
  const candidates = findCandidates(sample, features)
  const bundles = chooseBundles(sample, candidates, features)
    .filter((bundle) => bundle.length > 1)
  return bundles.length === 0 ? [] : withoutConflicts(data, runs, features, bundles)
}

/** Rows spread over all: local rows 0, step, 2 step, ... */
interface Sample {
  readonly data: EngineRows
  readonly runs: readonly RowRun[]
  readonly step: number
  readonly nRows: number
}

function sampleOf(data: EngineRows, runs: readonly RowRun[]): Sample {
  const total = countRows(runs)
  const step = Math.max(1, Math.ceil(total / SAMPLE_ROWS))
  return { data, runs, step, nRows: Math.ceil(total / step) }
}

function findCandidates(
  { data, runs, step, nRows }: Sample, features: readonly FeatureLayout[],
): Candidate[] {
  const counts = countBins(data, runs, step)
  const candidates: Candidate[] = []
  for (let feature = 0; feature < features.length; feature++) {
    const { nBins } = features[feature]!
    // a bundle is a byte
    if (isWide(nBins)) continue
    const own = counts.subarray(feature * 256, feature * 256 + nBins)
    let defaultBin = 0
    own.forEach((count, bin) => {
      if (count > own[defaultBin]!) defaultBin = bin
    })
    const nDefault = own[defaultBin]!
    if (nDefault >= nRows * SPARSE_SHARE) {
      candidates.push({ feature, defaultBin, nOthers: nRows - nDefault })
    }
  }
  return candidates
}

/** A bundle under way: which sampled rows have one of its features off its default. */
interface OpenBundle {
  readonly members: Candidate[]
  readonly rows: Uint32Array
  nValues: number
}

function chooseBundles(
  sample: Sample, candidates: readonly Candidate[], features: readonly FeatureLayout[],
): Candidate[][] {
  const bundles: OpenBundle[] = []
  const offDefault = findOffDefault(sample, candidates)
  // those that conflict most find their places first
  const order = [...candidates].sort((a, b) => b.nOthers - a.nOthers || a.feature - b.feature)
  for (const candidate of order) {
    const rows = offDefault.get(candidate)!
    const nValues = features[candidate.feature]!.nBins - 1
    const fits = bundles.slice(-TRIED_BUNDLES).find((bundle) =>
      bundle.nValues + nValues <= COLUMN_VALUES_MAX &&
      bundle.rows.every((word, i) => (word & rows[i]!) === 0))
    if (fits === undefined) {
      bundles.push({ members: [candidate], rows, nValues: 1 + nValues })
      continue
    }
    fits.members.push(candidate)
    fits.nValues += nValues
    rows.forEach((word, i) => {
      fits.rows[i]! |= word
    })
  }
  return bundles.map(({ members }) => members)
}

/** Of each candidate a bit per sampled row, 1 where it is off its default. */
function findOffDefault(
  sample: Sample, candidates: readonly Candidate[],
): Map<Candidate, Uint32Array> {
  const { data, runs, step } = sample
  const nWords = Math.ceil(sample.nRows / 32)
  const rows = new Uint32Array(nWords * candidates.length)
  const startOf = new Int32Array(data.rowBytes)
  candidates.forEach(({ feature }, c) => {
    startOf[feature] = c * nWords
  })
  new OffDefaults(data.rowBytes, candidates).visit(data, runs, step, (feature, _bin, localRow) => {
    const row = localRow / step
    rows[startOf[feature]! + (row >> 5)]! |= 1 << (row & 31)
  })
  return new Map(candidates.map((candidate, c) =>
    [candidate, rows.subarray(c * nWords, (c + 1) * nWords)]))
}

/** Whether a packing says that no row has two features of a bundle, nor bins that cannot be. */
export function keepsApart(
  { columnOf, defaultBin, nBins }: Pick<Packing, 'columnOf' | 'defaultBin' | 'nBins'>,
  bundles: readonly (readonly FeatureDefault[])[], layout: readonly Pick<FeatureLayout, 'nBins'>[],
): boolean {
  return bundles.every((bundle) => bundle.every((own) =>
    columnOf[own.feature] === columnOf[bundle[0]!.feature] &&
    defaultBin[own.feature] === own.defaultBin &&
    nBins[own.feature]! <= layout[own.feature]!.nBins))
}

/** Takes features out that share a row with another of their bundle, or have impossible bins. */
function withoutConflicts(
  data: EngineRows, runs: readonly RowRun[], layout: readonly FeatureLayout[],
  bundles: readonly (readonly Candidate[])[],
): Candidate[][] {
  const { rowBytes } = data
  const bundleOf = new Int32Array(rowBytes)
  bundles.forEach((bundle, b) => {
    for (const { feature } of bundle) bundleOf[feature] = b
  })
  const isOut = new Uint8Array(rowBytes)
  /** The last row in which a feature of each bundle was off its default. */
  const takenBy = new Float64Array(bundles.length).fill(-1)
  const rare = new OffDefaults(rowBytes, bundles.flat())
  rare.visit(data, runs, 1, (feature, bin, row) => {
    // one that is out already takes no place
    if (isOut[feature] === 1) return
    const bundle = bundleOf[feature]!
    // a bin that a feature does not have would be another's: sums by itself tell of it
    if (takenBy[bundle] === row || bin >= layout[feature]!.nBins) isOut[feature] = 1
    else takenBy[bundle] = row
  }, byPacking((packing) => keepsApart(packing, bundles, layout)))
  return bundles
    .map((bundle) => bundle.filter(({ feature }) => isOut[feature] === 0))
    .filter((bundle) => bundle.length > 1)
}
