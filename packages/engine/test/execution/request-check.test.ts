import assert from 'node:assert/strict'
import { requestFault, type RequestLimits, treeFault } from '../../src/execution/request-check.js'
import { decodeRequest, encodeRequest } from '../../src/execution/request-codec.js'
import type {
  BinnedTree, EngineRequest, Expansion, SelectGroup,
} from '../../src/execution/protocol.js'

const layout = { nBins: 4, missingBin: -1, isCategorical: false }
const limits: RequestLimits = {
  features: [layout, layout, layout], nOutputs: 2, maxLeaves: 3, maxExpansions: 2,
  usesBagging: true, usesGoss: true, voting: { nElected: 2 }, fixedScores: null,
  objective: {
    objective: { name: 'regression' }, binaryWeights: [], gradientBound: null, hessianBound: 1,
  },
}
const bits = new Uint8Array(32)
const mask = new Uint8Array(3)
const tree: BinnedTree = {
  feature: [2, 0], leftBins: [bits, bits], leftChild: [1, -1], rightChild: [-3, -2],
  leafValue: [1, -0.5, 0],
}
const totals = { gradient: 1n, hessian: 1n, count: 1 }
const expansion: Expansion = {
  parent: 0, left: 1, right: 2, feature: 2, leftBins: bits, leftTotals: totals,
  rightTotals: totals, leftMask: mask, rightMask: null,
}
const round = (change: Partial<Expansion>): EngineRequest =>
  ({ kind: 'round', released: [], expansions: [{ ...expansion, ...change }] })
const commit = (change: Partial<BinnedTree>): EngineRequest =>
  ({ kind: 'commit', output: 1, tree: { ...tree, ...change }, leafNodes: null })

const elected = (features: readonly number[], n = 1, node = 3): EngineRequest => ({
  kind: 'round', released: [], expansions: [],
  elected: Array.from({ length: n }, () => ({ node, totals, features })),
})

const group: SelectGroup = { node: 3, low: -4, high: 27, width: 8, count: 5 }
const select = (change: Partial<SelectGroup>, n = 1): EngineRequest => ({
  kind: 'select', output: 0, weightScale: 0,
  groups: Array.from({ length: n }, () => ({ ...group, ...change })),
})

describe('requestFault of rankings', () => {
  const { objective } = limits
  const ranking = { labelGain: [0, 1], truncationLevel: 30, isNormed: true, sigmoid: 1, seed: 5 }
  const ranked = (nPositions: number): RequestLimits => ({
    ...limits, objective: { ...objective, ranking: { ...ranking, nPositions } },
  })
  const faults: readonly (readonly [EngineRequest, RequestLimits, RegExp | null])[] = [
    [{ kind: 'prepare', biases: [0, 1] }, ranked(2), null],
    [{ kind: 'prepare', biases: [0, NaN] }, ranked(2), /no finite number/],
    [{ kind: 'prepare' }, ranked(2), /0 biases of 2/],
    [{ kind: 'gradients', gradientScale: 1, hessianScale: 1, biases: [1] }, limits,
      /1 biases of 0/],
    [{ kind: 'tally', of: 'positions', first: 1 }, ranked(2), null],
    [{ kind: 'tally', of: 'positions', first: 2 }, ranked(2), /not shown at position 2/],
    [{ kind: 'tally', of: 'positions', first: 0 }, limits, /not shown at position 0/],
    [{ kind: 'root', output: 0, mask, bag: { kind: 'queries', hashStart: 1, limit: 3 } },
      limits, /bag is none/],
  ]
  for (const [request, own, fault] of faults) {
    it(`${JSON.stringify(request)}: ${fault}`, () => {
      const found = requestFault(request, own)
      assert.ok(fault === null ? found === null : fault.test(found ?? ''), String(found))
    })
  }
})

describe('requestFault of cox', () => {
  const events = { times: Float64Array.of(1, 2), counts: Float64Array.of(1, 3) }
  const timed: RequestLimits = { ...limits, objective: { ...limits.objective, events } }
  const risks = { origin: 3, rates: Float64Array.of(0, 1), squares: Float64Array.of(0, 1) }
  const scales = { gradientScale: 1, hessianScale: 1 }
  const hazards = (first: number, n: number, origin = 0): EngineRequest =>
    ({ kind: 'tally', of: 'hazards', first, n, origin })
  const faults: readonly (readonly [EngineRequest, RequestLimits, RegExp | null])[] = [
    [{ kind: 'prepare', of: 'scores' }, timed, null],
    [{ kind: 'prepare', of: 'scores' }, limits, /scores are not asked for/],
    [{ kind: 'prepare', of: 'scores', risks }, timed, /scores are not asked for/],
    [{ kind: 'prepare', risks }, timed, null],
    [{ kind: 'prepare' }, timed, /sums over 0 and 0 of 2 events/],
    [{ kind: 'gradients', ...scales, risks }, timed, null],
    [{ kind: 'gradients', ...scales, risks }, limits, /sums over 2 and 2 of 0 events/],
    [{ kind: 'gradients', ...scales, risks: { ...risks, rates: Float64Array.of(1) } }, timed,
      /sums over 1 and 2 of 2/],
    [{ kind: 'gradients', ...scales, risks: { ...risks, squares: Float64Array.of(1, -1) } },
      timed, /a sum over events is none/],
    [{ kind: 'gradients', ...scales, risks: { ...risks, origin: NaN } }, timed, /is none/],
    [hazards(0, 2), timed, null], [hazards(1, 1), timed, null],
    [hazards(0, 3), timed, /no hazards of 3 events from 0/], [hazards(2, 1), timed, /no hazards/],
    [hazards(0, 0), timed, /no hazards/], [hazards(0, 1), limits, /no hazards/],
    [hazards(0, 1, NaN), timed, /no hazards/],
  ]
  for (const [i, [request, own, fault]] of faults.entries()) {
    it(`${i}: ${request.kind}: ${fault}`, () => {
      const found = requestFault(request, own)
      assert.ok(fault === null ? found === null : fault.test(found ?? ''), String(found))
    })
  }
})

describe('requestFault of trees that grow at the same time', () => {
  const root = { kind: 'root', output: 1, bag: null, mask } as const
  const of = (...lanes: readonly number[]): EngineRequest =>
    ({ kind: 'together', parts: lanes.map((lane) => ({ lane, request: root })) })
  const { voting: _, ...plain } = limits
  const own: RequestLimits = { ...plain, lanes: 3 }
  const faults: readonly (readonly [EngineRequest, RequestLimits, RegExp | null])[] = [
    [of(0, 2), own, null],
    [of(), own, /no tree/],
    [of(0, 3), own, /^lane 3 is not one of 3/],
    [of(-1), own, /^lane -1/],
    [of(1, 0, 1), own, /^lane 1 .* asked twice/],
    [of(1), plain, /^lane 1 is not one of 1/],
    [of(0), { ...limits, lanes: 2 }, /do not grow together/],
    [{ kind: 'together', parts: [{ lane: 0, request: { ...root, output: 2 } }] }, own,
      /^output 2/],
  ]
  for (const [request, limitsOf, fault] of faults) {
    it(`${JSON.stringify(request)}: ${fault}`, () => {
      const found = requestFault(request, limitsOf)
      assert.ok(fault === null ? found === null : fault.test(found ?? ''), String(found))
    })
  }
})

describe('requestFault of outputs with scales of their own', () => {
  const own: RequestLimits = { ...limits, objective: {
    ...limits.objective, objective: { name: 'multi_regression', numTarget: 2 },
  } }
  const root = (scales: { gradient: number, hessian: number }): EngineRequest =>
    ({ kind: 'root', output: 1, bag: null, mask, scales })
  const one = (output: number): EngineRequest =>
    ({ kind: 'gradients', output, gradientScale: 8, hessianScale: 2 })
  const faults: readonly (readonly [EngineRequest, RequestLimits, RegExp | null])[] = [
    [{ kind: 'prepare', output: 1 }, own, null],
    [{ kind: 'prepare', output: 2 }, own, /output 2 is not one of 2/],
    [{ kind: 'prepare', output: 0 }, limits, /all outputs have the same/],
    [one(0), own, null], [one(-1), own, /output -1/], [one(0), limits, /have the same/],
    [root({ gradient: 4, hessian: 2 }), own, null],
    [root({ gradient: 4, hessian: 2 }), limits, /have the same/],
    [root({ gradient: 4, hessian: Infinity }), own, /Infinity is no scale/],
  ]
  for (const [request, against, fault] of faults) {
    it(`${JSON.stringify(request)}: ${fault}`, () => {
      const found = requestFault(request, against)
      assert.ok(fault === null ? found === null : fault.test(found ?? ''), String(found))
    })
  }
})

describe('requestFault of base scores of a forest', () => {
  it('lets them follow the outputs, and nothing else', () => {
    const forest = { ...limits, fixedScores: [0, 0] }
    const lone = { feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [1] }
    const base = { kind: 'commit', output: 3, tree: lone, leafNodes: null } as const
    assert.equal(requestFault(base, forest), null)
    assert.match(requestFault(base, limits)!, /output 3 is not one of 2/)
    assert.match(requestFault({ ...base, output: 4 }, forest)!, /output 4/)
    assert.match(requestFault({ ...base, tree }, forest)!, /output 3/)
  })
})

describe('requestFault', () => {
  const sound: readonly EngineRequest[] = [
    { kind: 'prepare' }, { kind: 'evaluate' },
    { kind: 'gradients', gradientScale: 2 ** 40, hessianScale: 2 ** -3 },
    { kind: 'root', output: 1, bag: { kind: 'rows', hashStart: -5, limit: 7 }, mask },
    { kind: 'root', output: 1, mask,
      bag: { kind: 'classes', hashStart: 1, limitNegative: 0, limitPositive: 2 ** 32 } },
    { kind: 'root', output: 1, mask,
      bag: { kind: 'goss', hashStart: 1, threshold: 77, limit: 5, factor: 8 } },
    { kind: 'tally', digit: 2, prefix: 2 ** 20 },
    round({}), elected([0, 2]), elected([1], 4), { kind: 'round', released: [], expansions: [] },
    { ...commit({}), leafNodes: [3, 4, 5] } as EngineRequest,
    select({}), select({ node: -1, width: 0 }),
    { ...select({}), weightScale: 2 ** 30 } as EngineRequest,
    select({ low: 1 - 2 ** 53, high: 2 ** 53 - 1, width: -1 }, 3),
    commit({ feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [1] }),
  ]

  it('finds nothing wrong with requests of the training', () => {
    for (const request of sound) assert.equal(requestFault(request, limits), null, request.kind)
  })

  const wrong: readonly (readonly [EngineRequest, RegExp])[] = [
    [{ kind: 'gradients', gradientScale: 0, hessianScale: 1 }, /^0 is no scale/],
    [{ kind: 'gradients', gradientScale: 1, hessianScale: NaN }, /^NaN is no scale/],
    [{ kind: 'root', output: 2, bag: null, mask }, /^output 2 is not one of 2/],
    [{ kind: 'root', output: 0, bag: null, mask: new Uint8Array(4) }, /^a mask of 4 .* fit 3/],
    [{ kind: 'root', output: 0, bag: { kind: 'rows', hashStart: 0, limit: NaN }, mask },
      /^the rule of the bag/],
    [{ kind: 'root', output: 0, mask,
      bag: { kind: 'goss', hashStart: 1, threshold: 7, limit: 5, factor: Infinity } },
    /^the rule of the bag/],
    [{ kind: 'tally', digit: 3, prefix: 0 }, /not counted by such a digit/],
    [round({ feature: 3 }), /^feature 3 is not one of 3/],
    [round({ feature: -1 }), /^feature -1 is not one of 3/],
    [round({ leftBins: new Uint8Array(31) }), /^a set of bins is none/],
    [round({ right: 1 }), /^node 0 cannot be cut in 1 and 1/],
    [round({ leftMask: new Uint8Array(0) }), /^a mask of 0/],
    [round({ rightMask: new Uint8Array(2) }), /^a mask of 2/],
    [round({ leftTotals: { ...totals, count: -1 } }), /^a leaf has less than no rows/],
    [{ kind: 'round', released: [], expansions: [expansion, expansion, expansion] },
      /^3 expansions are more than 2/],
    [elected([0, 1, 2]), /elected of node 3 are no features/],
    [elected([1, 0]), /elected of node 3/], [elected([1, 1]), /elected of node 3/],
    [elected([3]), /elected of node 3/], [elected([]), /elected of node 3/],
    [elected([1], 5), /^features are elected of 5 leaves, not 4/],
    [elected([1], 1, -1), /elected of node -1/],
    [{ ...elected([1]), expansions: [expansion] } as EngineRequest, /^no features are elected/],
    [select({ node: -2 }), /^node -2 is none/],
    [select({ low: 28 }), /^there are no residuals from 28 to 27/],
    [select({ high: 2 ** 53 }), /^there are no residuals/],
    [select({ low: 0.5 }), /^there are no residuals/],
    [select({ count: -1 }), /^a group has less than no rows/],
    [select({ width: 3 }), /^3 is no width of buckets/],
    [select({ width: 0.5 }), /^0.5 is no width of buckets/],
    [select({ high: 2 ** 20, width: 1 }), /^1048581 buckets are more than 16384/],
    [select({}, 4), /^4 groups are more than 3 leaves/],
    [{ ...select({}), output: 2 } as EngineRequest, /^output 2 is not one of 2/],
    [{ ...select({}), weightScale: 3 } as EngineRequest, /^3 is no scale of weights/],
    [commit({ feature: [2, 3] }), /^feature 3 is not one of 3/],
    [commit({ leftChild: [0, -1] }), /^what should be a tree is none/],
    [commit({ leafValue: [1, Infinity, 0] }), /^a value of a leaf/],
    [commit({ leftBins: [bits, new Uint8Array(1)] }), /^a set of bins is none/],
    [{ ...commit({}), output: -1 } as EngineRequest, /^output -1/],
    [{ ...commit({}), leafNodes: [1] } as EngineRequest, /^1 nodes are named for 3 leaves/],
  ]
  for (const [request, fault] of wrong) {
    it(`names it: ${fault.source}`, () => assert.match(requestFault(request, limits)!, fault))
  }

  it('lets no tree be larger than the engines have room for', () => {
    const small = { ...limits, maxLeaves: 2 }
    assert.match(treeFault({ output: 0, tree }, small)!, /^a tree has 3 leaves/)
  })
})

describe('requestFault, of features of more than 256 bins', () => {
  const wide = { ...limits, features: [layout, layout, { ...layout, nBins: 1000 }] }
  const left = Uint8Array.of(0, 0, 1, 3)

  it('takes their sets of bins, and draws behind masks', () => {
    assert.equal(requestFault(round({ leftBins: left }), wide), null)
    assert.equal(requestFault(round({ leftBins: left, leftMask: new Uint8Array(5) }), wide), null)
    assert.equal(treeFault({ output: 0, tree: { ...tree, leftBins: [left, bits] } }, wide), null)
  })

  it('takes no others', () => {
    for (const leftBins of [bits, Uint8Array.of(0, 0, 232, 3), new Uint8Array(2)]) {
      assert.match(requestFault(round({ leftBins }), wide)!, /^a set of bins is none/)
    }
    assert.match(requestFault(round({ leftBins: left }), limits)!, /^a set of bins is none/)
    assert.match(
      requestFault(round({ leftBins: left, leftMask: new Uint8Array(4) }), wide)!, /^a mask of 4/)
  })
})

describe('decodeRequest of cut bytes', () => {
  it('throws, and takes no memory for what is not there', () => {
    const bytes = new Uint8Array(4096)
    for (const request of [round({}), commit({})]) {
      const n = encodeRequest(request, bytes)
      for (let cut = 0; cut < n; cut++) {
        assert.throws(() => decodeRequest(bytes.slice(0, cut)), Error, `${cut} of ${n} bytes`)
      }
      assert.deepEqual(decodeRequest(bytes.slice(0, n)), request)
    }
    const huge = new Uint8Array(12)
    new DataView(huge.buffer).setInt32(0, 3, true)
    new DataView(huge.buffer).setInt32(8, 0x7fff_ffff, true)
    assert.throws(() => decodeRequest(huge), /a request ends too early/)
  })
})
