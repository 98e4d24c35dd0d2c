/**
 * The model as plain data: what FORMAT.md documents and `model.schema.json` validates.
 *
 * A model is a function of the rows and of the parameters that affect it. Nothing in it may
 * differ between two equal trainings: no time, host, thread count, path or partitioning.
 */

/** A label or category as the user wrote it. */
export type Scalar = string | number | boolean

/** How a feature's missing values are recognised when a node is evaluated. */
export type MissingType =
  /** Nothing was missing in training: NaN is read as 0, as LightGBM does. */
  | 'none'
  /** NaN is missing and goes to the node's default side. */
  | 'nan'
  /** Zero (-z < x <= z with z the float32 1e-35) and NaN are missing (`zero_as_missing`). */
  | 'zero'

/** A feature whose values are ordered numbers (integers, floats, booleans 0/1, dates in ms). */
export interface NumericFeature {
  readonly name: string
  readonly kind: 'numeric'
  readonly missing: MissingType
}

/**
 * A feature whose values are names without an order.
 *
 * `categories` is in ascending order (strings by UTF-8 bytes, numbers by value) and holds all
 * values seen in training. A value's code is its index there. A value that is absent from it is
 * unseen; unseen and missing values go right at every node.
 */
export interface CategoricalFeature {
  readonly name: string
  readonly kind: 'categorical'
  readonly categories: readonly string[] | readonly number[]
  /** Format version 2: a value's fraction is cut off before it is looked up (LightGBM). */
  readonly truncates?: true
}

export type Feature = NumericFeature | CategoricalFeature

/**
 * One tree as parallel arrays. With L leaves there are L - 1 internal nodes, in the order in
 * which they were split; node 0 is the root. A child >= 0 is an internal node, a child < 0 is
 * the leaf `~child`. A tree of one leaf has empty node arrays.
 */
export interface Tree {
  /** L - 1: index into the model's features. */
  readonly splitFeature: readonly number[]
  /** L - 1: gain of the split (loss reduction), >= 0. */
  readonly splitGain: readonly number[]
  /** L - 1: numeric nodes: x <= threshold goes left (finite). Categorical nodes: null. */
  readonly threshold: readonly (number | null)[]
  /** L - 1: categorical nodes: ascending category codes that go left. Numeric nodes: null. */
  readonly leftCategories: readonly (readonly number[] | null)[]
  /** L - 1: missing values go left. Always false at categorical nodes. */
  readonly defaultLeft: readonly boolean[]
  readonly leftChild: readonly number[]
  readonly rightChild: readonly number[]
  /** L - 1: the value the node would have had as a leaf, learning rate included. */
  readonly nodeValue: readonly number[]
  /** L - 1: sum of hessians of the node's training rows. */
  readonly nodeWeight: readonly number[]
  /** L - 1: number of the node's training rows (in the bag). */
  readonly nodeCount: readonly number[]
  /** L: raw score added to rows in the leaf, learning rate included. */
  readonly leafValue: readonly number[]
  readonly leafWeight: readonly number[]
  readonly leafCount: readonly number[]
  /** Format version 2: leaves that are linear functions. */
  readonly linear?: LinearLeaves
}

/**
 * What leaves add instead of their value: a constant and then, in order, coefficient x value of
 * each of their features. Where one of these is NaN, and in models without an `origin` where the
 * sum is not finite, the leaf adds its `leafValue`.
 */
export interface LinearLeaves {
  /** L. */
  readonly constant: readonly number[]
  /** L lists: numeric features, whose values count as they come, zeros and all. */
  readonly features: readonly (readonly number[])[]
  /** L lists, as long as those of the features. */
  readonly coefficients: readonly (readonly number[])[]
}

/** The loss, with what of it decides gradients, metrics and predictions. */
export type Objective = LossOfModel & ForestMark

/** Format version 2. */
export interface ForestMark {
  /** A random forest: raw scores are divided by the number of iterations in use before the link. */
  readonly averages?: true
}

/** What is minimised. */
export type LossOfModel =
  | { readonly name: 'regression' }
  /** Squared error of the labels' signed square roots; predictions are squared again. */
  | { readonly name: 'regression_sqrt' }
  /** Absolute error; leaves are medians. */
  | { readonly name: 'regression_l1' }
  /** The quantile alpha, in (0, 1), of the label; leaves are quantiles. */
  | { readonly name: 'quantile'; readonly alpha: number }
  /** Absolute error divided by max(1, |label|); leaves are weighted medians. */
  | { readonly name: 'mape' }
  | { readonly name: 'huber'; readonly alpha: number }
  | { readonly name: 'fair'; readonly c: number }
  | { readonly name: 'poisson'; readonly maxDeltaStep: number }
  | { readonly name: 'gamma' }
  | { readonly name: 'tweedie'; readonly variancePower: number }
  | { readonly name: 'cross_entropy' }
  | { readonly name: 'cross_entropy_lambda' }
  /** Of rankings; scores order the rows of a query. What else they have is in the parameters. */
  | { readonly name: 'lambdarank' }
  | { readonly name: 'rank_xendcg' }
  | { readonly name: 'binary'; readonly sigmoid: number }
  | { readonly name: 'multiclass'; readonly numClass: number }
  | { readonly name: 'multiclassova'; readonly numClass: number; readonly sigmoid: number }
  /** Squared errors, those of predictions that are too low times alpha, others 1 - alpha. */
  | { readonly name: 'expectile'; readonly alpha: number }
  | { readonly name: 'pseudo_huber'; readonly slope: number }
  | { readonly name: 'log_cosh' }
  | { readonly name: 'focal'; readonly gamma: number; readonly alpha: number }
  /** Two classes; a prediction is one of them, without a probability. */
  | { readonly name: 'hinge' }
  /** Several quantiles of one label, ascending: a score for each; leaves are quantiles. */
  | {
      readonly name: 'multi_quantile'; readonly quantiles: readonly number[]
      /** Predictions of a row are its scores in ascending order, so that none cross. */
      readonly sorted?: true
    }
  /** Squared errors of several numbers: a score for each. */
  | { readonly name: 'multi_regression'; readonly numTarget: number }
  /** Log-losses of several labels that are 0 or 1: a score, and a probability, for each. */
  | { readonly name: 'multi_label'; readonly numTarget: number }
  /** Squared errors of ln(1 + label). */
  | { readonly name: 'squared_log_error' }
  /** Cox regression: the score is the logarithm of a hazard, of which only ratios count. */
  | { readonly name: 'cox' }
  /**
   * Accelerated failure time: ln(time) = score + scale x noise; the label is the lower and the
   * upper bound of the time.
   */
  | { readonly name: 'aft'; readonly distribution: SurvivalDistribution; readonly scale: number }
  | CustomObjectiveOfModel

/** Of the noise that accelerated failure time assumes in the logarithm of a time. */
export type SurvivalDistribution = 'normal' | 'logistic' | 'extreme'

/** A loss of the user's own, of which predictions need only the link. */
export interface CustomObjectiveOfModel {
  readonly name: 'custom'
  /** Its name, as its author gave it: one line. */
  readonly source: string
  /** From raw scores s to predictions: s, e^s, 1 / (1 + e^-s), ln(1 + e^s), or the softmax. */
  readonly link: 'identity' | 'exp' | 'sigmoid' | 'softplus' | 'softmax'
  /** Classes of the label: 0 where it is a number, 2 (one score), or more (a score for each). */
  readonly numClass: number
}

/**
 * Format version 2: what another library's model predicts, whether or not it can be trained here.
 */
export interface ImportedObjective {
  readonly name: 'imported'
  /** The objective in the words of the library, such as "quantile"; "" where it has none. */
  readonly source: string
  /**
   * From raw scores s to predictions: s, sign(s) s^2, e^s, 1 / (1 + e^(-sigmoid s)), ln(1 + e^s),
   * or the softmax of the outputs.
   */
  readonly link: 'identity' | 'signedSquare' | 'exp' | 'sigmoid' | 'softplus' | 'softmax'
  /** The factor of the link 'sigmoid', else 1. */
  readonly sigmoid: number
  /** Classes of the label, 0 where it is a number. */
  readonly numClass: number
  /** Raw scores of a row: one for numbers and for two classes, or one per class. */
  readonly numOutputs: number
  /** Scores are divided by the number of iterations in use before the link: a random forest. */
  readonly averages: boolean
}

/** What a model may have as its objective. */
export type ModelObjective = Objective | ImportedObjective

/** What LightGBM says of a model and predictions do not need; written back for it. */
export interface LightGBMOrigin {
  readonly library: 'lightgbm'
  /** Of its format: "v4" or "v3". */
  readonly version: string
  readonly labelIndex: number
  /** One per feature: "[min:max]", categories with colons between them, or "none". */
  readonly featureInfos: readonly string[]
  /** One per feature: -1, 0 or 1; null where there are none. */
  readonly monotoneConstraints: readonly number[] | null
  /** One per tree: what its values were multiplied with. */
  readonly shrinkage: readonly number[]
}

/** A training whose trees a later one began with. */
export interface EarlierTraining {
  /** Iterations of the model that are its, behind those of the trainings before it. */
  readonly iterations: number
  /** Name of its objective; of a model of LightGBM, LightGBM's words. */
  readonly objective: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  /** Of the model that the later training was given. */
  readonly chainHash: string
}

/** Values of one metric on one data set, one per evaluated iteration. */
export interface EvaluationSeries {
  readonly dataset: string
  readonly metric: string
  /** 0-based iterations after which the metric was computed, ascending. */
  readonly iterations: readonly number[]
  readonly values: readonly number[]
}

/** Values a parameter may take in a model file. */
export type ParameterValue = string | number | boolean | readonly (string | number)[]

/** A model file as plain data: what it is trained for, its trees, and how training went. */
export interface Model {
  readonly format: 'coppice-model'
  /**
   * 2 where there is an `origin` or `earlier` trainings, the objective `averages`, or the parameter
   * linear_tree is true; else 1.
   */
  readonly formatVersion: 1 | 2
  readonly objective: ModelObjective
  /** Class values in class order (2 for binary, numClass for multi-class), else null. */
  readonly classes: readonly Scalar[] | null
  readonly features: readonly Feature[]
  /** Scores of a row: 1, numClass of multi-class, ... Tree t adds to t % treesPerIteration. */
  readonly treesPerIteration: number
  /** Raw score of each class before the first tree; treesPerIteration values. */
  readonly baseScores: readonly number[]
  readonly trees: readonly Tree[]
  /** Number of iterations that predict best, by early stopping; null without early stopping. */
  readonly bestIteration: number | null
  /** Canonical snake_case names of the parameters that affect the model, sorted. */
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly evaluation: readonly EvaluationSeries[]
  /**
   * Format version 2: the trainings that this one went on from, the first one first. The first
   * iterations are theirs; parameters and evaluation are those of the last training.
   */
  readonly earlier?: readonly EarlierTraining[]
  /**
   * Of the positions 0, 1, ... at which rows of lambdarank were shown: what each added to scores
   * while the next tree would have been grown. Predictions do not use them. Absent: there were no
   * positions.
   */
  readonly positionBiases?: readonly number[]
  /** Format version 2: where a model comes from that was not trained here. */
  readonly origin?: LightGBMOrigin
  /** SHA-256 (hex) chained over the header and the iteration records, see FORMAT.md. */
  readonly chainHash: string
}
