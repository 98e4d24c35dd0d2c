import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { LeafRules, TreeRules } from '../../src/execution/leaf-rules.js'
import type { EngineRequest, FeatureLayout } from '../../src/execution/protocol.js'
import { rowsRequest } from '../../src/execution/rows-request.js'
import { decodeRequest, encodeRequest, requestBytesMax } from '../../src/execution/request-codec.js'

const [maxLeaves, maxExpansions, nPositions, nEvents, lanes] = [15, 4, 900, 50, 3]
// the last one's bins take two bytes
const features: FeatureLayout[] = Array.from({ length: 37 }, (_, f) =>
  ({ nBins: f === 36 ? 4001 : 200, missingBin: -1, isCategorical: f % 2 === 0 }))

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const double = fc.double({ noNaN: true })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const totals = fc.record({ gradient: long, hessian: long, count: int })
const mask = fc.oneof(bytes(37), bytes(39))
// of few bins; a threshold of many; categories
const binSet = fc.oneof(bytes(32), bytes(8), bytes(501))
const ids = (max: number) => fc.array(int, { maxLength: max })
const rules: fc.Arbitrary<LeafRules> = fc.record({
  min: double, max: double, output: fc.double(), monotoneFactor: double, cost: double,
  due: fc.option(mask),
  rowCosts: fc.option(fc.array(double, { maxLength: 37 }).map((own) => Float64Array.from(own))),
  forced: fc.option(fc.record({ feature: int, bin: int })),
  neighbours: fc.array(fc.record({
    output: double, isMin: fc.boolean(), parts: fc.array(int, { maxLength: 4 * maxLeaves }),
  }), { maxLength: maxLeaves }),
})
const treeRules: TreeRules = {
  directions: [], gainFactors: [], firstUseCosts: [], rowCosts: [1], pathSmooth: 0,
  hasNeighbours: true, rescansMax: 3,
}
const expansion = fc.record({
  parent: int, left: int, right: int, feature: int, leftBins: binSet, leftTotals: totals,
  rightTotals: totals, leftMask: fc.option(mask), rightMask: fc.option(mask),
})
const linear = { maxFeatures: 5 }
const linearLeaf = fc.record({
  constant: double, terms: fc.array(fc.tuple(int, double), { maxLength: linear.maxFeatures }),
})
const shape = fc.tuple(fc.integer({ min: 0, max: maxLeaves - 1 }), fc.boolean())
const tree = shape.chain(([n, isLinear]) => {
  const list = <T>(item: fc.Arbitrary<T>, length: number) =>
    fc.array(item, { minLength: length, maxLength: length })
  return fc.record({
    feature: list(int, n), leftBins: list(binSet, n), leftChild: list(int, n),
    rightChild: list(int, n), leafValue: list(double, n + 1),
    ...(isLinear ? { linear: list(linearLeaf, n + 1).chain((leaves) => fc.record({
      limit: double,
      constant: fc.constant(leaves.map(({ constant }) => constant)),
      features: fc.constant(leaves.map(({ terms }) => terms.map(([f]) => f))),
      coefficients: fc.constant(leaves.map(({ terms }) => terms.map(([, value]) => value))),
    })) } : {}),
  })
})
const risks = fc.tuple(double, fc.array(fc.tuple(double, double), { maxLength: nEvents }))
  .map(([origin, sums]) => ({
    origin, rates: Float64Array.from(sums, ([rate]) => rate),
    squares: Float64Array.from(sums, ([, square]) => square),
  }))
const plainRound = fc.record({ kind: fc.constant('round' as const),
  expansions: fc.array(expansion, { maxLength: maxExpansions }), released: ids(2 * maxExpansions) })
const bagged = fc.record({ kind: fc.constant('root' as const), output: int, mask,
  bag: fc.option(fc.oneof(
    fc.record({ kind: fc.constantFrom('rows' as const, 'queries' as const), hashStart: int,
      limit: double }),
    fc.record({ kind: fc.constant('classes' as const), hashStart: int, limitNegative: double,
      limitPositive: double }),
    fc.record({ kind: fc.constant('goss' as const), hashStart: int, threshold: int,
      limit: double, factor: double }))) })

const request: fc.Arbitrary<EngineRequest> = fc.oneof(
  fc.constantFrom<EngineRequest>({ kind: 'prepare' }, { kind: 'prepare', of: 'hessians' },
    { kind: 'prepare', of: 'scores' },
    { kind: 'evaluate' }),
  fc.record({ kind: fc.constant('gradients' as const), gradientScale: double,
    hessianScale: double }),
  fc.record({ kind: fc.constant('gradients' as const), gradientScale: double,
    hessianScale: double, biases: fc.array(double, { maxLength: nPositions }) }),
  fc.record({ kind: fc.constant('gradients' as const), gradientScale: double,
    hessianScale: double, output: int }),
  fc.record({ kind: fc.constant('prepare' as const), output: int }),
  fc.record({ kind: fc.constant('root' as const), output: int, mask, bag: fc.constant(null),
    scales: fc.constant({ gradient: 2 ** 900, hessian: 2 ** -7 }) }),
  fc.record({ kind: fc.constant('prepare' as const), draw: int,
    biases: fc.array(double, { maxLength: nPositions }) }),
  fc.record({ kind: fc.constant('tally' as const), of: fc.constant('positions' as const),
    first: int }),
  fc.record({ kind: fc.constant('tally' as const), of: fc.constant('hazards' as const),
    first: int, n: int, origin: double }),
  fc.record({ kind: fc.constant('gradients' as const), gradientScale: double,
    hessianScale: double, risks }),
  fc.record({ kind: fc.constant('prepare' as const), risks }),
  fc.record({ kind: fc.constant('tally' as const), of: fc.constant('asked' as const), node: int,
    first: int }),
  bagged,
  fc.record({ kind: fc.constant('tally' as const), digit: int, prefix: int }),
  fc.record({ kind: fc.constant('root' as const), output: int, mask, bag: fc.constant(null),
    rules }),
  fc.record({ kind: fc.constant('root' as const), output: int, mask, bag: fc.constant(null),
    scan: fc.record({
      lambdaL1: double, lambdaL2: double, minDataInLeaf: int, minSumHessianInLeaf: double,
      minGainToSplit: double, maxDeltaStep: double, catSmooth: double, catL2: double,
      maxCatThreshold: int, maxCatToOnehot: int, minDataPerGroup: int, extraTrees: fc.boolean(),
    }) }),
  fc.record({ kind: fc.constant('round' as const),
    expansions: fc.array(fc.tuple(expansion, rules, rules)
      .map(([own, left, right]) => ({ ...own, rules: [left, right] as const })),
    { minLength: 1, maxLength: maxExpansions }),
    released: ids(2),
    rescans: fc.array(fc.record({ node: int, totals, mask, rules }), { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('round' as const), expansions: fc.constant([]), released: ids(2),
    elected: fc.array(
      fc.record({ node: int, totals, features: ids(features.length) }),
      { maxLength: 2 * maxExpansions }) }),
  plainRound,
  fc.record({ kind: fc.constant('together' as const),
    parts: fc.array(fc.record({ lane: int, request: fc.oneof(plainRound, bagged) }),
      { maxLength: lanes }) }),
  fc.record({ kind: fc.constant('commit' as const), output: fc.nat(1000), tree,
    leafNodes: fc.option(ids(maxLeaves)) }),
  fc.record({ kind: fc.constant('commit' as const), output: fc.nat(1000), tree,
    leafNodes: fc.constant(null), takesBack: fc.constant(true as const) }),
  fc.record({ kind: fc.constant('select' as const), output: int, weightScale: double,
    groups: fc.array(
      fc.record({ node: int, low: double, high: double, width: double, count: int }),
      { maxLength: maxLeaves }) }),
  fc.record({ kind: fc.constant('moments' as const), output: int,
    leaves: fc.array(fc.record({ node: int, features: ids(linear.maxFeatures), count: int }),
      { maxLength: maxLeaves }) }),
)

describe('encodeRequest', () => {
  it('is read back by decodeRequest, and fits the bound', () => {
    fc.assert(fc.property(request, (own) => {
      const buffer = new Uint8Array(new SharedArrayBuffer(requestBytesMax(
        features, maxLeaves, maxExpansions, treeRules, linear, { nPositions, nEvents, lanes })))
      const length = encodeRequest(own, buffer)
      assert.ok(length <= buffer.length)
      // a clone has the ordinary prototypes
      assert.deepEqual(decodeRequest(buffer.subarray(0, length)), structuredClone(own))
    }), { numRuns: 500 })
  })

  it('fits the bound without rules once those are left out', () => {
    fc.assert(fc.property(request, (own) => {
      const buffer = new Uint8Array(requestBytesMax(
        features, maxLeaves, maxExpansions, undefined, undefined, { lanes }))
      const length = encodeRequest(rowsRequest(own), buffer)
      const read = decodeRequest(buffer.subarray(0, length))
      assert.deepEqual(read, rowsRequest(read))
      const members = read.kind === 'round' ? [read, ...read.expansions] : [read]
      assert.ok(members.every((member) => !('rules' in member) && !('rescans' in member) &&
        !('scan' in member)))
    }), { numRuns: 200 })
  })

  it('refuses bytes that are no request', () => {
    assert.throws(() => decodeRequest(Uint8Array.of(99, 0, 0, 0)), /unknown request/)
  })

  it('gives copies: a request outlives the mailbox', () => {
    const buffer = new Uint8Array(1000)
    encodeRequest({ kind: 'root', output: 0, mask: Uint8Array.of(1, 0, 1), bag: null }, buffer)
    const own = decodeRequest(buffer)
    buffer.fill(255)
    assert.deepEqual(own, { kind: 'root', output: 0, mask: Uint8Array.of(1, 0, 1), bag: null })
  })
})
