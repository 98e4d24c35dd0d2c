import assert from 'node:assert/strict'
import {
  type EngineRequest, type EngineSetup, ExactSum, partsOf, type RiskTables, rowDraw, TALLY_COUNTS,
  TALLY_DIGITS,
} from '@coppice/engine'
import { sha256, toHex } from '@coppice/model'
import { nearestEven, type SelectableRow, selectNaively } from '@coppice/testkit'
import type { AnswerPayload } from '../../src/protocol/messages.js'
import { packMoments } from '../../src/wire/pack-moments.js'
import { sealed } from '../../src/wire/sealed-numbers.js'
import { packSelection } from '../../src/wire/pack-selection.js'
import type { EngineWork } from '../../src/worker/events.js'
import { outputNaively, sumNaively } from './naive-linear.js'
import { coxDerivatives, keyOfScores, tallyHazards, type TimedRow } from './naive-survival.js'
import { type Derivatives, lambdasOfTwo, tallyPositions } from './naive-ranking.js'
import { type Problem, QUERY_ROWS, type TinyRows } from './problem.js'

interface Row {
  readonly id: number
  readonly bins: readonly number[]
  /** Of each output, or one of all. */
  readonly labels: readonly number[]
  readonly raw: readonly number[]
  /** Of each output, as the next two. */
  readonly score: number[]
  /** Of a forest: what gradients are of. */
  readonly fixed: number[] | null
  readonly gradient: number[]
  readonly hessian: number[]
  /** By lane, the tree's nodes that it is in, also those that were split ahead in vain. */
  readonly nodes: readonly Set<number>[]
}

/** Engines of a simulated worker: the engine's semantics for a few losses, one row at a time. */
export class NaiveEngines {
  readonly #problem: Problem
  readonly #stores = new Map<number, NaiveStore>()

  constructor(problem: Problem) {
    this.#problem = problem
  }

  has(store: number): boolean {
    return this.#stores.has(store)
  }

  /** @param partitions - of the store; read when it is opened */
  carryOut(
    work: EngineWork, partitions: readonly number[],
  ): { payloads: AnswerPayload[] } | { digest: string } {
    switch (work.kind) {
      case 'open':
        this.#stores.set(work.store, new NaiveStore(this.#problem, partitions, work.setup))
        return { payloads: [] }
      case 'drop':
        this.#stores.delete(work.store)
        return { payloads: [] }
      case 'digest': return { digest: this.#stores.get(work.store)!.digest(work.partition) }
      case 'run': {
        const store = this.#stores.get(work.store)!
        for (const request of work.apply) store.apply(request)
        if (work.answer === null) return { payloads: [] }
        if (!work.isApplied) store.apply(work.answer)
        return { payloads: store.answer(work.answer) }
      }
    }
  }
}

class NaiveStore {
  readonly #setup: EngineSetup
  readonly #training: Row[] = []
  readonly #evaluated: Row[][]
  readonly #byPartition = new Map<number, Row[]>()
  /** Of the trees that are grown, by lane. */
  readonly #outputs: number[] = []

  constructor(problem: Problem, partitions: readonly number[], setup: EngineSetup) {
    this.#setup = setup
    this.#evaluated = Array.from({ length: problem.nDatasets - 1 }, () => [])
    for (const p of partitions) {
      const { dataset, rows } = problem.partitions[p]!
      const made = rowsOf(rows, setup)
      this.#byPartition.set(p, made)
      if (dataset === 0) this.#training.push(...made)
      else this.#evaluated[dataset - 1]!.push(...made)
    }
  }

  apply(request: EngineRequest): void {
    switch (request.kind) {
      case 'gradients':
        for (const [i, derivatives] of this.#derivatives(request).entries()) {
          const { gradient, hessian } = this.#training[i]!
          for (const [k, of] of derivatives.entries()) {
            if (k !== (request.output ?? k)) continue
            gradient[k] = nearestEven(of.gradient * request.gradientScale)
            hessian[k] = nearestEven(of.hessian * request.hessianScale)
          }
        }
        return
      case 'root':
      case 'round':
      case 'together':
        for (const { lane, request: part } of partsOf(request)) {
          if (part.kind === 'round') this.#split(part, lane)
          else {
            this.#outputs[lane] = part.output
            for (const row of this.#training) draw(row, part.bag, lane)
          }
        }
        return
      case 'commit':
        for (const row of [this.#training, ...this.#evaluated].flat()) {
          if (request.output >= this.#setup.nOutputs) {
            row.fixed![request.output - this.#setup.nOutputs]! += request.tree.leafValue[0]!
            continue
          }
          row.score[request.output]! += leafOf(request, row, this.#setup)
        }
        return
      case 'prepare':
      case 'tally':
      case 'evaluate':
      case 'select':
      case 'moments':
        return
    }
  }

  #split({ expansions }: Extract<EngineRequest, { kind: 'round' }>, lane: number): void {
    for (const { parent, left, right, feature, leftBins } of expansions) {
      for (const row of this.#training) {
        const nodes = row.nodes[lane]!
        if (!nodes.has(parent)) continue
        const goesLeft = isLeft(leftBins, row.bins[feature]!, this.#nBins(feature))
        nodes.add(goesLeft ? left : right)
      }
    }
  }

  #nBins(feature: number): number {
    return this.#setup.features[feature]!.nBins
  }

  /** Of each row the derivatives of each output. */
  #derivatives(
    { biases = [], risks }: { readonly biases?: readonly number[], readonly risks?: RiskTables },
  ): (readonly Derivatives[])[] {
    const { objective: { objective, ranking } } = this.#setup
    if (risks !== undefined) {
      return this.#timed.map((row) => [coxDerivatives(row, this.#setup.objective, risks)])
    }
    if (objective.name !== 'lambdarank') {
      return this.#training.map((row) => row.score.map((_, k) =>
        ({ gradient: this.#gradient(row, k), hessian: 1 })))
    }
    const ranked = (row: Row): { label: number, score: number } =>
      ({ label: row.labels[0]!, score: row.score[0]! + biases[row.id % QUERY_ROWS]! })
    return this.#training.flatMap((row, i) => row.id % QUERY_ROWS > 0 ? []
      : lambdasOfTwo([ranked(row), ranked(this.#training[i + 1]!)], ranking!).map((of) => [of]))
  }

  get #timed(): TimedRow[] {
    return this.#training.map(({ labels, score }) => ({ label: labels[0]!, score: score[0]! }))
  }

  #gradient({ score, fixed, labels }: Row, output: number): number {
    const { objective } = this.#setup.objective
    const label = labels[output] ?? labels[0]!
    const own = (fixed ?? score)[output]!
    const isMet = Math.abs(own - label) <= this.#setup.initScoreQuantum / 2
    const side = isMet ? 0 : Math.sign(own - label)
    switch (objective.name) {
      case 'regression_l1': return side
      case 'mape': return side / Math.max(1, Math.abs(label))
      case 'quantile': return side < 0 ? -objective.alpha : 1 - objective.alpha
      case 'multi_quantile': {
        const alpha = objective.quantiles[output]!
        return side < 0 ? -alpha : 1 - alpha
      }
      default: return own - label
    }
  }

  #selectable(node: number, weightScale: number, output: number): SelectableRow[] {
    const { objective: { objective }, initScoreQuantum } = this.#setup
    return this.#training.filter(({ nodes }) => node === -1 || nodes[0]!.has(node))
      .map(({ id, score, fixed, labels: [label = 0] }) => ({
        id,
        residual: nearestEven((label - (fixed ?? score)[output]!) / initScoreQuantum),
        weight: weightScale === 0 ? 1 : nearestEven(
          weightScale / (objective.name === 'mape' ? Math.max(1, Math.abs(label)) : 1)),
      }))
  }

  answer(request: EngineRequest): AnswerPayload[] {
    switch (request.kind) {
      case 'prepare': {
        if (request.of === 'scores') {
          return [sealed({ kind: 'maximum', value: keyOfScores(this.#timed) })]
        }
        const values = this.#derivatives(request)
          .flatMap((of) => request.output === undefined ? of : [of[request.output]!])
          .map(({ gradient }) => Math.abs(gradient))
        return [sealed({ kind: 'maximum', value: Math.max(0, ...values) })]
      }
      case 'tally': return [this.#tally(request)]
      case 'root':
      case 'round':
      case 'together':
        return partsOf(request).flatMap(({ lane, request: part }) =>
          summedNodes(part).map((node) => this.#sums(node, lane)))
      case 'evaluate': return [this.#parts(request.divisor ?? 1)]
      case 'select': {
        const part = selectNaively(
          request, (node) => this.#selectable(node, request.weightScale, request.output))
        return [{ kind: 'selected', bytes: packSelection(request, part) }]
      }
      case 'moments': return [{ kind: 'moments', bytes: packMoments(sumNaively(
        request, this.#setup.linear!,
        (node) => this.#training.filter(({ nodes }) => nodes[0]!.has(node))
          .map(({ raw, gradient, hessian }) =>
            ({ raw, gradient: gradient[request.output]!, hessian: hessian[request.output]! })))) }]
      default: return []
    }
  }

  #tally(request: Extract<EngineRequest, { kind: 'tally' }>): AnswerPayload {
    if (request.of === 'hazards') {
      const { times } = this.#setup.objective.events!
      return sealed({ kind: 'counts', values: tallyHazards(this.#timed, times, request) })
    }
    if (request.of !== undefined) {
      return sealed({ kind: 'counts', values: tallyPositions(
        this.#training.map(({ id, gradient, hessian }) =>
          ({ shownAt: id % QUERY_ROWS, gradient: gradient[0]!, hessian: hessian[0]! })),
        request.first) })
    }
    const { digit, prefix } = request
    const values = new Float64Array(TALLY_COUNTS)
    const { shift, bits } = TALLY_DIGITS[digit]!
    for (const row of this.#training) {
      const key = keyOf(row)
      if (Math.floor(key / 2 ** (shift + bits)) === prefix) values[(key >> shift) % 2 ** bits]!++
    }
    return sealed({ kind: 'counts', values })
  }

  /** [feature][bin] of gradient, hessian, count. */
  #sums(node: number, lane: number): AnswerPayload {
    const offsets = sumOffsets(this.#setup)
    const sums = new Float64Array(offsets.at(-1)!)
    for (const row of this.#training) {
      if (!row.nodes[lane]!.has(node)) continue
      const output = this.#outputs[lane]!
      row.bins.forEach((bin, f) => {
        const at = offsets[f]! + bin * 3
        sums[at]! += row.gradient[output]!
        sums[at + 1]! += row.hessian[output]!
        sums[at + 2]! += 1
      })
    }
    return { kind: 'sums', bytes: new Uint8Array(sums.buffer) }
  }

  #parts(divisor: number): AnswerPayload {
    const parts = this.#evaluated.flatMap((rows, dataset) =>
      this.#setup.metrics.map(({ name }) => {
        const sum = new ExactSum()
        for (const { score: [score = 0], labels: [label = 0] } of rows) {
          sum.add((score / divisor - label) * (score / divisor - label))
        }
        return { dataset, metric: name, sum: sum.parts(), ranked: null }
      }))
    return sealed({ kind: 'parts', parts })
  }

  digest(partition: number): string {
    const scores = this.#byPartition.get(partition)!.map(({ score }) => score)
    return toHex(sha256(new TextEncoder().encode(JSON.stringify(scores))))
  }
}

/** Of GOSS: the bits of |gradient x hessian| as a float32. */
function keyOf({ gradient, hessian }: Row): number {
  return new Uint32Array(Float32Array.of(Math.abs(gradient[0]!) * hessian[0]!).buffer)[0]!
}

/** Puts a row into the root, or nowhere. */
function draw(
  row: Row, bag: Extract<EngineRequest, { kind: 'root' }>['bag'], lane: number,
): void {
  const nodes = row.nodes[lane]!
  nodes.clear()
  nodes.add(0)
  if (bag === null || (bag.kind === 'goss' && keyOf(row) >= bag.threshold)) return
  assert(bag.kind === 'goss' || bag.kind === 'rows', 'queries and classes are not drawn here')
  if (rowDraw(bag.hashStart, row.id) >= bag.limit) nodes.clear()
  if (bag.kind === 'rows') return
  row.gradient[0] = nearestEven(row.gradient[0]! * bag.factor)
  row.hessian[0] = nearestEven(row.hessian[0]! * bag.factor)
}

/** Where each feature's sums begin, and their end. */
export function sumOffsets({ features }: Pick<EngineSetup, 'features'>): number[] {
  const offsets = [0]
  for (const { nBins } of features) offsets.push(offsets.at(-1)! + nBins * 3)
  return offsets
}

/** The nodes of one tree whose rows are summed for a request. */
function summedNodes(request: Extract<EngineRequest, { kind: 'root' | 'round' }>): number[] {
  if (request.kind === 'root') return [0]
  if (request.elected !== undefined) return request.elected.map(({ node }) => node)
  return request.expansions
    .filter(({ leftMask, rightMask }) => leftMask !== null || rightMask !== null)
    .map(({ left, right, leftTotals, rightTotals }) =>
      leftTotals.count <= rightTotals.count ? left : right)
}

/** Of an output's scores. */
function gridOf({ quanta, initScoreQuantum }: EngineSetup, output: number): number {
  return quanta === undefined ? initScoreQuantum : quanta[output]!
}

function rowsOf({ firstRow, bins, label, raw, initScore }: TinyRows, setup: EngineSetup): Row[] {
  const { baseScores, lanes = 1 } = setup
  const nLabels = label.length / bins.length
  return bins.map((own, i) => ({
    id: firstRow + i, bins: own, labels: label.slice(i * nLabels, (i + 1) * nLabels),
    raw: raw?.[i] ?? [],
    score: baseScores.map((base, output) => base +
      nearestEven((initScore?.[i] ?? 0) / gridOf(setup, output)) * gridOf(setup, output)),
    fixed: setup.fixedScores === null ? null : [...setup.fixedScores],
    gradient: baseScores.map(() => 0), hessian: baseScores.map(() => 0),
    nodes: Array.from({ length: lanes }, () => new Set<number>()),
  }))
}

/** Of a wide feature sets are runs of bins, the first and the last of each. */
function isLeft(leftBins: Uint8Array, bin: number, nBins: number): boolean {
  if (nBins <= 256) return ((leftBins[bin >> 3]! >> (bin & 7)) & 1) === 1
  const numbers = Array.from({ length: leftBins.length / 2 }, (_, i) =>
    leftBins[2 * i]! + leftBins[2 * i + 1]! * 256)
  return numbers.some((first, i) => i % 2 === 0 && first <= bin && bin <= numbers[i + 1]!)
}

function leafOf(
  { tree, output }: Extract<EngineRequest, { kind: 'commit' }>, { bins, raw }: Row,
  setup: EngineSetup,
): number {
  const { features } = setup
  let at = tree.feature.length === 0 ? ~0 : 0
  while (at >= 0) {
    const feature = tree.feature[at]!
    at = isLeft(tree.leftBins[at]!, bins[feature]!, features[feature]!.nBins)
      ? tree.leftChild[at]! : tree.rightChild[at]!
  }
  return outputNaively(tree, ~at, raw, gridOf(setup, output))
}
