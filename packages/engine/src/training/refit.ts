/**
 * New leaf values for old trees (LightGBM's GBDT::RefitTree, SerialTreeLearner::FitByExistingTree):
 * tree by tree, in the order of training, a leaf becomes
 *
 *   decayRate x old value + (1 - decayRate) x shrinkage x output of the new rows in the leaf.
 *
 * Gradients are those of scores that begin with the init scores, or 0, and get each tree once it
 * has its new values. A first tree that holds a base score has shrinkage 1, since the base is to
 * follow the new rows, too. Trees of a forest have gradients of scores without trees. Functions of
 * linear leaves follow as their values do. Sums over rows are of integers, so no order matters.
 */
import type { LinearLeaves } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import { leafOutput, type OutputParams } from '../grower/leaf-output.js'
import { softmaxWorkBytes } from '../kernels/api.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import {
  type LeafDecay, LeafRefitter, linearOutput, type RawColumns,
} from '../linear/refit-leaves.js'
import { ceilPowerOfTwo, powerOfTwo } from '../numeric/exact-sum.js'
import { hessianBoundOf } from '../objectives/hessian-bound.js'
import { bindObjective } from '../objectives/kernels.js'
import type { GradientInputs, ObjectiveKernel } from '../objectives/objective.js'
import { bindRanking } from '../objectives/ranking-kernels.js'
import { hasOwnScales, isMultiOutput, outputsOf } from '../objectives/multi-output.js'
import { specifyObjective } from '../objectives/specify.js'
import { labelStatisticsOf } from '../objectives/statistics.js'
import type { ResolvedParams } from '../params/index.js'
import type { LabelledRows } from './check-data.js'
import type { FixedPointScales } from './fixed-point-scales.js'
import { targetShape } from './make-plan.js'
import { drawOf } from './scale-gradients.js'
import { summarizeRows } from './summary.js'

/** Trees to refit, and the rows to do it with. */
export interface RefitJob {
  /** Of the objective, and `lambdaL1`, `lambdaL2`, `maxDeltaStep`, `linearLambda`. */
  readonly params: ResolvedParams
  readonly rows: LabelledRows
  /** In the order of training: tree t adds to output t % nOutputs. */
  readonly trees: readonly RefitTree[]
  /** Raw scores before the first tree, one per output. */
  readonly baseScores: readonly number[]
  /** Share of the old values, from 0 to 1. */
  readonly decayRate: number
  /** Writes the leaf of each row in a tree. */
  readonly leavesOf: (tree: number, leaves: Int32Array) => void
  /** Each tree is a model of its own: it has nothing of those before. */
  readonly isForest: boolean
  /** Of the features of linear leaves, if there are some. */
  readonly columns: RawColumns
  /** Linear leaves add their values where their sums are not finite. */
  readonly isFinite: boolean
}

/** One tree. */
export interface RefitTree {
  readonly leafValue: readonly number[]
  /** What outputs are multiplied with. */
  readonly shrinkage: number
  readonly linear?: LinearLeaves | undefined
}

/** What a refit gives. */
export interface Refitted {
  readonly baseScores: readonly number[]
  /** Per tree, as before. */
  readonly leafValues: readonly (readonly number[])[]
  /** Per tree, where its leaves are linear. */
  readonly linear: readonly (LinearLeaves | undefined)[]
}

/** Bits of a gradient in fixed point. */
const BITS = 30

/** Sums of this many numbers of 31 bits are exact in a double. */
const ROWS_EXACT = 1 << 21

/** @throws CoppiceError 'DATA' for labels, weights or init scores that the objective refuses */
export function refitTrees(job: RefitJob): Refitted {
  const { params, rows, trees, baseScores, decayRate } = job
  const { nRows } = rows
  if (nRows === 0) throw new CoppiceError('DATA', 'there are no rows to refit with; give some')
  const nOutputs = baseScores.length
  const scores = new RefitScores(job, nOutputs)
  const leaves = new Int32Array(nRows)
  const bases = baseScores.map((base) => base * decayRate)
  const linear: (LinearLeaves | undefined)[] = []
  const leafValues = trees.map((tree, t) => {
    const output = t % nOutputs
    if (output === 0) scores.computeGradients((t - output) / nOutputs)
    const isFirst = t < nOutputs
    const factor = isFirst && baseScores[output] !== 0 ? 1 : tree.shrinkage
    job.leavesOf(t, leaves)
    const fresh = scores.outputs(output, leaves, tree.leafValue.length, params)
    const values = tree.leafValue.map((old, leaf) =>
      decayRate * old + (1 - decayRate) * factor * fresh[leaf]!)
    const decay = { lambda: params.linearLambda, decayRate, factor }
    linear[t] = tree.linear === undefined ? undefined
      : scores.refitLinear(output, tree.linear, leaves, fresh, decay)
    if (!job.isForest) {
      scores.add(output, { leaves, values, linear: linear[t], bias: isFirst ? bases[output]! : 0 })
    }
    return values
  })
  return { baseScores: bases, leafValues, linear }
}

/** What a tree adds to the scores. */
interface AddedTree {
  readonly leaves: Int32Array
  readonly values: readonly number[]
  readonly linear: LinearLeaves | undefined
  /** Added to all. */
  readonly bias: number
}

/** Raw scores of the rows, and their gradients, in the memory of the kernels. */
class RefitScores {
  readonly #arena = new Arena()
  readonly #nRows: number
  readonly #planeBytes: number
  readonly #scores: number
  readonly #gradients: number
  readonly #objective: ObjectiveKernel
  readonly #spec: ReturnType<typeof specifyObjective>['spec']
  readonly #columns: RawColumns
  readonly #isFinite: boolean
  readonly #refitter: LeafRefitter
  /** Of all outputs, or of each. */
  #scales: readonly FixedPointScales[] = []

  constructor({ params, rows, trees, columns, isFinite }: RefitJob, nOutputs: number) {
    this.#columns = columns
    this.#isFinite = isFinite
    const shape = targetShape(params)
    const statistics = labelStatisticsOf(summarizeRows(rows, shape, ''))
    if (!(statistics.sumWeight > 0)) {
      throw new CoppiceError('DATA', 'the weights of all rows are 0; at least one must be positive')
    }
    this.#spec = specifyObjective(params, statistics).spec
    const { nRows, label, weight, initScore } = rows
    this.#nRows = nRows
    // kernels work on pairs
    this.#planeBytes = ((nRows + 1) & ~1) * 8
    const arena = this.#arena
    this.#scores = arena.reserve(this.#planeBytes * nOutputs)
    this.#gradients = arena.reserve(this.#planeBytes * nOutputs)
    const { nLabels = 1 } = shape
    const labels = arena.reserve(this.#planeBytes * nLabels)
    const weights = weight === null ? 0 : arena.reserve(this.#planeBytes)
    const work = arena.reserve(softmaxWorkBytes(nOutputs))
    for (let k = 0; k < nLabels; k++) {
      const plane = arena.doubles(labels + k * this.#planeBytes, nRows)
      for (let row = 0; row < nRows; row++) plane[row] = label![row * nLabels + k]!
    }
    if (weight !== null) arena.doubles(weights, nRows).set(weight)
    for (let k = 0; initScore !== null && k < nOutputs; k++) {
      const plane = this.#plane(k)
      for (let row = 0; row < nRows; row++) plane[row] = initScore[row * nOutputs + k]!
    }
    const inputs: GradientInputs = {
      memory: arena.memory,
      // scores are on no grid here: a row is met where its score is its label
      nRows, labels, weights, work, quantum: 0,
      scores: this.#scores, scorePlaneBytes: this.#planeBytes,
      gradients: this.#gradients, gradientStride: 8, gradientPlaneBytes: this.#planeBytes,
    }
    const kernels = instantiateKernels(arena.memory)
    this.#objective = shape.maxLabel === undefined ? bindObjective(this.#spec, kernels, inputs)
      : bindRanking(this.#spec, arena, kernels, inputs, rankedRows(rows.groupSizes!))
    const maxFeatures = trees.reduce((most, { linear }) => (linear?.features ?? []).reduce(
      (own, { length }) => Math.max(own, length), most), 0)
    this.#refitter = new LeafRefitter(arena, kernels, nRows, columns, maxFeatures)
  }

  #plane(output: number): Float64Array {
    return this.#arena.doubles(this.#scores + output * this.#planeBytes, this.#nRows)
  }

  /** Gradients of all outputs at the scores as they are. */
  computeGradients(iteration: number): void {
    const { draw } = drawOf(this.#spec, iteration)
    const { objective } = this.#spec
    const parts = hasOwnScales(objective) && isMultiOutput(objective)
      ? Array.from({ length: outputsOf(objective) }, (_, k) => this.#objective.output!(k))
      : [this.#objective]
    this.#scales = parts.map((part) => this.#scale(part, draw))
  }

  #scale(objective: ObjectiveKernel, draw: number | undefined): FixedPointScales {
    const bound = this.#spec.gradientBound ?? objective.maxGradient(draw)
    const hessianBound = this.#spec.measuresHessian === true
      ? objective.maxHessian?.() ?? 0 : hessianBoundOf(this.#spec, bound)
    if (!Number.isFinite(bound) || !Number.isFinite(hessianBound)) {
      throw new CoppiceError('DATA', `the refit diverges: the largest gradient is ${bound}; ` +
        'these rows do not fit the model, or need a larger decay rate')
    }
    const scales = { gradient: scaleOf(bound), hessian: scaleOf(hessianBound) }
    objective.gradients(scales.gradient, scales.hessian, draw)
    return scales
  }

  #scalesOf(output: number): FixedPointScales {
    return this.#scales[this.#scales.length === 1 ? 0 : output]!
  }

  /** The output of each leaf, without shrinkage; 0 where there are no rows. */
  outputs(
    output: number, leaves: Int32Array, nLeaves: number, params: OutputParams,
  ): Float64Array {
    const pairs = this.#arena.ints(this.#gradients + output * this.#planeBytes, this.#nRows * 2)
    const sums = new IntegerSums(nLeaves * 2)
    for (let start = 0; start < this.#nRows; start += ROWS_EXACT) {
      const end = Math.min(this.#nRows, start + ROWS_EXACT)
      for (let row = start; row < end; row++) {
        const at = leaves[row]! * 2
        sums.part[at]! += pairs[row * 2]!
        sums.part[at + 1]! += pairs[row * 2 + 1]!
      }
      sums.flush()
    }
    const { gradient, hessian } = this.#scalesOf(output)
    return Float64Array.from({ length: nLeaves }, (_, leaf) => leafOutput(
      sums.value(leaf * 2) / gradient, sums.value(leaf * 2 + 1) / hessian, params, 0))
  }

  /** The new functions of linear leaves. */
  refitLinear(
    output: number, linear: LinearLeaves, leaves: Int32Array, outputs: Float64Array,
    decay: LeafDecay,
  ): LinearLeaves {
    const offset = this.#gradients + output * this.#planeBytes
    const scales = this.#scalesOf(output)
    return this.#refitter.refit(linear, leaves, outputs, { offset, scales }, decay)
  }

  /** Adds a tree with its new values. */
  add(output: number, { leaves, values, linear, bias }: AddedTree): void {
    const plane = this.#plane(output)
    const biased = values.map((value) => value + bias)
    for (let row = 0; row < plane.length; row++) {
      const leaf = leaves[row]!
      plane[row]! += linear === undefined ? biased[leaf]! : bias + linearOutput(
        linear, leaf, this.#columns, row, values[leaf]!, this.#isFinite)
    }
    this.#objective.onScores?.()
  }
}

/** The queries of all rows. */
function rankedRows(sizes: Uint32Array): Parameters<typeof bindRanking>[4] {
  const starts = new Int32Array(sizes.length + 1)
  sizes.forEach((size, q) => { starts[q + 1] = starts[q]! + size })
  const longest = sizes.reduce((most, size) => Math.max(most, size), 0)
  const firstIds = Float64Array.from(starts.subarray(0, sizes.length))
  return { queries: { starts, longest }, firstIds, shownAt: null }
}

/** Sums of integers of up to 31 bits. */
class IntegerSums {
  /** Takes at most ROWS_EXACT of them between two flushes. */
  readonly part: Float64Array
  readonly #total: BigInt64Array

  constructor(length: number) {
    this.part = new Float64Array(length)
    this.#total = new BigInt64Array(length)
  }

  flush(): void {
    for (let i = 0; i < this.part.length; i++) this.#total[i]! += BigInt(this.part[i]!)
    this.part.fill(0)
  }

  value(index: number): number {
    return Number(this.#total[index]!)
  }
}

/** The power of two that brings values up to `bound` to at most 30 bits. */
function scaleOf(bound: number): number {
  return powerOfTwo(BITS) / ceilPowerOfTwo(Math.max(bound, powerOfTwo(-900)))
}
