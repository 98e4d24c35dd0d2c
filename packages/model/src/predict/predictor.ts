import type { Model, Scalar } from '../types.js'
import { CoppiceError } from '../errors.js'
import { validateModel } from '../format/validate.js'
import { type BlockForest, placeForest } from './block-forest.js'
import { type BlockMachine, blockMachine } from './block-machine.js'
import { Contributions } from './contributions.js'
import { addTreesUntil, type EarlyStop, requireEarlyStop } from './early-stop.js'
import { compileForest, type Forest } from './forest.js'
import { type PredictInput, type Row, RowEncoder } from './input.js'
import { type IterationRange, resolveIterations } from './iterations.js'
import { classIndices, nProbabilities, probabilitiesOf } from './link.js'
import { packedSource } from './packed-source.js'
import type { PackedRows, RowSource } from './row-source.js'
import { createRowWalker, type RowWalker } from './row-walker.js'
import { addLinearTrees, addTrees, prepareRows } from './walk.js'

/** Rows one by one that have to come before the kernels are made ready for more. */
const waitRowsMin = 32
/** The same for a large forest: bytes of it that are copied in the time of a row. */
const waitRowBytes = 1024

export interface PredictorOptions {
  /**
   * 0-based iterations to use, the end excluded. Default: all up to `model.bestIteration`, or
   * all where that is null. The base scores always count.
   */
  readonly iterations?: IterationRange
  /**
   * When scores of a row are decided, so that its later trees are left out (`pred_early_stop`).
   * Leaves and contributions are of all trees. Default: never.
   */
  readonly earlyStop?: EarlyStop
}

/** Rows that can be encoded in parts. */
export interface RowPacker {
  readonly nRows: number
  /** Values of a row that is packed: the model's features, or those that its trees look at. */
  readonly nValues: number
  /** @throws CoppiceError 'DATA' for values that do not fit the model */
  pack(start: number, end: number): PackedRows
}

/**
 * Compiles a model for prediction.
 * @throws CoppiceError 'MODEL' when the model is not valid, 'PARAMETER' for bad iterations and
 *   models whose predictions cannot stop early
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
  /** When the later trees of a row are left out; null: never. */
  readonly earlyStop: EarlyStop | null
  readonly nFeatures: number
  /** Raw scores per row: 1, or the number of classes of a multiclass model. */
  readonly nOutputs: number
  /** Trees in use. */
  readonly nTrees: number
  /** Columns of `predictProbabilities`: 1 for regression, else the number of classes. */
  readonly nProbabilities: number
  readonly #forest: Forest
  readonly #encoder: RowEncoder
  readonly #row: Float64Array
  readonly #machine: BlockMachine | null
  #blockForest: BlockForest | null | undefined
  #rowWalker: RowWalker | null = null
  #contributions: Contributions | null = null
  /** Rows that were predicted one by one since the machine was another's. */
  #nWaiting = 0

  /**
   * Use `createPredictor`, which checks the model.
   * @param machine - null to go without WebAssembly
   */
  constructor(
    model: Model, options: PredictorOptions, machine: BlockMachine | null = blockMachine(),
  ) {
    this.model = model
    this.iterations = resolveIterations(model, options.iterations)
    this.earlyStop = options.earlyStop === undefined ? null
      : requireEarlyStop(model, options.earlyStop)
    this.#forest = compileForest(model, this.iterations)
    this.#encoder = new RowEncoder(model)
    this.nFeatures = model.features.length
    this.nOutputs = model.treesPerIteration
    this.nTrees = this.#forest.nTrees
    this.nProbabilities = nProbabilities(model.objective)
    this.#row = new Float64Array(this.nFeatures)
    this.#machine = machine
  }

  /** Raw scores, rows x nOutputs. */
  predictRaw(input: PredictInput): Float64Array {
    return this.#scores(this.#source(input))
  }

  /** Rows x nProbabilities: [1 - p, p], the softmax, or for regression the predicted value. */
  predictProbabilities(input: PredictInput): Float64Array {
    return this.probabilitiesOf(this.predictRaw(input))
  }

  /** As `predictProbabilities`, of raw scores: rows x nOutputs. */
  probabilitiesOf(rawScores: Float64Array): Float64Array {
    const [start, end] = this.iterations
    return probabilitiesOf(this.model.objective, rawScores, end - start)
  }

  /**
   * The class value of each row: the most probable, the first of equal ones.
   * @throws CoppiceError 'PARAMETER' for a regression model
   */
  predictClasses(input: PredictInput): Scalar[] {
    this.#requireClasses()
    return this.classesOf(this.predictRaw(input))
  }

  /**
   * As `predictClasses`, of raw scores.
   * @param rawScores - rows x nOutputs
   * @throws CoppiceError 'PARAMETER' for a regression model
   */
  classesOf(rawScores: Float64Array): Scalar[] {
    const classes = this.#requireClasses()
    const probabilities = this.probabilitiesOf(rawScores)
    return Array.from(classIndices(probabilities, classes.length), (k) => classes[k]!)
  }

  #requireClasses(): readonly Scalar[] {
    const { classes } = this.model
    if (classes !== null) return classes
    throw new CoppiceError('PARAMETER',
      'a regression model has no classes; use predictRaw or predictProbabilities')
  }

  /** The leaf that each row reaches in each tree, an index into its `leafValue`: rows x nTrees. */
  predictLeaves(input: PredictInput): Int32Array {
    const source = this.#source(input)
    const out = new Int32Array(source.nRows * this.nTrees)
    this.#walker.findLeaves(source, out)
    return out
  }

  /**
   * What each feature adds to each raw score (SHAP values, as LightGBM's `pred_contrib` has them):
   * rows x nOutputs x (nFeatures + 1). The last number of an output is the mean over the training
   * rows; with the features' before it, it adds up to the raw score.
   *
   * @throws CoppiceError 'MODEL' for leaves that are linear, and models without counts of rows
   */
  predictContributions(input: PredictInput): Float64Array {
    const source = this.#source(input)
    this.#contributions ??= new Contributions(this.model, this.iterations, this.#forest)
    const width = this.nOutputs * (this.nFeatures + 1)
    const out = new Float64Array(source.nRows * width)
    const row = new Float64Array(this.nFeatures)
    for (let r = 0; r < source.nRows; r++) {
      source.fill(r, 1, row)
      prepareRows(this.#forest, row, 1)
      this.#contributions.addRow(row, 0, out, r * width)
    }
    return out
  }

  /**
   * Raw scores of rows that `encode` made (or that are numbers anyway), rows x nOutputs.
   * @param values - rows x nFeatures; categorical features as codes, NaN for missing or unseen
   * @param out - written where given; its length must be rows x nOutputs
   */
  predictEncoded(values: Float64Array, out?: Float64Array): Float64Array {
    const { nFeatures } = this
    return this.#scores(
      packedSource({ values, nFeatures, features: null, isByColumn: false }, nFeatures), out)
  }

  /** Raw scores of rows that `packer` gave, of this predictor or one of an equal model. */
  predictPacked(rows: PackedRows): Float64Array {
    return this.#scores(packedSource(rows, this.nFeatures))
  }

  /** Encodes rows in parts, each in whichever form costs least, for `predictPacked`. */
  packer(input: PredictInput): RowPacker {
    const source = this.#source(input)
    return {
      nRows: source.nRows,
      nValues: source.nPacked ?? this.nFeatures,
      pack: (start, end) =>
        source.pack(start, end - start, (length) => new Float64Array(length)),
    }
  }

  /**
   * One row, without any allocation but the result: nOutputs raw scores or nProbabilities
   * probabilities.
   */
  predictRow(row: Row, kind: 'raw' | 'probability' = 'probability'): Float64Array {
    const values = this.#row
    this.#encoder.encodeRow(row, 0, values, 0)
    const scores = this.#forest.baseScores.slice()
    this.#addRow(values, scores)
    return kind === 'raw' ? scores : this.probabilitiesOf(scores)
  }

  /** Adds to the scores the leaf values of one encoded row, which may be changed. */
  #addRow(values: Float64Array, scores: Float64Array): void {
    const machine = this.#machine
    const { linear } = this.#forest
    if (this.earlyStop !== null) return this.#addRowUntil(values, scores, this.earlyStop)
    if (machine !== null && this.#isEntered(machine)) {
      return machine.addRow(values, scores, linear === null ? null : this.#forest)
    }
    const asTheyCome = linear === null ? null : values.slice()
    const hasNaN = prepareRows(this.#forest, values, 1)
    if (asTheyCome === null) addTrees(this.#forest, values, hasNaN, scores)
    else addLinearTrees(this.#forest, values, asTheyCome, scores)
  }

  #addRowUntil(values: Float64Array, scores: Float64Array, stop: EarlyStop): void {
    const asTheyCome = this.#forest.linear === null ? values : values.slice()
    prepareRows(this.#forest, values, 1)
    addTreesUntil(this.#forest, stop, values, asTheyCome, 0, scores, 0)
  }

  /**
   * Whether the machine is ours for a row, once that pays: a forest is placed for many rows, and
   * where predictors take turns, to bring one takes as long as some rows do.
   */
  #isEntered(machine: BlockMachine): boolean {
    const known = this.#blockForest
    if (known === null) return false
    if (known !== undefined && machine.holds(known)) return true
    if (++this.#nWaiting <= waitRowsMin) return false
    const placed = this.#placed
    if (placed === null || this.#nWaiting * waitRowBytes < placed.image.length) return false
    this.#nWaiting = 0
    return machine.enter(placed)
  }

  /**
   * Rows as numbers, for repeated predictions: rows x nFeatures, categories as codes (their
   * index in the model's dictionary), missing and unseen values as NaN.
   * @param range - the rows to encode, the end excluded; default all
   */
  encode(input: PredictInput, range?: readonly [start: number, end: number]): Float64Array {
    const source = this.#source(input)
    const [start, end] = range ?? [0, source.nRows]
    if (!(start >= 0 && start <= end && end <= source.nRows)) {
      throw new CoppiceError('PARAMETER',
        `rows must be [start, end] with 0 <= start <= end <= ${source.nRows}, got ` +
        `[${start}, ${end}]`)
    }
    const values = new Float64Array((end - start) * this.nFeatures)
    source.fill(start, end - start, values)
    return values
  }

  /** The forest for the kernels, or null where they cannot walk it. */
  get #placed(): BlockForest | null {
    if (this.#blockForest === undefined) {
      this.#blockForest = this.#machine === null ? null : placeForest(this.#forest)
    }
    return this.#blockForest
  }

  #source(input: PredictInput): RowSource {
    const { linear, usedFeatures } = this.#forest
    // Linear leaves look at features of their own, in rows that have all.
    return this.#encoder.source(input, linear === null ? usedFeatures : null)
  }

  get #walker(): RowWalker {
    return this.#rowWalker ??= createRowWalker(
      this.#forest, this.#placed, this.#machine, this.earlyStop)
  }

  #scores(source: RowSource, out?: Float64Array): Float64Array {
    const { nOutputs } = this
    const { baseScores } = this.#forest
    const scores = out ?? new Float64Array(source.nRows * nOutputs)
    if (scores.length !== source.nRows * nOutputs) {
      throw new CoppiceError('DATA',
        `out must have ${source.nRows} rows x ${nOutputs} values, got ${scores.length}`)
    }
    for (let k = 0; k < nOutputs; k++) {
      for (let at = k; at < scores.length; at += nOutputs) scores[at] = baseScores[k]!
    }
    this.#walker.addScores(source, scores)
    return scores
  }
}
