import {
  asksForSums, type EngineAnswer, type EngineRequest, type EngineSetup, mergeMoments,
  mergeSelected, type MetricPart, type MomentsPart, partsOf, type SelectPart, type SplitCandidate,
  type TogetherAnswer,
} from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import type { RequestReducer } from '../../src/coordinator/events.js'
import { ProtocolError } from '../../src/protocol/error.js'
import type { AnswerPayload } from '../../src/protocol/messages.js'
import { requireSealed } from '../../src/wire/sealed-numbers.js'
import { unpackMoments } from '../../src/wire/pack-moments.js'
import { unpackSelection } from '../../src/wire/pack-selection.js'
import { sumOffsets } from './naive-engine.js'

type Candidate = SplitCandidate
interface Sums { readonly g: number, readonly h: number, readonly n: number }

/** A reducer for simulations: numeric features without missing values, plain numbers. */
export class NaiveReducer implements RequestReducer {
  readonly #setup: EngineSetup
  readonly #offsets: readonly number[]
  /** By lane and node. */
  readonly #histograms: readonly Map<number, Float64Array>[]
  readonly #whole = new Set<number>()
  #request: EngineRequest | null = null
  #nodes: { readonly lane: number, readonly node: number }[] = []
  #maximum = 0
  #counts: number[] = []
  #parts: MetricPart[] = []
  #selected: SelectPart[] = []
  #moments: MomentsPart[] = []
  /** Of the tree. */
  #scanParams: EngineSetup['scan']
  /** By lane. */
  readonly #units: { readonly gradient: number, readonly hessian: number }[] = []
  /** Of the tree that is spoken of. */
  #lane = 0

  /** @param keepsBound - a planted bug: maxima are never forgotten */
  constructor(setup: EngineSetup, private readonly keepsBound = false) {
    this.#setup = setup
    this.#scanParams = setup.scan
    this.#offsets = sumOffsets(setup)
    this.#histograms = Array.from({ length: setup.lanes ?? 1 }, () => new Map())
  }

  begin(request: EngineRequest): number {
    this.#request = request
    this.#whole.clear()
    if (!this.keepsBound) this.#maximum = 0
    this.#counts = []
    this.#parts = []
    this.#selected = []
    this.#moments = []
    this.#nodes = []
    if (request.kind === 'gradients') {
      this.#units.length = 0
      this.#units.push(...this.#histograms.map(() =>
        ({ gradient: 1 / request.gradientScale, hessian: 1 / request.hessianScale })))
    }
    if (asksForSums(request)) {
      this.#nodes = partsOf(request).flatMap(({ lane, request: part }) => {
        if (part.kind === 'root') {
          this.#scanParams = part.scan ?? this.#setup.scan
          const { scales } = part
          if (scales !== undefined) {
            this.#units[lane] = { gradient: 1 / scales.gradient, hessian: 1 / scales.hessian }
          }
          this.#histograms[lane]!.clear()
          return [{ lane, node: 0 }]
        }
        const nodes = part.elected?.map(({ node }) => node) ??
          part.expansions.filter(needsHistogram).map(smaller)
        return nodes.map((node) => ({ lane, node }))
      })
      for (const { lane, node } of this.#nodes) {
        this.#histograms[lane]!.set(node, new Float64Array(this.#offsets.at(-1)!))
      }
      return this.#nodes.length
    }
    return request.kind === 'gradients' || request.kind === 'commit' ? 0 : 1
  }

  add(chunk: number, payload: AnswerPayload): void {
    assert(!this.#whole.has(chunk), `nothing is added to chunk ${chunk}, which is complete`)
    if (payload.kind === 'maximum' || payload.kind === 'counts' || payload.kind === 'parts') {
      requireSealed(payload)
    }
    if (payload.kind === 'maximum') this.#maximum = Math.max(this.#maximum, payload.value)
    else if (payload.kind === 'counts') {
      payload.values.forEach((value, i) => { this.#counts[i] = (this.#counts[i] ?? 0) + value })
    } else if (payload.kind === 'parts') this.#parts.push(...payload.parts)
    else if (payload.kind === 'selected') {
      assert(this.#request?.kind === 'select', 'a selection was asked for')
      this.#selected.push(unpackSelection(this.#request, payload.bytes))
    } else if (payload.kind === 'moments') this.#moments.push(unpackMoments(payload.bytes))
    else {
      requireWhole(payload.bytes)
      const { lane, node } = this.#nodes[chunk]!
      const total = this.#histograms[lane]!.get(node)!
      const { buffer, byteOffset } = payload.bytes
      new Float64Array(buffer, byteOffset, total.length).forEach((value, i) => {
        total[i]! += value
      })
    }
  }

  complete(chunk: number): void {
    assert(!this.#whole.has(chunk), `chunk ${chunk} is completed once`)
    this.#whole.add(chunk)
  }

  inspect(_: number, _chunk: number, payload: AnswerPayload): string | null {
    if (payload.kind !== 'sums') return null
    requireWhole(payload.bytes)
    const { buffer, byteOffset } = payload.bytes
    const values = new Float64Array(buffer, byteOffset, this.#offsets.at(-1)!)
    const totals = this.#setup.features.map((_f, f) => addUp(binsOf(values, this.#offsets, f)))
    const isEqual = totals.every(({ g, h, n }) =>
      g === totals[0]!.g && h === totals[0]!.h && n === totals[0]!.n)
    return isEqual ? null : 'features differ'
  }

  finish(): EngineAnswer {
    const request = this.#request!
    switch (request.kind) {
      case 'prepare': return this.#maximum
      case 'tally': return Float64Array.from(this.#counts)
      case 'evaluate': return this.#parts
      case 'select': return mergeSelected(request, this.#selected)
      case 'moments': return mergeMoments(request, this.#moments)
      case 'root':
      case 'round':
        return this.#splits(request)
      case 'together': return request.parts.map(({ lane, request: part }) => {
        this.#lane = lane
        return this.#splits(part)
      }) as TogetherAnswer
      default: return null
    }
  }

  #splits(request: Extract<EngineRequest, { kind: 'root' | 'round' }>): EngineAnswer {
    if (request.kind === 'round') return this.#round(request)
    const sums = this.#bins(0, 0)
    const totals = addUp(sums)
    if (this.#setup.voting !== undefined) {
      const votes = this.#vote(0, totals, request.mask)
      return { totals: big(totals), candidate: null, votes }
    }
    return { totals: big(totals), candidate: this.#scan(0, totals, request.mask) }
  }

  get #own(): Map<number, Float64Array> {
    return this.#histograms[this.#lane]!
  }

  #round(request: Extract<EngineRequest, { kind: 'round' }>): EngineAnswer {
    if (request.elected !== undefined) {
      return request.elected.map(({ node, totals, features }) => {
        const mask = Uint8Array.from(this.#setup.features, (_, f) => Number(features.includes(f)))
        return [this.#scan(node, small(totals), mask), null] as const
      })
    }
    const children = request.expansions.map((expansion) => {
      const { parent, left, right, leftTotals, rightTotals, leftMask, rightMask } = expansion
      if (needsHistogram(expansion)) {
        const node = smaller(expansion)
        const own = this.#own.get(node)!
        const other = this.#own.get(parent)!.map((value, i) => value - own[i]!)
        this.#own.set(node === left ? right : left, other)
      }
      return [
        { node: left, totals: small(leftTotals), mask: leftMask },
        { node: right, totals: small(rightTotals), mask: rightMask },
      ] as const
    })
    const nothing = new Uint8Array(this.#setup.features.length)
    if (this.#setup.voting !== undefined) {
      return { votes: children.flat().map(({ node, totals, mask }) =>
        this.#vote(node, totals, mask ?? nothing)) }
    }
    const scan = ({ node, totals, mask }: (typeof children)[number][number]): Candidate | null =>
      mask === null ? null : this.#scan(node, totals, mask)
    return children.map(([left, right]) => [scan(left), scan(right)] as const)
  }

  /** As few bins are groups of one each, votes are the gains of the features' best splits. */
  #vote(node: number, totals: Sums, mask: Uint8Array): Float64Array {
    return Float64Array.from(mask, (isAllowed, feature) => isAllowed === 0 ? -Infinity
      : this.#scan(node, totals, Uint8Array.from(mask, (_, f) => Number(f === feature)))?.gain ??
        -Infinity)
  }

  #bins(node: number, feature: number): Sums[] {
    return binsOf(this.#own.get(node)!, this.#offsets, feature)
  }

  #scan(node: number, total: Sums, mask: Uint8Array): Candidate | null {
    const { lambdaL2, minDataInLeaf, minSumHessianInLeaf } = this.#scanParams
    const { gradient, hessian } = this.#units[this.#lane]!
    const g = total.g * gradient
    const h = total.h * hessian
    const parent = g * g / (h + lambdaL2)
    let best: Candidate | null = null
    mask.forEach((isAllowed, feature) => {
      if (isAllowed === 0) return
      const bins = this.#bins(node, feature)
      checkTotals(bins, total, feature)
      let own = parent
      let found: Candidate | null = null
      let left = addUp(bins)
      for (let bin = bins.length - 2; bin >= 0; bin--) {
        left = less(left, bins[bin + 1]!)
        const hl = left.h * hessian
        const hr = (total.h - left.h) * hessian
        const isLegal = left.n >= minDataInLeaf && total.n - left.n >= minDataInLeaf &&
          hl >= minSumHessianInLeaf && hr >= minSumHessianInLeaf
        if (!isLegal) continue
        const tl = Math.abs(left.g * gradient)
        const tr = Math.abs((total.g - left.g) * gradient)
        const dl = hl + lambdaL2
        const dr = hr + lambdaL2
        const gain = (tl * tl * dr + tr * tr * dl) / (dl * dr)
        if (gain <= own) continue
        own = gain
        found = {
          gain: gain - parent, feature, bin, defaultLeft: true, isCategorical: false,
          usesCatL2: false, leftBins: null, left: big(left),
        }
      }
      if (found !== null && (best === null || found.gain > best.gain)) best = found
    })
    return best
  }
}

function requireWhole({ length }: Uint8Array): void {
  if (length === 0) throw new ProtocolError('damaged', 'the checksum is wrong')
}

/** The check of contract rule 9: a feature's bins add up to its leaf. */
function checkTotals(bins: readonly Sums[], total: Sums, feature: number): void {
  const sum = addUp(bins)
  if (sum.g === total.g && sum.h === total.h && sum.n === total.n) return
  throw new CoppiceError(
    'INTERNAL', `the histogram of feature ${feature} does not add up to its leaf's totals`)
}

function binsOf(values: Float64Array, offsets: readonly number[], feature: number): Sums[] {
  const sums: Sums[] = []
  for (let at = offsets[feature]!; at < offsets[feature + 1]!; at += 3) {
    sums.push({ g: values[at]!, h: values[at + 1]!, n: values[at + 2]! })
  }
  return sums
}

type Expansion = Extract<EngineRequest, { kind: 'round' }>['expansions'][number]

function needsHistogram({ leftMask, rightMask }: Expansion): boolean {
  return leftMask !== null || rightMask !== null
}

function smaller({ left, right, leftTotals, rightTotals }: Expansion): number {
  return leftTotals.count <= rightTotals.count ? left : right
}

function addUp(sums: readonly Sums[]): Sums {
  return sums.reduce((a, b) => ({ g: a.g + b.g, h: a.h + b.h, n: a.n + b.n }), { g: 0, h: 0, n: 0 })
}

function less(a: Sums, b: Sums): Sums {
  return { g: a.g - b.g, h: a.h - b.h, n: a.n - b.n }
}

function big({ g, h, n }: Sums): Candidate['left'] {
  return { gradient: BigInt(g), hessian: BigInt(h), count: n }
}

function small({ gradient, hessian, count }: Candidate['left']): Sums {
  return { g: Number(gradient), h: Number(hessian), n: count }
}
