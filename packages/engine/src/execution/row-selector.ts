import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { highWord } from '../numeric/next-up.js'
import { roundTiesToEven } from '../numeric/rounding.js'
import { ENTRY, numbersMax, type SelectPart } from '../selection/answer.js'
import { bucketsOf, LOG_SIDE, LOGARITHMIC, ROWS } from '../selection/buckets.js'
import { listRows } from '../selection/list-rows.js'
import type { SelectGroup, SelectRequest } from './protocol.js'
import { ROW_ID_OFFSET } from './record-layout.js'
import type { RowStore } from './row-store.js'

/** Where the numbers are that residuals are made of; offsets into the thread's memory. */
export interface SelectorInputs {
  readonly labels: number
  /** 0 where all weights are 1. */
  readonly weights: number
  /** Rows weigh 1 / max(1, |label|) times their weight. */
  readonly isRelative: boolean
  /** Scores and residuals are counted in it: a power of two. */
  readonly quantum: number
  /** Offset of an output's scores. */
  readonly scores: (output: number) => number
}

/** The records whose rows are asked about. */
export type SelectorRows = Pick<RowStore, 'nRows' | 'rangeOf' | 'globalId'> & {
  readonly layout: { readonly sideStride: number }
}

/** Halves are told from whole numbers below it, and rounded by `roundTiesToEven`. */
const HALVES_BELOW = 2_251_799_813_685_248

/**
 * Answers what percentiles ask of one thread's rows: how many residuals (label - score, as whole
 * quanta) lie where. Residuals are kept from one request to the next, in the order of the records,
 * until rows move or scores change.
 */
export class RowSelector {
  readonly #arena: Arena
  readonly #rows: SelectorRows
  readonly #inputs: SelectorInputs
  /** A residual for each place in a buffer of records. */
  readonly #residuals: number
  /** Nodes whose residuals are there, of this output. */
  readonly #known = new Set<number>()
  #output = 0
  #counts = new Int32Array(0)
  #sums = new Float64Array(0)

  constructor(arena: Arena, rows: SelectorRows, inputs: SelectorInputs) {
    this.#arena = arena
    this.#rows = rows
    this.#inputs = inputs
    this.#residuals = arena.reserve(rows.nRows * 8)
  }

  /** Rows moved, or scores changed. */
  forget(): void {
    this.#known.clear()
  }

  /** This thread's part of the answer. */
  select(request: SelectRequest): SelectPart {
    const { groups, output } = request
    const part = new Float64Array(numbersMax(groups))
    if (output !== this.#output) this.forget()
    this.#output = output
    let at = 0
    for (const group of groups) {
      this.#prepare(group.node)
      const end = group.width === ROWS
        ? this.#list(group, request.weightScale, part, at + 1)
        : this.#count(group, request.weightScale, part, at + 1)
      part[at] = (end - at - 1) / ENTRY
      at = end
    }
    return part.slice(0, at)
  }

  /** Residuals of a node's rows. */
  #prepare(node: number): void {
    if (this.#known.has(node)) return
    this.#known.add(node)
    const { labels, quantum, scores } = this.#inputs
    const { residuals, ids, stride } = this.#nodeRows(node)
    const label = this.#arena.doubles(labels, this.#rows.nRows)
    const score = this.#arena.doubles(scores(this.#output), this.#rows.nRows)
    // the power of two may have no reciprocal, but the quotient is as exact
    for (let i = 0, at = 0; i < residuals.length; i++, at += stride) {
      const row = ids[at]!
      const value = (label[row]! - score[row]!) / quantum
      residuals[i] = Math.abs(value) < HALVES_BELOW ? roundTiesToEven(value) : Math.round(value)
    }
  }

  /** A node's residuals, and the local ids of its rows, of which every `stride`th word is one. */
  #nodeRows(node: number): {
    readonly residuals: Float64Array, readonly ids: Uint32Array, readonly stride: number
  } {
    const { begin, n, sides } = this.#rows.rangeOf(node)
    const stride = this.#rows.layout.sideStride / 4
    return {
      residuals: this.#arena.doubles(this.#residuals + begin * 8, n),
      ids: this.#arena.words(n === 0 ? 0 : sides + ROW_ID_OFFSET, n === 0 ? 0 : (n - 1) * stride + 1),
      stride,
    }
  }

  /** The whole number that a row's weight is. */
  #weigher(weightScale: number): (row: number) => number {
    const { labels, weights, isRelative } = this.#inputs
    const { nRows } = this.#rows
    if (weightScale === 0) return () => 1
    const label = this.#arena.doubles(labels, nRows)
    const weight = weights === 0 ? null : this.#arena.doubles(weights, nRows)
    return (row) => {
      const own = weight === null ? 1 : weight[row]!
      const scaled = isRelative ? own / Math.max(1, Math.abs(label[row]!)) : own
      return roundTiesToEven(scaled * weightScale)
    }
  }

  #count(group: SelectGroup, weightScale: number, part: SelectPart, start: number): number {
    const nBuckets = bucketsOf(group)
    if (this.#counts.length < nBuckets) {
      this.#counts = new Int32Array(nBuckets)
      this.#sums = new Float64Array(nBuckets)
    }
    if (group.width === LOGARITHMIC) this.#countByPowers(group.node, weightScale)
    else this.#countEvenly(group, weightScale)
    const counts = this.#counts
    const sums = this.#sums
    let at = start
    for (let bucket = 0; bucket < nBuckets; bucket++) {
      const n = counts[bucket]!
      if (n === 0) continue
      assert(at + ENTRY <= part.length, `node ${group.node} has no more rows than there are`)
      part[at] = bucket
      part[at + 1] = n
      part[at + 2] = weightScale === 0 ? n : sums[bucket]!
      at += ENTRY
      counts[bucket] = 0
      sums[bucket] = 0
    }
    return at
  }

  /** Buckets by sign, exponent and the first bits of the mantissa. */
  #countByPowers(node: number, weightScale: number): void {
    const { residuals, ids, stride } = this.#nodeRows(node)
    const words = new Int32Array(residuals.buffer, residuals.byteOffset, 2 * residuals.length)
    const counts = this.#counts
    const sums = this.#sums
    const weigh = weightScale === 0 ? null : this.#weigher(weightScale)
    for (let i = 0; i < residuals.length; i++) {
      const word = words[2 * i + highWord]!
      const place = Math.max(0, ((word & 0x7fff_ffff) >>> 16) - FIRST_PLACE)
      const bucket = word < 0 ? LOG_SIDE - place : LOG_SIDE + place
      counts[bucket]!++
      if (weigh !== null) sums[bucket]! += weigh(ids[i * stride]!)
    }
  }

  #countEvenly({ node, low, high, width }: SelectGroup, weightScale: number): void {
    const { residuals, ids, stride } = this.#nodeRows(node)
    const counts = this.#counts
    const sums = this.#sums
    const weigh = weightScale === 0 ? null : this.#weigher(weightScale)
    const factor = 1 / width
    for (let i = 0; i < residuals.length; i++) {
      const value = residuals[i]!
      if (value < low || value > high) continue
      const bucket = Math.floor((value - low) * factor)
      counts[bucket]!++
      if (weigh !== null) sums[bucket]! += weigh(ids[i * stride]!)
    }
  }

  #list(group: SelectGroup, weightScale: number, part: SelectPart, start: number): number {
    const { residuals, ids, stride } = this.#nodeRows(group.node)
    const weigh = this.#weigher(weightScale)
    const idOf = (i: number): number => this.#rows.globalId(ids[i * stride]!)
    const listed = listRows(residuals, group, idOf)
    assert(start + ENTRY * listed.length <= part.length,
      `node ${group.node} has no more rows than there are`)
    let at = start
    for (const i of listed) {
      part[at] = residuals[i]!
      part[at + 1] = idOf(i)
      part[at + 2] = weigh(ids[i * stride]!)
      at += ENTRY
    }
    return at
  }
}

/** Sign and first bits of 1 are those of the bucket behind 0. */
const FIRST_PLACE = (1023 << 4) - 1
