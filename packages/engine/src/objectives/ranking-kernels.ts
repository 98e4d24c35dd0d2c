import { assert } from '../errors.js'
import type { LocalQueries } from '../execution/queries.js'
import { RANKING_PLANES, type Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import type { GradientInputs, ObjectiveKernel, ObjectiveSpec } from './objective.js'
import { bestDcg, countLabels, discounts, type RankingSpec } from './ranking.js'

/**
 * Binds an objective of rankings to the rows of a thread, whose queries are whole.
 */
export function bindRanking(
  { objective, ranking }: ObjectiveSpec, arena: Arena, kernels: Kernels, inputs: GradientInputs,
  { queries, firstIds, shownAt }: RankedRows,
): ObjectiveKernel {
  assert(ranking !== undefined, 'an objective of rankings is specified')
  const memory = new QueryMemory(arena, inputs, queries)
  return objective.name === 'lambdarank'
    ? new RankingKernel(memory, kernels, lambdaRank(memory, arena, kernels, ranking, shownAt))
    : new RankingKernel(memory, kernels, xendcg(memory, arena, kernels, firstIds))
}

/** What objectives of rankings know of rows beside their labels and scores. */
export interface RankedRows {
  readonly queries: LocalQueries
  /** Of each query the global id of its first row. */
  readonly firstIds: Float64Array
  /** Of each row the position at which it was shown, or null where that does not count. */
  readonly shownAt: Int32Array | null
}

/** Writes gradients and hessians as doubles; gives the largest magnitude. */
type Derive = (draw: number, biases: readonly number[] | undefined) => number

/** Where things are that both objectives need. */
class QueryMemory {
  readonly inputs: GradientInputs
  readonly queries: LocalQueries
  readonly nQueries: number
  /** Planes of doubles in row order. */
  readonly gradients: number
  readonly hessians: number
  readonly starts: number
  readonly work: number
  readonly planeBytes: number

  constructor(arena: Arena, inputs: GradientInputs, queries: LocalQueries) {
    this.inputs = inputs
    this.queries = queries
    this.nQueries = queries.starts.length - 1
    this.gradients = arena.reserve(inputs.scorePlaneBytes)
    this.hessians = arena.reserve(inputs.scorePlaneBytes)
    this.starts = arena.reserve(queries.starts.byteLength)
    arena.ints(this.starts, queries.starts.length).set(queries.starts)
    this.planeBytes = ((queries.longest + 2) & ~1) * 8
    this.work = arena.reserve(this.planeBytes * RANKING_PLANES)
  }
}

/** Gradients of whole queries, kept as doubles from when their largest is asked for. */
class RankingKernel implements ObjectiveKernel {
  readonly #memory: QueryMemory
  readonly #kernels: Kernels
  readonly #derive: Derive
  #isFresh = false

  constructor(memory: QueryMemory, kernels: Kernels, derive: Derive) {
    this.#memory = memory
    this.#kernels = kernels
    this.#derive = derive
  }

  maxGradient(draw = 0, biases?: readonly number[]): number {
    const largest = this.#derive(draw, biases)
    this.#isFresh = true
    return largest
  }

  gradients(
    gradientScale: number, hessianScale: number, draw = 0, biases?: readonly number[],
  ): void {
    // whoever caught up with requests was not asked for the largest
    if (!this.#isFresh) this.#derive(draw, biases)
    this.#isFresh = false
    const { inputs, gradients, hessians } = this.#memory
    this.#kernels.putRounded(inputs.gradients, inputs.gradientStride, gradients, hessians,
      inputs.nRows, gradientScale, hessianScale)
  }

  onScores(): void {
    this.#isFresh = false
  }
}

function lambdaRank(
  memory: QueryMemory, arena: Arena, kernels: Kernels, spec: RankingSpec,
  shownAt: Int32Array | null,
): Derive {
  const { inputs, nQueries, queries: { starts, longest } } = memory
  const { labelGain, truncationLevel, isNormed, sigmoid } = spec
  const discount = discounts(longest + 1)
  const labels = arena.doubles(inputs.labels, inputs.nRows)
  const counts = new Uint32Array(labelGain.length)
  const inverses = Float64Array.from({ length: nQueries }, (_, q) => {
    countLabels(labels, starts[q]!, starts[q + 1]!, counts)
    const best = bestDcg(truncationLevel, counts, labelGain, discount)
    return best > 0 ? 1 / best : 0
  })
  const put = (values: Float64Array): number => putDoubles(arena, values)
  const [at, gains, ranks] = [put(inverses), put(Float64Array.from(labelGain)), put(discount)]
  const biased = shownAt === null ? 0 : arena.reserve(inputs.scorePlaneBytes)
  return (_draw, biases) => {
    if (shownAt !== null) addBiases(arena, biased, inputs, shownAt, biases)
    const scores = shownAt === null ? inputs.scores : biased
    return kernels.lambdaGradients(
      memory.gradients, memory.hessians, scores, inputs.labels, inputs.weights, memory.starts,
      nQueries, at, gains, ranks, truncationLevel, isNormed ? 1 : 0, sigmoid, memory.work,
      memory.planeBytes)
  }
}

/** Writes score + bias of each row, as LightGBM's `score_adjusted`. */
function addBiases(
  arena: Arena, out: number, { scores, nRows }: GradientInputs, shownAt: Int32Array,
  biases: readonly number[] | undefined,
): void {
  assert(biases !== undefined, 'positions have biases')
  const from = arena.doubles(scores, nRows)
  const to = arena.doubles(out, nRows)
  for (let row = 0; row < nRows; row++) to[row] = from[row]! + biases[shownAt[row]!]!
}

function xendcg(
  memory: QueryMemory, arena: Arena, kernels: Kernels, firstIds: Float64Array,
): Derive {
  const { inputs, nQueries } = memory
  const ids = putDoubles(arena, firstIds)
  return (draw) => kernels.xendcgGradients(
    memory.gradients, memory.hessians, inputs.scores, inputs.labels, inputs.weights, memory.starts,
    nQueries, ids, draw, memory.work, memory.planeBytes)
}

function putDoubles(arena: Arena, values: Float64Array): number {
  const at = arena.reserve(values.byteLength)
  arena.doubles(at, values.length).set(values)
  return at
}
