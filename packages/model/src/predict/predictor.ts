import type { Model, Scalar } from '../types.js'
import { CoppiceError } from '../errors.js'
import { validateModel } from '../format/validate.js'
import { compileForest, type Forest } from './forest.js'
import { encodedSource, type PredictInput, type Row, RowEncoder, type RowSource } from './input.js'
import { type IterationRange, resolveIterations } from './iterations.js'
import { classIndices, nProbabilities, probabilitiesOf } from './link.js'
import { BLOCK_ROWS, prepareRows, walkBlock, walkRow } from './walk.js'

export interface PredictorOptions {
  /**
   * 0-based iterations to use, the end excluded. Default: all up to `model.bestIteration`, or
   * all where that is null. The base scores always count.
   */
  readonly iterations?: IterationRange
}

/**
 * Compiles a model for prediction.
 * @throws CoppiceError 'MODEL' when the model is not valid, 'PARAMETER' for bad iterations
 */
export function createPredictor(model: Model, options: PredictorOptions = {}): Predictor {
  return new Predictor(validateModel(model), options)
}

/**
 * A model compiled into flat arrays. All methods are synchronous and leave their arguments alone;
 * all outputs are row-major. A raw score is the base score plus the leaf values of the trees, in
 * tree order. Errors about rows are CoppiceError 'DATA' naming row, feature and value.
 */
export class Predictor {
  readonly model: Model
  /** The iterations in use, 0-based, the end excluded. */
  readonly iterations: IterationRange
  readonly nFeatures: number
  /** Raw scores per row: 1, or the number of classes of a multiclass model. */
  readonly nOutputs: number
  /** Trees in use. */
  readonly nTrees: number
  /** Columns of `predictProbabilities`: 1 for regression, else the number of classes. */
  readonly nProbabilities: number
  readonly #forest: Forest
  readonly #encoder: RowEncoder
  /** Scratch of one block of rows, and of the leaves it reaches in one tree. */
  readonly #rows: Float64Array
  readonly #leaves = new Int32Array(BLOCK_ROWS)

  /** Use `createPredictor`, which checks the model. */
  constructor(model: Model, options: PredictorOptions) {
    this.model = model
    this.iterations = resolveIterations(model, options.iterations)
    this.#forest = compileForest(model, this.iterations)
    this.#encoder = new RowEncoder(model)
    this.nFeatures = model.features.length
    this.nOutputs = model.treesPerIteration
    this.nTrees = this.#forest.nTrees
    this.nProbabilities = nProbabilities(model.objective)
    this.#rows = new Float64Array(BLOCK_ROWS * this.nFeatures)
  }

  /** Raw scores, rows x nOutputs. */
  predictRaw(input: PredictInput): Float64Array {
    return this.#scores(this.#encoder.source(input))
  }

  /** Rows x nProbabilities: [1 - p, p], the softmax, or for regression the predicted value. */
  predictProbabilities(input: PredictInput): Float64Array {
    return probabilitiesOf(this.model.objective, this.predictRaw(input))
  }

  /**
   * The class value of each row: the most probable, the first of equal ones.
   * @throws CoppiceError 'PARAMETER' for a regression model
   */
  predictClasses(input: PredictInput): Scalar[] {
    const { classes } = this.model
    if (classes === null) {
      throw new CoppiceError('PARAMETER',
        'a regression model has no classes; use predictRaw or predictProbabilities')
    }
    const indices = classIndices(this.predictProbabilities(input), classes.length)
    return Array.from(indices, (k) => classes[k]!)
  }

  /** The leaf that each row reaches in each tree, an index into its `leafValue`: rows x nTrees. */
  predictLeaves(input: PredictInput): Int32Array {
    const source = this.#encoder.source(input)
    const { nTrees } = this
    const { firstLeaf } = this.#forest
    const out = new Int32Array(source.nRows * nTrees)
    this.#walk(source, (first, count, t, leaves) => {
      for (let r = 0; r < count; r++) out[(first + r) * nTrees + t] = leaves[r]! - firstLeaf[t]!
    })
    return out
  }

  /**
   * Raw scores of rows that `encode` made (or that are numbers anyway), rows x nOutputs.
   * @param values - rows x nFeatures; categorical features as codes, NaN for missing or unseen
   * @param out - written where given; its length must be rows x nOutputs
   */
  predictEncoded(values: Float64Array, out?: Float64Array): Float64Array {
    return this.#scores(encodedSource(values, this.nFeatures), out)
  }

  /**
   * One row, without any allocation but the result: nOutputs raw scores or nProbabilities
   * probabilities.
   */
  predictRow(row: Row, kind: 'raw' | 'probability' = 'probability'): Float64Array {
    const forest = this.#forest
    const values = this.#rows
    this.#encoder.encodeRow(row, 0, values, 0)
    prepareRows(forest, values, 1)
    const scores = forest.baseScores.slice()
    const { roots, leafValues, nOutputs } = forest
    for (let t = 0, k = 0; t < roots.length; t++) {
      scores[k]! += leafValues[walkRow(forest, values, 0, roots[t]!)]!
      if (++k === nOutputs) k = 0
    }
    return kind === 'raw' ? scores : probabilitiesOf(this.model.objective, scores)
  }

  /**
   * Rows as numbers, for repeated predictions: rows x nFeatures, categories as codes (their
   * index in the model's dictionary), missing and unseen values as NaN.
   */
  encode(input: PredictInput): Float64Array {
    const source = this.#encoder.source(input)
    const values = new Float64Array(source.nRows * this.nFeatures)
    source.fill(0, source.nRows, values)
    return values
  }

  #scores(source: RowSource, out?: Float64Array): Float64Array {
    const { nOutputs } = this
    const { baseScores, leafValues } = this.#forest
    const scores = out ?? new Float64Array(source.nRows * nOutputs)
    if (scores.length !== source.nRows * nOutputs) {
      throw new CoppiceError('DATA',
        `out must have ${source.nRows} rows x ${nOutputs} values, got ${scores.length}`)
    }
    for (let i = 0; i < scores.length; i++) scores[i] = baseScores[i % nOutputs]!
    this.#walk(source, (first, count, t, leaves) => {
      let at = first * nOutputs + (t % nOutputs)
      for (let r = 0; r < count; r++, at += nOutputs) scores[at]! += leafValues[leaves[r]!]!
    })
    return scores
  }

  /** Calls `visit` for every block and tree, trees in order, with the leaves its rows reach. */
  #walk(
    source: RowSource,
    visit: (first: number, count: number, t: number, leaves: Int32Array) => void,
  ): void {
    const forest = this.#forest
    for (let first = 0; first < source.nRows; first += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, source.nRows - first)
      source.fill(first, count, this.#rows)
      const hasNaN = prepareRows(forest, this.#rows, count)
      for (let t = 0; t < forest.nTrees; t++) {
        walkBlock(forest, t, this.#rows, count, hasNaN, this.#leaves)
        visit(first, count, t, this.#leaves)
      }
    }
  }
}
