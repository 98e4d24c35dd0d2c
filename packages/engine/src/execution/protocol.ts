import type { LinearLeaves } from '@coppice/model'
import type { BinSet } from '../bin-set.js'
import type { MetricDefinition } from '../custom/types.js'
import type { BinnedBlock } from '../dataset.js'
import type { LeafTotals, SplitCandidate } from '../kernels/candidate.js'
import type { TimedScores } from '../metrics/timed-rows.js'
import type { ObjectiveSpec } from '../objectives/objective.js'
import type { RiskTables } from '../survival/risk-tables.js'
import type { BagRule } from './bag-rules.js'
import type { LeafRules, Rescan, TreeRules } from './leaf-rules.js'
import type { ElectedLeaf, Voting } from './elected-leaf.js'
import type { TallyRequest } from './tally-request.js'

/**
 * What a training asks of the engines that hold the rows, in the order of an iteration. Every
 * request is carried out by all engines on their rows; an answer is about all rows. Executors
 * differ only in how requests travel and where sums meet.
 *
 *   prepare, tally ...                       largest score, sums of hazards (cox)
 *   prepare   -> largest gradient (hessian)  where the objective's bound is not proven
 *   gradients                                fixed-point gradients of all outputs
 *   tally ...                                rows by the size of their gradients (GOSS); gradients
 *                                            by position (lambdarank)
 *   per tree: root -> totals and candidate; round -> candidates, until grown; where features cost
 *             rows something, tally after each
 *             select -> counts of residuals, until the leaves' percentiles are found, where leaves
 *                       are percentiles; commit
 *   evaluate  -> metric parts
 *
 * Where trees of an iteration grow at the same time, their roots and rounds come together.
 */
export type EngineRequest =
  | PrepareRequest | GradientsRequest | TallyRequest | RootRequest | RoundRequest | SelectRequest
  | MomentsRequest | CommitRequest | EvaluateRequest | TogetherRequest

export interface PrepareRequest {
  readonly kind: 'prepare'
  /**
   * Instead of gradients: of custom objectives, whose hessians have no bound that is proven. Of
   * cox first the largest score (`scoreKey`).
   */
  readonly of?: 'hessians' | 'scores'
  /** Of one score only, where they have scales of their own. */
  readonly output?: number
  /** As in the gradients that follow. */
  readonly draw?: number
  readonly biases?: readonly number[]
  readonly risks?: RiskTables
}

export interface GradientsRequest {
  readonly kind: 'gradients'
  /** Powers of two by which gradients and hessians are multiplied before rounding. */
  readonly gradientScale: number
  readonly hessianScale: number
  /** Of one score only, where they have scales of their own: the last one comes last. */
  readonly output?: number
  /** Start of the hashes of rows' draws (see `rowDraw`), for objectives that draw. */
  readonly draw?: number
  /** Of each position, where rows have one: added to the scores of its rows (lambdarank). */
  readonly biases?: readonly number[]
  /** Of cox: sums over the rows that were there when events happened. */
  readonly risks?: RiskTables
}

export interface RootRequest {
  readonly kind: 'root'
  readonly output: number
  readonly bag: BagRule | null
  /** Features that may split the root, see mask.ts; with extraTrees draws. */
  readonly mask: Uint8Array
  /** Where trees grow under rules. */
  readonly rules?: LeafRules
  /** Of all scans of the tree, where they are not those of the setup. */
  readonly scan?: ScanParams
  /** Of the output's gradients, where each has its own. */
  readonly scales?: OutputScales
}

/** Powers of two by which the gradients and hessians of a score were multiplied. */
export interface OutputScales {
  readonly gradient: number
  readonly hessian: number
}

/** One leaf cut in two. Node ids are the grower's; they are not in the model. */
export interface Expansion {
  readonly parent: number
  readonly left: number
  readonly right: number
  readonly feature: number
  /** The bins whose rows go left. */
  readonly leftBins: BinSet
  readonly leftTotals: LeafTotals
  readonly rightTotals: LeafTotals
  /** Features that may split the children, or null for a child that will not be split. */
  readonly leftMask: Uint8Array | null
  readonly rightMask: Uint8Array | null
  /** Of the children, left and right, where trees grow under rules. */
  readonly rules?: readonly [LeafRules, LeafRules]
}

export interface RoundRequest {
  readonly kind: 'round'
  readonly expansions: readonly Expansion[]
  /** Nodes whose histograms are of no more use. */
  readonly released: readonly number[]
  /** Leaves to be scanned again, under other rules; absent where there are none. */
  readonly rescans?: readonly Rescan[]
  /**
   * Leaves to be scanned, by the features that were elected of them; then there are no expansions.
   * Absent in the rounds that features are elected by, and where none are.
   */
  readonly elected?: readonly ElectedLeaf[]
}

/** A grown tree over bins, for the scores of rows that did not grow it. */
export interface BinnedTree {
  readonly feature: readonly number[]
  /** Of each node, the bins that go left. */
  readonly leftBins: readonly BinSet[]
  readonly leftChild: readonly number[]
  readonly rightChild: readonly number[]
  readonly leafValue: readonly number[]
  /** What leaves add instead, where the tree is linear. */
  readonly linear?: BinnedLinear
}

/**
 * Linear leaves. A row's output is computed as predictions are (`LinearLeaves` of the model),
 * brought into [-limit, limit], and rounded to the grid of scores, `EngineSetup.initScoreQuantum`:
 * sums of outputs are exact, and the tree with all of its numbers negated takes it back.
 */
export interface BinnedLinear extends LinearLeaves {
  /** > 0 */
  readonly limit: number
}

export interface CommitRequest {
  readonly kind: 'commit'
  /**
   * From nOutputs on it is, less nOutputs, of the scores that the gradients of a forest are of: a
   * base score that was asked for.
   */
  readonly output: number
  readonly tree: BinnedTree
  /** The grower's node of each leaf, in leaf order; null when the tree was not grown here. */
  readonly leafNodes: readonly number[] | null
  /** It undoes a commit: the tree is that one's, with its values negated. */
  readonly takesBack?: true
}

export interface EvaluateRequest {
  readonly kind: 'evaluate'
  /** Scores are divided by it before metrics see them: the trees that a forest averages. */
  readonly divisor?: number
}

/**
 * Asks about the residuals (label - score) of some sets of rows: how many, and of which weight, lie
 * where. Residuals are whole multiples of the grid of scores, `EngineSetup.initScoreQuantum`, the
 * nearest ones. Changes nothing.
 */
export interface SelectRequest {
  readonly kind: 'select'
  readonly output: number
  /** A power of two by which weights are multiplied and rounded; 0: every row weighs 1. */
  readonly weightScale: number
  readonly groups: readonly SelectGroup[]
}

/** A set of rows, and what is asked of those with a residual in a range. */
export interface SelectGroup {
  /** The grower's node whose rows they are, or -1 for all rows, also those out of the bag. */
  readonly node: number
  /** Residuals from `low` to `high`, both included, in quanta: integers below 2^53. */
  readonly low: number
  readonly high: number
  /** A power of two: the width of the buckets to count in. Else ROWS or LOGARITHMIC. */
  readonly width: number
  /** Rows with a residual in the range, over all engines: what comes is checked against it. */
  readonly count: number
}

/** What was selected of a group, of all engines together; entries as in a SelectPart. */
export interface SelectedGroup {
  /** Buckets, ascending; or residuals of rows. */
  readonly place: readonly number[]
  /** Rows of each bucket; or row ids. */
  readonly rows: readonly number[]
  readonly weight: readonly number[]
}

/** What was selected of each group. */
export type SelectAnswer = readonly SelectedGroup[]

/**
 * Asks for the sums of the normal equations of leaves, over the rows whose values are all there:
 * numbers up to RAW_MAX in magnitude. Changes nothing.
 */
export interface MomentsRequest {
  readonly kind: 'moments'
  /** Of which output the tree is whose leaves these are: the last that was begun. */
  readonly output: number
  readonly leaves: readonly MomentsLeaf[]
}

export interface MomentsLeaf {
  /** The grower's node. */
  readonly node: number
  /** Numeric features, ascending. */
  readonly features: readonly number[]
  /** Rows of the leaf, over all engines: what comes is checked against it. */
  readonly count: number
}

/** Per-engine part of one metric on one data set. Additive parts merge exactly. */
export interface MetricPart {
  readonly dataset: number
  readonly metric: string
  /** State of an ExactSum over the rows' losses, or null for metrics that need an order. */
  readonly sum: readonly number[] | null
  /** Rows by ascending score, for AUC, or null. */
  readonly ranked: RankedScores | null
  /**
   * Of auc_mu, which has a part for each pair of classes: the pair's index. Of metrics that are
   * means over classes or scores: which of them.
   */
  readonly pair?: number
  /** Rows with their times, of metrics that compare these; then there is neither of the above. */
  readonly timed?: TimedScores
}

/**
 * Scores of the rows of each class of a binary label, each ascending; weights in the same order,
 * or null where all are 1.
 */
export interface RankedScores {
  readonly negatives: Float64Array
  readonly positives: Float64Array
  readonly negativeWeights: Float64Array | null
  readonly positiveWeights: Float64Array | null
}

export interface RootAnswer {
  readonly totals: LeafTotals
  /** Null where features are elected first. */
  readonly candidate: SplitCandidate | null
  /** As VotesAnswer. */
  readonly votes?: Float64Array
}

/** Answers a round with expansions where features are elected. */
export interface VotesAnswer {
  /**
   * Of the children of each expansion, left and right: by feature the gain of the best split
   * between groups of its bins, -Infinity without one.
   */
  readonly votes: readonly Float64Array[]
}

/**
 * Candidates of the children of each expansion: left, right. Behind them, for each leaf that was
 * scanned again, or by elected features, its candidate and null.
 */
export type RoundAnswer = readonly (readonly [SplitCandidate | null, SplitCandidate | null])[]

/**
 * What some of the trees ask for that grow at the same time, in one request: they share rounds.
 * Each grows in a *lane*: a place in engines for its rows' order, in the reducer for its
 * histograms. A lane's next tree begins with a root; the tree before is committed by then.
 */
export interface TogetherRequest {
  readonly kind: 'together'
  /** Of another lane each. */
  readonly parts: readonly LanePart[]
}

export interface LanePart {
  /** 0 .. EngineSetup.lanes - 1 */
  readonly lane: number
  readonly request: RootRequest | RoundRequest
}

/** The answers to the parts. */
export type TogetherAnswer = readonly (RootAnswer | RoundAnswer)[]

/** Gain parameters of the scan, in the units of the loss. */
export interface ScanParams {
  readonly lambdaL1: number
  readonly lambdaL2: number
  readonly minDataInLeaf: number
  readonly minSumHessianInLeaf: number
  readonly minGainToSplit: number
  readonly maxDeltaStep: number
  readonly catSmooth: number
  readonly catL2: number
  readonly maxCatThreshold: number
  readonly maxCatToOnehot: number
  readonly minDataPerGroup: number
  /** Masks have the number of the only candidate of each feature. */
  readonly extraTrees: boolean
}

/** A feature as the kernels see it. */
export interface FeatureLayout {
  readonly nBins: number
  readonly missingBin: number
  readonly isCategorical: boolean
}

/** A block of rows in an engine's keeping; `firstRow` is its first row's id in the data set. */
export interface EngineBlock extends BinnedBlock {
  /** Where its first row is among the engine's rows. */
  readonly position: number
}

/**
 * What engines need of rows. Buffers are shared where the engines are threads: nothing is copied
 * to hand them over.
 *
 * A row's *position* is its place here, dense from 0: labels, weights and init scores are in that
 * order. Its *row id* is its place in the whole data set, which draws depend on. Where all rows
 * of a data set are here, the two are equal; a store of a few partitions has rows from anywhere.
 */
export interface EngineRows {
  readonly nRows: number
  /** Of a row that is not packed, see `rowBytes`. */
  readonly rowBytes: number
  /** By ascending position, without gaps from 0 to nRows. */
  readonly blocks: readonly EngineBlock[]
  /** Of several label columns row-major. */
  readonly label: Float64Array
  readonly weight: Float64Array | null
  readonly initScore: Float64Array | null
  /** Row counts of the query groups by position, or null: there are none. */
  readonly groupSizes: Uint32Array | null
  /** Where rows were shown (of lambdarank): whole numbers; absent or null where not known. */
  readonly shownAt?: Float64Array | null
}

/** Plain data from which every thread builds its engine. */
export interface EngineSetup {
  readonly features: readonly FeatureLayout[]
  readonly objective: ObjectiveSpec
  readonly nOutputs: number
  /** On the grid; scores start here, plus init scores rounded to the same grid. */
  readonly baseScores: readonly number[]
  /** Of a forest: the scores of which gradients are, always. Null: those with the trees so far. */
  readonly fixedScores: readonly number[] | null
  readonly initScoreQuantum: number
  /** Instead, of each output, where each has a grid of its own; see score-grid.ts. */
  readonly quanta?: readonly number[]
  readonly scan: ScanParams
  /** Absent where trees grow under none. */
  readonly rules?: TreeRules
  /** Features that each row pays for once, ascending; absent where there are none. */
  readonly asked?: readonly number[]
  /** Absent where all features are looked at. */
  readonly voting?: Voting
  readonly usesBagging: boolean
  /** Rows are drawn by the size of their gradients. */
  readonly usesGoss: boolean
  /** Most expansions in one round. */
  readonly maxExpansions: number
  readonly maxLeaves: number
  /** Trees that may grow at the same time, each in a lane of its own; absent: one by one. */
  readonly lanes?: number
  /** Present where leaves are linear. */
  readonly linear?: LinearSetup
  readonly metrics: readonly MetricSpec[]
  /** Also evaluate the training rows, as data set 0 before the evaluation sets. */
  readonly evaluatesTraining: boolean
}

/** How values and the sums of normal equations become whole numbers. */
export interface LinearSetup {
  /** Of each feature: values are at most 2^exponent in magnitude. 0 where it is categorical. */
  readonly exponents: readonly number[]
  /** The two planes of the kernel's sums count multiples of 2^coarse and 2^fine. */
  readonly coarse: number
  readonly fine: number
  /** Most features of a leaf. */
  readonly maxFeatures: number
}

export interface MetricSpec {
  readonly name: string
  readonly topK: number
  /** The number that some metrics have: alpha, fair_c or tweedie_variance_power; else 0. */
  readonly parameter: number
  /** Of auc_mu with costs: K x K, row-major. */
  readonly costs?: readonly number[]
  /** Of a metric of the user's own. */
  readonly custom?: MetricDefinition | null
}
