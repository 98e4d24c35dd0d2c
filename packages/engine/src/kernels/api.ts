import type { RowFunctions } from './row-api.js'
import type { SearchFunctions } from './search-api.js'

/**
 * The contract of the WebAssembly kernels (sources in `assembly/`, naive twins in
 * `reference*.ts`). All arguments are numbers: byte offsets into the one imported memory, counts
 * in elements, scales. No kernel allocates or keeps state: what some have in globals every call
 * sets before it reads it, since instances outlive trainings. Offsets of vectors are multiples of
 * 8.
 *
 * A training row is bin bytes, one per feature or two of a wide one, and a *side*: gradient i32,
 * hessian u32 (at most 2^30), row id u32 (local to the thread). Up to 64 bytes of bins both are
 * one *record* of `stride` bytes, a multiple of 8; else they are in planes
 * (execution/record-layout.ts).
 *
 * Rows are summed by a kernel that is written at run time: see specialised-histogram.ts.
 *
 * A *cell* is the sum over the rows of one bin while rows are scanned, 16 bytes: i64 gradients,
 * then i64 `hessians << 16 | count`. Where all rows have the same hessian there are *half* cells
 * of 8 bytes, i64 `gradients << 16 | count`. Where a feature's cells are: cells.ts.
 *
 * *Sums* are what histograms become after the scan: three planes, i64 gradients, i64 hessians,
 * i32 counts, of nCells cells each; a feature's bins start at its layout entry's offset.
 *
 * A *layout entry* is 16 bytes per feature, i32 each: offset of its first cell in the planes,
 * nBins, missing bin or -1, kind (0 numeric, 1 categorical; plus, of a wide feature, twice the
 * place of its draw in a mask: execution/mask.ts). Offsets are even.
 */
export interface Kernels extends RowFunctions, SearchFunctions {
  /**
   * Cells of features [first, last) to sums: overwrites the planes, or adds to them if `add`.
   * `hist` is where the cells of `firstFeature` are; those of the next follow.
   * The plane offsets may be those of another layout base: entry offsets are added to them.
   */
  widen(
    gradients: number, hessians: number, counts: number, hist: number, layout: number,
    firstFeature: number, lastFeature: number, add: number,
  ): void
  /** As `widen`, of half cells over rows of this hessian. */
  widenHalf(
    gradients: number, hessians: number, counts: number, hist: number, layout: number,
    firstFeature: number, lastFeature: number, add: number, hessian: number,
  ): void
  /**
   * Totals of columns, COLUMN_TOTALS_BYTES each, i64: sums of their cells' gradients, hessians and
   * counts. An entry of 8 bytes per column, u32 each: byte offset from `hist` of its first cell;
   * its number of cells.
   */
  sumColumns(totals: number, hist: number, columns: number, nColumns: number): void
  /**
   * As `widen` where columns may hold bundles. `hist` is where the cells of all columns begin. An
   * entry of 16 bytes per feature at `members` says where its cells are, i32 each: byte offset from
   * `hist` of the first one; its default bin, whose sums are the totals of the column less those of
   * the feature's other bins, or -1 where all bins have cells; byte offset from `totals` of those
   * of its column, one of `sumColumns` (any that can be read where there is no default bin).
   */
  widenBundles(
    gradients: number, hessians: number, counts: number, hist: number, totals: number,
    layout: number, members: number, firstFeature: number, lastFeature: number, add: number,
  ): void
  /** dst += src over nCells cells (a multiple of 4) of contiguous planes. */
  addSums(dst: number, src: number, nCells: number): void
  /**
   * Adds the sums of nBins bins to those of their groups, which `groups` (a byte per bin) names:
   * offsets of the first group's and the first bin's cell in each plane.
   */
  coarsen(
    toGradients: number, toHessians: number, toCounts: number,
    gradients: number, hessians: number, counts: number, groups: number, nBins: number,
  ): void
  /** dst -= src over nCells cells (a multiple of 4) of contiguous planes. */
  subtractSums(dst: number, src: number, nCells: number): void
  /** Sums over n bins: gradients and hessians (i64 each), and behind them counts (i32). */
  sumBins(
    totals: number, gradients: number, hessians: number, counts: number, n: number,
  ): void
  /** Writes a byte for each of 256 bits: 1 where it is set. */
  spreadBits(bytes: number, bits: number): void
  /**
   * Copies n records from src to dst: those with `table[bin of feature] = 1` to the front in
   * order, the others (0) to the back in reverse. Returns the number at the front.
   * dst must not overlap src and has room for exactly n records; n = 0 is allowed.
   */
  partition(
    dst: number, src: number, n: number, stride: number, feature: number, table: number,
  ): number
  /**
   * Writes a byte per row, `table[bin]` (1: left, 0: right), for n bins that lie `stride` bytes
   * apart. Returns the number of ones.
   */
  decide(decisions: number, bins: number, n: number, stride: number, table: number): number
  /** As `decide`, of bins of two bytes, little-endian: by bit `bin` of the bytes at `bits`. */
  decideWide(decisions: number, bins: number, n: number, stride: number, bits: number): number
  /** As `partition`, by the bytes that `decide` wrote. n >= 1. */
  divide(dst: number, src: number, n: number, stride: number, decisions: number): void
  /**
   * Rearranges n records in place: those with `table[bin of feature] = 1` to the front, the others
   * (0) behind, in no order that matters. `work` is REARRANGE_BYTES. Returns the number at the
   * front; n = 0 is allowed.
   */
  rearrange(
    rows: number, n: number, stride: number, feature: number, table: number, work: number,
  ): number
  /**
   * As `partition`, of rows whose bins, `stride` bytes (8 or 16), and sides, 12 bytes, lie in two
   * planes.
   */
  partitionNarrow(
    dst: number, dstSides: number, src: number, srcSides: number, n: number, stride: number,
    feature: number, table: number,
  ): number
  /** As `rearrange`, of such rows. */
  rearrangeNarrow(
    rows: number, sides: number, n: number, stride: number, feature: number, table: number,
    work: number,
  ): number
  /**
   * By the bytes that `decide` wrote, of which nLeft are 1: the rows (u32) among the first nLeft
   * with 0 go to `rights`, those behind with 1 to `lefts`, which are as many. Returns how many;
   * both have room for one more.
   */
  misplaced(decisions: number, n: number, nLeft: number, rights: number, lefts: number): number
  /** Exchanges rows rights[k] and lefts[k] of a plane, for each k < n. */
  exchangeRows(rows: number, stride: number, rights: number, lefts: number, n: number): void
  /** dst[i] = src[id i]: rows of `stride` bytes, u32 ids that lie `idStride` bytes apart. */
  gatherRows(
    dst: number, src: number, n: number, stride: number, ids: number, idStride: number,
  ): void
  /**
   * Best split of a leaf over the features [first, last) with a non-zero mask byte: writes a
   * candidate (see candidate.ts) to `out`. `params` are 14 doubles (see assembly/scan-types.ts),
   * `scratch` is SCAN_SCRATCH_BYTES, or, where features
   * have more than 256 bins, WIDE_SCAN_SCRATCH_BYTES. Checks that each feature's bins add up to the
   * totals.
   * The sums are those of `totalCount` rows with gradients of i32 and hessians of u32.
   */
  scan(
    out: number, gradients: number, hessians: number, counts: number, layout: number,
    firstFeature: number, lastFeature: number, mask: number, params: number, scratch: number,
    totalGradient: bigint, totalHessian: bigint, totalCount: number,
  ): void
  /**
   * As `scan`, of a leaf under rules: RULES_BYTES at `rules` and RULES_FEATURE_BYTES for each
   * feature (f64 each, see assembly/scan-types.ts; written by execution/rules-table.ts). Bounds by
   * threshold, where there are any, are those of the one feature that is scanned.
   */
  scanConstrained(
    out: number, gradients: number, hessians: number, counts: number, layout: number,
    firstFeature: number, lastFeature: number, mask: number, params: number, scratch: number,
    totalGradient: bigint, totalHessian: bigint, totalCount: number, rules: number,
  ): void
  /** See assembly/bag.ts. Returns the number of records in the bag. */
  bag(
    dst: number, outside: number, src: number, n: number, stride: number, rowIdOffset: number,
    hashStart: number, firstRow: number, limit: number,
  ): number
  /**
   * GOSS: keys (u32) of n rows, larger where the sum over outputs of |gradient x hessian| is; below
   * 2^31. Pairs lie `pairStride` bytes apart, those of the next output `planeBytes` further; each
   * output counts `factors` (doubles; 0: all alike) times.
   */
  importanceKeys(
    keys: number, pairs: number, pairStride: number, planeBytes: number, nOutputs: number,
    n: number, factors: number,
  ): void
  /** counts[digit] += 1 (doubles), see assembly/row-sample.ts. */
  tallyKeys(
    counts: number, keys: number, n: number, shift: number, bits: number, prefix: number,
  ): void
  /** A byte per row: 1 key >= threshold; 2 draw < limit; else 0. Draws as in `bag`. */
  markByKey(
    marks: number, keys: number, n: number, threshold: number, hashStart: number,
    firstRow: number, limit: number,
  ): void
  /** A byte per row: whether its draw is below the limit of its label (f64): 0, or another. */
  markByClass(
    marks: number, labels: number, n: number, hashStart: number, firstRow: number,
    limitNegative: number, limitPositive: number,
  ): void
  /**
   * The offsets (i32, ascending) of those of n consecutive rows whose draw is below the limit.
   * Returns how many these are; `offsets` has room for n, what is behind them is undefined. Draws
   * as in `bag`.
   */
  drawRows(
    offsets: number, n: number, hashStart: number, firstRow: number, limit: number,
  ): number
  /** As `bag`, by marks: rows of mark 0 are outside. */
  keepMarked(
    dst: number, outside: number, src: number, n: number, stride: number, rowIdOffset: number,
    marks: number,
  ): number
  /**
   * Gradients and hessians of n sides `stride` bytes apart times `factor`, where the row (local id
   * at rowIdOffset) has mark 2. Results fit i32 and u32.
   */
  weighMarked(
    sides: number, n: number, stride: number, rowIdOffset: number, marks: number, factor: number,
  ): void
  /**
   * Binary log-loss: n pairs (gradient i32, hessian i32), one every outStride bytes, from f64
   * scores, labels (class indices, of which `positive` counts as 1 and all others as 0) and
   * weights (0 = none). Arrays are padded to an even number of
   * elements, `out` too. Scaled gradients and hessians are below 2^31.
   */
  binaryGradients(
    out: number, outStride: number, score: number, label: number, weight: number, n: number,
    positive: number, sigmoid: number, weightNegative: number, weightPositive: number,
    gradientScale: number, hessianScale: number,
  ): void
  /**
   * max |gradient| over n rows of an objective of `kind`, a PointwiseKind, with the number `a`.
   * Arrays are padded to an even number of elements, which do not count.
   */
  pointwiseMaximum(
    kind: number, a: number, score: number, label: number, weight: number, n: number,
  ): number
  /** n pairs (gradient i32, hessian i32) of such an objective, as binaryGradients. */
  pointwiseGradients(
    kind: number, a: number, out: number, outStride: number, score: number, label: number,
    weight: number, n: number, gradientScale: number, hessianScale: number,
  ): void
  /**
   * max |gradient| over n rows of an objective of `kind`, a ShapedKind, with the numbers `a` and
   * `b`. Nothing is padded.
   */
  shapedMaximum(
    kind: number, a: number, b: number, score: number, label: number, weight: number, n: number,
  ): number
  /** n pairs (gradient i32, hessian i32) of such an objective, as xentLambdaGradients. */
  shapedGradients(
    kind: number, a: number, b: number, out: number, outStride: number, score: number,
    label: number, weight: number, n: number, gradientScale: number, hessianScale: number,
  ): void
  /**
   * Cross entropy with the weights as exposures (assembly/gradients-xent-lambda.ts): n pairs, as
   * binaryGradients. Weights are above 0, and there must be some; nothing is padded.
   */
  xentLambdaGradients(
    out: number, outStride: number, score: number, label: number, weight: number, n: number,
    gradientScale: number, hessianScale: number,
  ): void
  /**
   * Losses of the side on which labels are: n pairs, as binaryGradients, padded like them. The
   * gradient is `below` where the score is less than the label by more than `near`, `above` where
   * it is greater by more, else `equal`, times the weight and, if `isRelative`, divided by
   * max(1, |label|); the hessian is the weight.
   */
  signGradients(
    out: number, outStride: number, score: number, label: number, weight: number, n: number,
    near: number, below: number, equal: number, above: number, isRelative: number,
    gradientScale: number, hessianScale: number,
  ): void
  /** max |(score - label) * weight| over n rows. Padded to even; padding has score = label. */
  residuals(score: number, label: number, weight: number, n: number): number
  /** Squared error: n pairs (gradient i32, hessian i32), as binaryGradients. */
  residualGradients(
    out: number, outStride: number, score: number, label: number, weight: number, n: number,
    gradientScale: number, hessianScale: number,
  ): void
  /**
   * Softmax: as binaryGradients, scores and results in one plane per class; `work` is
   * `softmaxWorkBytes(nClasses)` bytes.
   */
  softmaxGradients(
    out: number, outPlaneBytes: number, score: number, scorePlaneBytes: number, label: number,
    weight: number, n: number, nClasses: number, hessianFactor: number, gradientScale: number,
    hessianScale: number, work: number,
  ): void
  /**
   * LambdaRank (assembly/gradients-ranking.ts) over the queries of a thread: query q has the local
   * rows starts[q] .. starts[q + 1] (i32). Writes gradients and hessians x weight as doubles, in
   * row order. LightGBM's rank_objective.hpp (`LambdarankNDCG`), with the logistic function itself
   * in place of its table.
   *
   * @param weight - doubles, or 0 for none
   * @param inverses - of each query 1 / (the best DCG at the truncation level), or 0
   * @param gains - of each label, doubles
   * @param discount - of each rank from 0 on, doubles, one more than the largest query has rows
   * @param work - RANKING_PLANES planes of `planeBytes`, each the doubles of the largest query and
   *   one more
   * @returns the largest of |gradient| and hessian / sigmoid
   */
  lambdaGradients(
    gradient: number, hessian: number, score: number, label: number, weight: number,
    starts: number, nQueries: number, inverses: number, gains: number, discount: number,
    truncation: number, isNormed: number, sigmoid: number, work: number, planeBytes: number,
  ): number
  /**
   * XE-NDCG (LightGBM's `RankXENDCG`), as lambdaGradients. The draw of a row is
   * `rowDraw(hashStart, row id)` / 2^32.
   *
   * @param firstIds - of each query the global id of its first row, doubles
   * @param work - two planes
   * @returns the largest |gradient|
   */
  xendcgGradients(
    gradient: number, hessian: number, score: number, label: number, weight: number,
    starts: number, nQueries: number, firstIds: number, hashStart: number, work: number,
    planeBytes: number,
  ): number
  /** n pairs (gradient i32, hessian i32) from planes of doubles; padded as binaryGradients. */
  putRounded(
    out: number, outStride: number, gradient: number, hessian: number, n: number,
    gradientScale: number, hessianScale: number,
  ): void
  /** e^x of n (even) doubles; the same bits as `exp` of @coppice/model. */
  expLanes(dst: number, src: number, n: number): void
  /**
   * Adds to the sums of the normal equations of a linear leaf those of n rows.
   *
   * A row is 2 + W doubles, W = nValues + 1 rounded up to even: its gradient and hessian, whole
   * numbers up to 2^30 in magnitude; nValues values from -1 to 1; 1; and 0 where W is odd.
   *
   * `sums` is two planes of nValues + 2 lines of W i64. With x the values and the 1 behind them,
   * line m has the sums of (hessian x_m) x_j at j >= m (what is before m is of no meaning), and the
   * last line those of gradient x_j. Each product is a double, and is cut in two: the nearest
   * multiple of a power of two u, then the nearest multiple of another, v, to what is left. The
   * planes count u and v; `high` is 1.5 * 2^52 u, `low` 1.5 * 2^52 v. Products are below 2^51 u,
   * and u at most 2^51 v.
   */
  linearMoments(
    sums: number, rows: number, n: number, nValues: number, high: number, low: number,
  ): void
  /**
   * Of n doubles those that are neither NaN nor 0 (|x| <= the float 1e-35) come to the front, in
   * their order. Returns how many there are; the word at `nNans` gets the number of NaN.
   */
  keepStored(values: number, n: number, nNans: number): number
  /**
   * Sorts n doubles other than NaN and -0 in ascending order, in place. `scratch` has room for n
   * doubles, `counts` for SORT_COUNT_BYTES. O(n).
   */
  sortValues(values: number, scratch: number, n: number, counts: number): void
  /**
   * Of n doubles in ascending order (no NaN): the distinct ones come to the front, their numbers
   * to the n words (u32) at `counts`. Returns how many there are.
   */
  countDistinct(values: number, counts: number, n: number): number
  /**
   * Merges two lists of distinct doubles in ascending order with their counts (u32); counts of
   * equal values are added. dst and dstCounts have room for both lists and overlap none. Returns
   * the length.
   */
  mergeCounted(
    dst: number, dstCounts: number, a: number, aCounts: number, na: number, b: number,
    bCounts: number, nb: number,
  ): number
}

export const CELL_BYTES = 16
export const HALF_CELL_BYTES = 8
/** Bytes of a column's totals: i64 gradients, hessians, count. */
export const COLUMN_TOTALS_BYTES = 24
/** Bytes of sums per cell: i64 gradient, i64 hessian, i32 count. */
export const SUM_BYTES = 20
/** Rows that a 16-bit count and a 48-bit sum of 30-bit hessians, or gradients, can hold. */
export const ROWS_PER_WIDEN = 65_535
export const LAYOUT_ENTRY_BYTES = 16
/** Three doubles for each of 256 bins. */
export const SCAN_SCRATCH_BYTES = 6_144
/** Where some feature has more, of 65,536. */
export const WIDE_SCAN_SCRATCH_BYTES = 1_572_864
/** Bytes of a leaf's rules, and of those of a feature behind them. */
export const RULES_BYTES = 80
export const RULES_FEATURE_BYTES = 24
/** Bytes that `rearrange` works in. */
export const REARRANGE_BYTES = 512
/** Bytes that a sort counts digits in. */
export const SORT_COUNT_BYTES = 24_576
/** Planes that lambdaGradients works in. */
export const RANKING_PLANES = 6
/** Bits of the magnitude of a fixed-point gradient or hessian, contract rule 3. */
export const FIXED_POINT_BITS = 30
/** Rows whose softmax gradients are computed together. */
const SOFTMAX_ROWS = 64

/** Bytes that softmaxGradients works in. */
export function softmaxWorkBytes(nClasses: number): number {
  return (nClasses + 2) * SOFTMAX_ROWS * 8
}
