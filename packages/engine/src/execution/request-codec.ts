import { binSetBytesMax } from '../bin-set.js'
import { assert, CoppiceError } from '../errors.js'
import type { BagRule } from './bag-rules.js'
import {
  readElected, readRules, readTotals, writeElected, writeRules, writeTotals,
} from './leaf-codec.js'
import { leafRulesBytes, type Rescan, type TreeRules } from './leaf-rules.js'
import { maskBytesMax } from './mask.js'
import type {
  BinnedTree, CommitRequest, EngineRequest, Expansion, FeatureLayout, GradientsRequest, LanePart,
  LinearSetup, MomentsLeaf, MomentsRequest, RootRequest, RoundRequest, SelectGroup, SelectRequest,
} from './protocol.js'
import type { TallyRequest } from './tally-request.js'
import { Reader, Writer } from './request-bytes.js'
import { SCAN_NUMBERS, scanNumbers, scanOfNumbers } from './scan-numbers.js'
import { readTree, writeTree } from './tree-codec.js'

/** Requests as bytes, to cross threads (or a network) without a parser in the way. */

const kinds = [
  'prepare', 'gradients', 'root', 'round', 'commit', 'evaluate', 'tally', 'select', 'moments',
  'together',
] as const
const bags = ['rows', 'classes', 'goss', 'queries'] as const
/** Bits of what comes with requests for gradients. */
const HAS_DRAW = 1
const HAS_BIASES = 2
const HAS_RISKS = 4
const HAS_OUTPUT = 8
/** What `prepare` may ask for. */
const maxima = [undefined, 'hessians', 'scores'] as const

/** Of one group of a select request. */
const SELECT_GROUP_BYTES = 32

/** What else there may be: biases of positions, risks at events, lanes of trees. */
interface RequestExtras {
  readonly nPositions?: number | undefined
  readonly nEvents?: number | undefined
  readonly lanes?: number | undefined
}

/**
 * An upper bound of the bytes of any request of a training on these features.
 *
 * @param linear - `EngineSetup.linear`
 */
export function requestBytesMax(
  features: readonly FeatureLayout[], maxLeaves: number, maxExpansions: number, rules?: TreeRules,
  linear?: Pick<LinearSetup, 'maxFeatures'>,
  { nPositions = 0, nEvents = 0, lanes = 1 }: RequestExtras = {},
): number {
  const nFeatures = features.length
  const maskBytes = maskBytesMax(features)
  const setBytes = features.reduce((most, feature) => Math.max(most, binSetBytesMax(feature)), 32)
  const nRules = rules === undefined ? 0 : 2 * maxExpansions + rules.rescansMax
  const ruled = rules === undefined ? 0
    : nRules * (32 + maskBytes + leafRulesBytes(nFeatures, maxLeaves, rules))
  const round = maxExpansions * (168 + setBytes + 2 * maskBytes) +
    (2 * maxLeaves + 2 * maxExpansions) * 4
  // instead of expansions: of both children of each
  const ofLeaf = rules === undefined ? 0 : leafRulesBytes(nFeatures, maxLeaves, rules)
  const elected = Math.max(1, 2 * maxExpansions) * (40 + 4 * nFeatures + maskBytes + ofLeaf)
  // each lane's root or round, behind its number and kind
  const together = lanes * (128 + SCAN_NUMBERS * 8 + maskBytes + round)
  const commit = maxLeaves * (4 * 3 + 4 + setBytes + 8 + 4)
  const select = maxLeaves * SELECT_GROUP_BYTES
  const fitted = linear === undefined ? 0 : maxLeaves * (20 + 12 * linear.maxFeatures)
  return 256 + SCAN_NUMBERS * 8 + maskBytes +
    Math.max(together + ruled + commit + fitted, select, elected, nPositions * 8 + nEvents * 16)
}

/** Bytes for a tree as a request that commits it, without the nodes of leaves. */
export function commitBytes({ leftBins, leafValue, linear }: BinnedTree): number {
  const sets = leftBins.reduce((sum, set) => sum + 4 + set.length, 0)
  const fitted = linear?.features.reduce((sum, { length }) => sum + 20 + 12 * length, 0) ?? 0
  return 256 + sets + fitted + leafValue.length * (4 * 3 + 8)
}

/**
 * Writes a request into `bytes`.
 * @returns the number of bytes used
 */
export function encodeRequest(request: EngineRequest, bytes: Uint8Array): number {
  const w = new Writer(bytes)
  w.int(kinds.indexOf(request.kind))
  switch (request.kind) {
    case 'prepare':
      w.int(maxima.indexOf(request.of))
      writeDraw(w, request)
      break
    case 'evaluate':
      w.double(request.divisor ?? 0)
      break
    case 'gradients':
      w.double(request.gradientScale)
      w.double(request.hessianScale)
      writeDraw(w, request)
      break
    case 'root':
      w.int(request.output)
      w.bytes(request.mask)
      writeBag(w, request.bag)
      w.int(request.rules === undefined ? 0 : 1)
      if (request.rules !== undefined) writeRules(w, request.rules)
      w.int(request.scan === undefined ? 0 : 1)
      if (request.scan !== undefined) {
        for (const value of scanNumbers(request.scan)) w.double(value)
      }
      w.double(request.scales?.gradient ?? 0)
      w.double(request.scales?.hessian ?? 0)
      break
    case 'tally': writeTally(w, request)
      break
    case 'round':
      w.ints(request.released)
      w.int(request.expansions.length)
      for (const expansion of request.expansions) writeExpansion(w, expansion)
      writeRuled(w, request)
      writeElected(w, request)
      break
    case 'commit':
      w.int(request.takesBack === true ? ~request.output : request.output)
      writeTree(w, request.tree)
      w.ints(request.leafNodes)
      break
    case 'select':
      w.int(request.output)
      w.double(request.weightScale)
      w.int(request.groups.length)
      for (const group of request.groups) writeGroup(w, group)
      break
    case 'moments':
      w.int(request.output)
      w.int(request.leaves.length)
      for (const { node, features, count } of request.leaves) {
        w.int(node)
        w.ints(features)
        w.int(count)
      }
      break
    case 'together':
      w.int(request.parts.length)
      for (const part of request.parts) {
        w.int(part.lane)
        w.at += encodeRequest(part.request, w.rest)
      }
      break
  }
  return w.at
}

/**
 * Reads a request that `encodeRequest` wrote. What it asks for is not looked at; see
 * `requestFault`.
 *
 * @throws CoppiceError 'INTERNAL' or RangeError for other bytes
 */
export function decodeRequest(bytes: Uint8Array): EngineRequest {
  const r = new Reader(bytes)
  const kind = kinds[r.int()]
  switch (kind) {
    case 'prepare': {
      const of = maxima[r.int()]
      return { kind, ...(of === undefined ? {} : { of }), ...readDraw(r) }
    }
    case 'evaluate': {
      const divisor = r.double()
      return divisor === 0 ? { kind } : { kind, divisor }
    }
    case 'gradients':
      return { kind, gradientScale: r.double(), hessianScale: r.double(), ...readDraw(r) }
    case 'root': return readRoot(r)
    case 'tally': return readTally(r)
    case 'round': return readRound(r)
    case 'commit': return readCommit(r)
    case 'select': return readSelect(r)
    case 'moments': return readMoments(r)
    case 'together': return { kind, parts: r.list(r.int(), 8, () => readPart(r)) }
    case undefined: throw new CoppiceError('INTERNAL', 'internal error: an unknown request')
  }
}

function readPart(r: Reader): LanePart {
  const lane = r.int()
  const kind = kinds[r.int()]
  if (kind === 'root') return { lane, request: readRoot(r) }
  if (kind === 'round') return { lane, request: readRound(r) }
  throw new CoppiceError('INTERNAL', 'internal error: a part of a request that is none')
}

/** What some objectives are told beside the scales. */
type GradientWords = Pick<GradientsRequest, 'draw' | 'biases' | 'risks' | 'output'>

function writeDraw(w: Writer, { draw, biases, risks, output }: GradientWords): void {
  w.int((draw === undefined ? 0 : HAS_DRAW) | (biases === undefined ? 0 : HAS_BIASES) |
    (risks === undefined ? 0 : HAS_RISKS) | (output === undefined ? 0 : HAS_OUTPUT))
  if (output !== undefined) w.int(output)
  if (draw !== undefined) w.int(draw)
  if (biases !== undefined) {
    w.int(biases.length)
    for (const bias of biases) w.double(bias)
  }
  if (risks === undefined) return
  w.double(risks.origin)
  w.int(risks.rates.length)
  for (const rate of risks.rates) w.double(rate)
  for (const square of risks.squares) w.double(square)
}

function readDraw(r: Reader): GradientWords {
  const has = r.int()
  const output = (has & HAS_OUTPUT) === 0 ? {} : { output: r.int() }
  const draw = (has & HAS_DRAW) === 0 ? output : { ...output, draw: r.int() }
  const biases = (has & HAS_BIASES) === 0 ? {} : { biases: r.list(r.int(), 8, () => r.double()) }
  if ((has & HAS_RISKS) === 0) return { ...draw, ...biases }
  const origin = r.double()
  const n = r.int()
  return { ...draw, ...biases, risks: { origin, rates: r.doubles(n), squares: r.doubles(n) } }
}

/** What is counted or added up, in the order of their codes. */
const tallied = ['keys', 'positions', 'hazards', 'asked'] as const

function writeTally(w: Writer, request: TallyRequest): void {
  w.int(tallied.indexOf(request.of ?? 'keys'))
  switch (request.of) {
    case undefined: return w.ints([request.digit, request.prefix])
    case 'positions': return w.ints([request.first])
    case 'asked': return w.ints([request.node, request.first])
    case 'hazards':
      w.ints([request.first, request.n])
      w.double(request.origin)
  }
}

function readTally(r: Reader): TallyRequest {
  const kind = 'tally'
  const of = tallied[r.int()]
  const [first = 0, second = 0] = r.ints() ?? []
  switch (of) {
    case 'keys': return { kind, digit: first, prefix: second }
    case 'positions': return { kind, of, first }
    case 'asked': return { kind, of, node: first, first: second }
    case 'hazards': return { kind, of, first, n: second, origin: r.double() }
    case undefined: throw new CoppiceError('INTERNAL', 'internal error: an unknown tally')
  }
}

function readRoot(r: Reader): RootRequest {
  const output = r.int()
  const mask = r.someBytes()
  const request = { kind: 'root', output, mask, bag: readBag(r) } as const
  const rules = r.int() === 0 ? {} : { rules: readRules(r) }
  const scan = r.int() === 0 ? {}
    : { scan: scanOfNumbers(r.list(SCAN_NUMBERS, 8, () => r.double())) }
  const [gradient, hessian] = [r.double(), r.double()]
  const scales = gradient === 0 ? {} : { scales: { gradient, hessian } }
  return { ...request, ...rules, ...scan, ...scales }
}

function writeBag(w: Writer, bag: BagRule | null): void {
  w.int(bag === null ? -1 : bags.indexOf(bag.kind))
  if (bag === null) return
  w.int(bag.hashStart)
  switch (bag.kind) {
    case 'rows':
    case 'queries':
      w.double(bag.limit)
      break
    case 'classes':
      w.double(bag.limitNegative)
      w.double(bag.limitPositive)
      break
    case 'goss':
      w.int(bag.threshold)
      w.double(bag.limit)
      w.double(bag.factor)
      break
  }
}

function readBag(r: Reader): BagRule | null {
  const kind = bags[r.int()]
  if (kind === undefined) return null
  const hashStart = r.int()
  switch (kind) {
    case 'rows':
    case 'queries':
      return { kind, hashStart, limit: r.double() }
    case 'classes':
      return { kind, hashStart, limitNegative: r.double(), limitPositive: r.double() }
    case 'goss':
      return { kind, hashStart, threshold: r.int(), limit: r.double(), factor: r.double() }
  }
}

function readRound(r: Reader): RoundRequest {
  const released = r.ints() ?? []
  const n = r.int()
  const expansions = r.list(n, 1, () => readExpansion(r))
  if (r.int() === 0) {
    return readElected(r, readRescans(r, { kind: 'round', released, expansions }))
  }
  const ruled = expansions.map((expansion) => {
    const left = readRules(r)
    return { ...expansion, rules: [left, readRules(r)] as const }
  })
  return readElected(r, readRescans(r, { kind: 'round', released, expansions: ruled }))
}

function readCommit(r: Reader): CommitRequest {
  const output = r.int()
  const request = { kind: 'commit', tree: readTree(r), leafNodes: r.ints() } as const
  return output < 0 ? { ...request, output: ~output, takesBack: true } : { ...request, output }
}

function readSelect(r: Reader): SelectRequest {
  const output = r.int()
  const weightScale = r.double()
  const n = r.int()
  const groups = r.list(n, SELECT_GROUP_BYTES, (): SelectGroup => ({
    node: r.int(), low: r.double(), high: r.double(), width: r.double(), count: r.int(),
  }))
  return { kind: 'select', output, weightScale, groups }
}

function readMoments(r: Reader): MomentsRequest {
  const output = r.int()
  const n = r.int()
  const leaves = r.list(n, 12, (): MomentsLeaf =>
    ({ node: r.int(), features: r.ints() ?? [], count: r.int() }))
  return { kind: 'moments', output, leaves }
}

function writeGroup(w: Writer, { node, low, high, width, count }: SelectGroup): void {
  w.int(node)
  w.double(low)
  w.double(high)
  w.double(width)
  w.int(count)
}

function writeExpansion(w: Writer, expansion: Expansion): void {
  w.int(expansion.parent)
  w.int(expansion.left)
  w.int(expansion.right)
  w.int(expansion.feature)
  w.bytes(expansion.leftBins)
  writeTotals(w, expansion.leftTotals)
  writeTotals(w, expansion.rightTotals)
  w.bytes(expansion.leftMask)
  w.bytes(expansion.rightMask)
}

function readExpansion(r: Reader): Expansion {
  return {
    parent: r.int(),
    left: r.int(),
    right: r.int(),
    feature: r.int(),
    leftBins: r.someBytes(),
    leftTotals: readTotals(r),
    rightTotals: readTotals(r),
    leftMask: r.bytes(),
    rightMask: r.bytes(),
  }
}

/** What there is beside the expansions where trees grow under rules. */
function writeRuled(w: Writer, { expansions, rescans }: RoundRequest): void {
  const hasRules = expansions.some(({ rules }) => rules !== undefined)
  w.int(hasRules ? 1 : 0)
  for (const { rules } of hasRules ? expansions : []) {
    assert(rules !== undefined, 'all expansions of a round have rules')
    for (const side of rules) writeRules(w, side)
  }
  w.int(rescans === undefined ? -1 : rescans.length)
  for (const { node, totals, mask, rules } of rescans ?? []) {
    w.int(node)
    writeTotals(w, totals)
    w.bytes(mask)
    writeRules(w, rules)
  }
}

function readRescans(r: Reader, request: RoundRequest): RoundRequest {
  const n = r.int()
  if (n < 0) return request
  const rescans = r.list(n, 1, (): Rescan => ({
    node: r.int(), totals: readTotals(r), mask: r.someBytes(), rules: readRules(r),
  }))
  return { ...request, rescans }
}
