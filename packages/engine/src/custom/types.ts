import { exp, log, log1p, sigmoid, softplus, type CustomObjectiveOfModel } from '@coppice/model'

/**
 * Functions of real numbers with the same bits on every machine, as `Math.exp` and its like are
 * not. What is not here (`Math.sqrt`, `Math.abs`, + - * /) is exact in every engine.
 */
export const customMath = { exp, log, log1p, sigmoid, softplus } as const

/** What functions of the user's are handed to compute with: the type of `customMath`. */
export type CustomMath = typeof customMath

/** Some rows as a function of the user's sees them. All arrays are copies. */
export interface CustomRows {
  readonly nRows: number
  /** Scores of a row. */
  readonly nOutputs: number
  /**
   * nRows numbers, or class indices. Of metrics of models with several label columns by column:
   * that of row i in column k at k x nRows + i.
   */
  readonly labels: Float64Array
  /** nRows weights, or null where all are 1. */
  readonly weights: Float64Array | null
  /** Raw scores by output: that of row i for output k is at k x nRows + i. */
  readonly scores: Float64Array
  readonly math: CustomMath
}

/**
 * Writes the first and second derivatives of the loss of each row by each of its scores, in the
 * layout of the scores. Weights are the function's business: both derivatives of a row are
 * usually multiplied with its weight.
 *
 * Row-wise and pure: what is written for a row may depend on this row alone, not on its place,
 * on other rows or on anything else. Rows come in whatever groups they are held.
 */
export type CustomGradients = (
  rows: CustomRows, gradients: Float64Array, hessians: Float64Array) => void

/** A loss of the user's own. */
export interface CustomObjective {
  /** Its name, which the model keeps: one line. */
  readonly name: string
  readonly gradients: CustomGradients
  /**
   * Classes of the label: 0 (default) where it is a number; 2, with one score; or more, with a
   * score for each.
   */
  readonly numClass?: number
  /**
   * From scores to predictions: 'identity' (default), 'exp', 'sigmoid' or 'softplus' for numbers,
   * 'sigmoid' for two classes, 'softmax' (default) or 'sigmoid' for more.
   */
  readonly link?: CustomObjectiveOfModel['link']
  /**
   * Score of every row to start from, 0 by default; 'mean': that whose prediction is the mean of
   * the labels, or the share of the class.
   */
  readonly baseScore?: number | 'mean'
  /**
   * Magnitude of the scores, which sets how finely leaf values are rounded, to about 1e-12 of it.
   * Default: the largest label where link is 'identity' and labels are numbers, else 8.
   */
  readonly scoreScale?: number
}

/** Rows with what the model predicts of them. */
export interface ScoredCustomRows extends CustomRows {
  /** As `predict` gives them: rows x 1, or rows x classes, row-major. */
  readonly predictions: Float64Array
}

/** A measure of fit of the user's own: either a mean of losses of rows, or of all rows at once. */
export interface CustomMetric {
  /** Its name in events and histories: letters, digits, - . and _. */
  readonly name: string
  /** Default false. */
  readonly higherIsBetter?: boolean
  /**
   * Writes a loss for each row, pure and row-wise; the value is their mean, weighted with the
   * rows' weights. Works everywhere.
   */
  readonly losses?: (rows: ScoredCustomRows, losses: Float64Array) => void
  /** What is done to the mean: nothing (default), or its root is taken. */
  readonly transform?: 'none' | 'sqrt'
  /** Instead of `losses`: the value for all rows, in their order. In one thread only. */
  readonly value?: (rows: ScoredCustomRows) => number
}

/** Where code of the user's is, as data that crosses threads and networks. */
export interface CodeRef {
  /** SHA-256 (hex) of the module's source; 'inline:<n>' for a function of this process. */
  readonly key: string
  /** The file's name without folders, for messages. */
  readonly file: string
  /** The name under which the module exports it. */
  readonly export: string
}

/** A module of the user's: what `CodeRef.key` is the hash of. */
export interface CodeModule {
  readonly key: string
  readonly file: string
  /** JavaScript, an ES module that imports nothing. */
  readonly source: string
}

/** What is known of a custom objective without running it. */
export interface ObjectiveDefinition extends CodeRef {
  readonly name: string
  readonly link: CustomObjectiveOfModel['link']
  readonly numClass: number
  readonly baseScore: number | 'mean'
  readonly scoreScale: number | null
}

/** What is known of a custom metric without running it. */
export interface MetricDefinition extends CodeRef {
  readonly name: string
  readonly higherIsBetter: boolean
  readonly transform: 'none' | 'sqrt'
  /** It sees all rows at once. */
  readonly isWhole: boolean
}
