import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { highWord } from '../numeric/next-up.js'
import { roundTiesToEven } from '../numeric/rounding.js'
import { ENTRY, numbersMax, type SelectPart } from '../selection/answer.js'
import { bucketsOf, LOG_SIDE, LOGARITHMIC, ROWS } from '../selection/buckets.js'
import { RowLister } from '../selection/row-lister.js'
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
 * quanta) lie where. Rows are gone through in their own order, each with the place of its node
 * beside it: what is read lies one after the other, whatever the order of the records. Residuals
 * and places are kept from one request to the next, until rows move or scores change.
 */
export class RowSelector {
  readonly #arena: Arena
  readonly #rows: SelectorRows
  readonly #inputs: SelectorInputs
  /** Offset of the rows' residuals. */
  readonly #residuals: number
  /** Offset of the rows' places: of their node in `#nodes`, or NOWHERE. */
  readonly #places: number
  /** Place of each node whose rows are marked. */
  readonly #nodes = new Map<number, number>()
  /** The output whose residuals are there; -1: none. */
  #output = -1
  #counts = new Int32Array(0)
  #sums = new Float64Array(0)

  constructor(arena: Arena, rows: SelectorRows, inputs: SelectorInputs) {
    this.#arena = arena
    this.#rows = rows
    this.#inputs = inputs
    this.#residuals = arena.reserve(rows.nRows * 8)
    this.#places = arena.reserve(rows.nRows * 4)
  }

  /** Rows moved, or scores changed. */
  forget(): void {
    this.#output = -1
    this.#nodes.clear()
  }

  /** This thread's part of the answer. No row is in two nodes of a request. */
  select(request: SelectRequest): SelectPart {
    const { groups, weightScale } = request
    this.#prepare(request)
    const part = new Float64Array(numbersMax(groups))
    let at = 0
    // a node is asked about once; where it is not, rows are gone through for each time
    for (const batch of batches(groups)) {
      const answers = this.#answer(batch, weightScale)
      for (const group of batch) {
        const entries = answers(group)
        assert(at + 1 + entries.length <= part.length,
          `node ${group.node} has no more rows than there are`)
        part[at] = entries.length / ENTRY
        part.set(entries, at + 1)
        at += 1 + entries.length
      }
    }
    return part.slice(0, at)
  }

  get #residual(): Float64Array {
    return this.#arena.doubles(this.#residuals, this.#rows.nRows)
  }

  get #place(): Int32Array {
    return this.#arena.ints(this.#places, this.#rows.nRows)
  }

  /** Residuals of all rows, and places of the nodes that are asked about. */
  #prepare({ output, groups }: SelectRequest): void {
    if (output !== this.#output) {
      this.forget()
      this.#output = output
      this.#place.fill(NOWHERE)
      this.#computeResiduals()
    }
    for (const { node } of groups) {
      if (node !== -1 && !this.#nodes.has(node)) this.#mark(node)
    }
  }

  #computeResiduals(): void {
    const { labels, quantum, scores } = this.#inputs
    const residual = this.#residual
    const label = this.#arena.doubles(labels, residual.length)
    const score = this.#arena.doubles(scores(this.#output), residual.length)
    // the power of two may have no reciprocal, but the quotient is as exact
    for (let row = 0; row < residual.length; row++) {
      const value = (label[row]! - score[row]!) / quantum
      residual[row] = Math.abs(value) < HALVES_BELOW ? roundTiesToEven(value) : Math.round(value)
    }
  }

  #mark(node: number): void {
    const place = this.#nodes.size
    this.#nodes.set(node, place)
    const { n, sides } = this.#rows.rangeOf(node)
    if (n === 0) return
    const stride = this.#rows.layout.sideStride / 4
    const ids = this.#arena.words(sides + ROW_ID_OFFSET, (n - 1) * stride + 1)
    const places = this.#place
    for (let at = 0; at < ids.length; at += stride) places[ids[at]!] = place
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

  /**
   * Goes through the rows once.
   * @returns the entries of each group of the batch
   */
  #answer(
    batch: readonly SelectGroup[], weightScale: number,
  ): (group: SelectGroup) => readonly number[] {
    const isAll = batch[0]!.node === -1
    const byPlace: (SelectGroup | undefined)[] = []
    const start = new Int32Array(isAll ? 1 : this.#nodes.size)
    const listers: (RowLister | undefined)[] = []
    const residual = this.#residual
    const idOf = (row: number): number => this.#rows.globalId(row)
    let nBuckets = 0
    for (const group of batch) {
      const place = isAll ? 0 : this.#nodes.get(group.node)!
      byPlace[place] = group
      start[place] = nBuckets
      if (group.width === ROWS) listers[place] = new RowLister(residual, group, idOf)
      else nBuckets += bucketsOf(group)
    }
    this.#makeRoom(nBuckets)
    const weigh = this.#weigher(weightScale)
    this.#go(isAll, byPlace, start, listers, weightScale === 0 ? null : weigh)
    return (group) => {
      const place = isAll ? 0 : this.#nodes.get(group.node)!
      return group.width !== ROWS ? this.#take(start[place]!, bucketsOf(group), weightScale)
        : listers[place]!.sorted().flatMap((row) => [residual[row]!, idOf(row), weigh(row)])
    }
  }

  #makeRoom(nBuckets: number): void {
    if (this.#counts.length >= nBuckets) return
    this.#counts = new Int32Array(nBuckets)
    this.#sums = new Float64Array(nBuckets)
  }

  #go(
    isAll: boolean, byPlace: readonly (SelectGroup | undefined)[], start: Int32Array,
    listers: readonly (RowLister | undefined)[], weigh: ((row: number) => number) | null,
  ): void {
    const width = Float64Array.from(start, (_, place) => byPlace[place]?.width ?? NOT_ASKED)
    const low = Float64Array.from(start, (_, place) => byPlace[place]?.low ?? 0)
    const high = Float64Array.from(start, (_, place) => byPlace[place]?.high ?? 0)
    const residual = this.#residual
    const words = new Int32Array(residual.buffer, residual.byteOffset, 2 * residual.length)
    const places = isAll ? null : this.#place
    const counts = this.#counts
    const sums = this.#sums
    for (let row = 0; row < residual.length; row++) {
      const place = places === null ? 0 : places[row]!
      if (place === NOWHERE) continue
      const value = residual[row]!
      const step = width[place]!
      let bucket = start[place]!
      if (step > 0) {
        if (value < low[place]! || value > high[place]!) continue
        bucket += Math.floor((value - low[place]!) / step)
      } else if (step === LOGARITHMIC) bucket += logBucket(words[2 * row + highWord]!)
      else {
        if (step === ROWS) listers[place]!.offer(row)
        continue
      }
      counts[bucket]!++
      if (weigh !== null) sums[bucket]! += weigh(row)
    }
  }

  /** Entries of the buckets with rows, which are cleared. */
  #take(start: number, nBuckets: number, weightScale: number): number[] {
    const counts = this.#counts
    const sums = this.#sums
    const entries: number[] = []
    for (let bucket = start; bucket < start + nBuckets; bucket++) {
      const n = counts[bucket]!
      if (n === 0) continue
      entries.push(bucket - start, n, weightScale === 0 ? n : sums[bucket]!)
      counts[bucket] = 0
      sums[bucket] = 0
    }
    return entries
  }
}

/** Place of a row in no node that was asked about. */
const NOWHERE = -1
/** `width` of a node that is not asked about now. */
const NOT_ASKED = -2

/** Groups in their order, cut so that no node is twice in a batch; all rows have one alone. */
function batches(groups: readonly SelectGroup[]): SelectGroup[][] {
  const cut: SelectGroup[][] = []
  for (const group of groups) {
    const last = cut.at(-1)
    const isFree = last !== undefined && group.node !== -1 && last[0]!.node !== -1 &&
      last.every(({ node }) => node !== group.node)
    if (isFree) last.push(group)
    else cut.push([group])
  }
  return cut
}

/** Sign and first bits of 1 are those of the bucket behind 0. */
const FIRST_PLACE = (1023 << 4) - 1

/** The logarithmic bucket of a residual: by sign, exponent and the first bits of the mantissa. */
function logBucket(word: number): number {
  const place = Math.max(0, ((word & 0x7fff_ffff) >>> 16) - FIRST_PLACE)
  return word < 0 ? LOG_SIDE - place : LOG_SIDE + place
}
