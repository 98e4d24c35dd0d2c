import assert from 'node:assert/strict'
import { makeDataset, TestRandom } from '@coppice/testkit'
import { CentralReducer } from '../../src/execution/central-reducer.js'
import { engineRows } from '../../src/execution/engine-rows.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { InlineStores } from '../../src/execution/inline-stores.js'
import type {
  EngineRequest, EngineSetup, RootRequest, RoundRequest,
} from '../../src/execution/protocol.js'
import { sumsLayout } from '../../src/execution/sums-layout.js'
import { Booster, type EngineAnswer } from '../../src/training/iteration.js'
import { mixedFeatures, trainWatched } from '../support/trainings.js'
import { cutSums } from './stores-executor.js'

export interface Step {
  readonly request: RootRequest | RoundRequest
  readonly sums: readonly Uint8Array[]
  readonly answer: EngineAnswer
}

export interface Recorded {
  readonly setup: EngineSetup
  readonly scales: Extract<EngineRequest, { kind: 'gradients' }>
  readonly steps: readonly Step[]
}

const { data } = makeDataset({
  seed: 9, nRows: 900, features: mixedFeatures, label: 'binary', weights: 'any',
})

/** One iteration with one store: what was asked, summed and answered. */
export async function recordIteration(): Promise<Recorded> {
  const params = {
    objective: 'binary', numIterations: 1, numLeaves: 12, speculation: 3, minDataPerGroup: 10,
  }
  const { watched } = await trainWatched({ params, train: data }, new InlineExecutor())
  const { plan } = watched.job!
  const stores = new InlineStores()
  await stores.build(1, plan.engine, engineRows(data), [])
  const reducer = new CentralReducer(plan.engine)
  const dialogue = new Booster(plan).iterate(0, false)
  const steps: Step[] = []
  let scales: Recorded['scales'] | null = null
  let step = dialogue.next(null)
  while (step.done !== true) {
    const request = step.value
    const given = await stores.carryOut(1, request)
    let answer: EngineAnswer = null
    if (request.kind === 'gradients') {
      scales = request
      reducer.setUnits(request.gradientScale, request.hessianScale)
    }
    if (given.kind === 'sums' && (request.kind === 'root' || request.kind === 'round')) {
      const sums = given.histograms.map((each) => each.slice())
      answer = answerOf(reducer, request, () => sums.forEach((s, h) => reducer.add(h, 0, s)))
      steps.push({ request, sums, answer })
    }
    step = dialogue.next(answer)
  }
  assert.deepEqual(step.value.trees, watched.records[0]!.trees)
  return { setup: plan.engine, scales: scales!, steps }
}

function answerOf(
  reducer: CentralReducer, request: RootRequest | RoundRequest, add: () => void,
): EngineAnswer {
  reducer.begin(request)
  add()
  return request.kind === 'root' ? reducer.finishRoot(request) : reducer.finishRound(request)
}

/** Three contributions that add up to `sums`: two made up, and what is left. */
function contributions(sums: Uint8Array, nCells: number, random: TestRandom): Uint8Array[] {
  const parts = [sums.slice(), new Uint8Array(sums.length), new Uint8Array(sums.length)]
  const [rest, ...others] = parts.map((part) => new DataView(part.buffer))
  for (const other of others) {
    for (let at = 0; at < nCells * 16; at += 8) {
      const value = BigInt(random.word() | 0) << BigInt(random.below(30))
      other.setBigInt64(at, value, true)
      rest!.setBigInt64(at, rest!.getBigInt64(at, true) - value, true)
    }
    for (let at = nCells * 16; at < nCells * 20; at += 4) {
      const value = random.below(rest!.getInt32(at, true) + 1)
      other.setInt32(at, value, true)
      rest!.setInt32(at, rest!.getInt32(at, true) - value, true)
    }
  }
  return parts
}

/** What the reducer promises. */
export function reducerContract(open: (setup: EngineSetup) => CentralReducer): void {
  const reducerOf = ({ setup, scales }: Recorded): CentralReducer => {
    const reducer = open(setup)
    reducer.setUnits(scales.gradientScale, scales.hessianScale)
    return reducer
  }

  let recorded: Recorded
  let nCells = 0
  before(async () => {
    recorded = await recordIteration()
    nCells = sumsLayout(recorded.setup.features).nCells
    assert.ok(recorded.steps.some(({ sums }) => sums.length > 1))
  })

  it('adds contributions in any order and any pieces', () => {
    for (const seed of [1, 2, 3]) {
      const random = new TestRandom(seed)
      const reducer = reducerOf(recorded)
      for (const { request, sums, answer } of recorded.steps) {
        const pieces = sums.flatMap((histogram, h) =>
          contributions(histogram, nCells, random).flatMap((part) => {
            const cut = []
            for (let first = 0, n = 0; first < nCells; first += n) {
              n = Math.min(nCells - first, 4 * (1 + random.below(nCells / 4)))
              cut.push({ h, first, bytes: cutSums(part, nCells, first, n), rank: random.word() })
            }
            return cut
          }))
        pieces.sort((a, b) => a.rank - b.rank)
        assert.deepEqual(
          answerOf(reducer, request, () => {
            for (const { h, first, bytes } of pieces) reducer.add(h, first, bytes)
          }), answer)
      }
    }
  })

  it('refuses wrong sums, and takes the right ones after that', () => {
    const random = new TestRandom(4)
    const reducer = reducerOf(recorded)
    let nRefused = 0
    for (const { request, sums, answer } of recorded.steps) {
      const add = (bad: number): void => sums.forEach((histogram, h) => {
        const wrong = histogram.slice()
        // the first feature's sums are the root's totals, so another one is spoilt
        if (h === bad) wrong[sumsLayout(recorded.setup.features).cellOffsets[3]! * 8]! ^= 4
        reducer.add(h, 0, wrong)
      })
      if (sums.length > 0) {
        assert.throws(() => answerOf(reducer, request, () => add(random.below(sums.length))),
          { code: 'INTERNAL', message: /does not add up/ })
        nRefused++
      }
      // begun in vain, too
      reducer.begin(request)
      add(0)
      assert.deepEqual(answerOf(reducer, request, () => add(-1)), answer)
    }
    assert.ok(nRefused > 3)
  })

  it('scans round by round as its histograms are completed', () => {
    const reducer = reducerOf(recorded)
    let nEarly = 0
    for (const { request, sums, answer } of recorded.steps) {
      if (request.kind === 'root') {
        assert.deepEqual(answerOf(reducer, request, () => reducer.add(0, 0, sums[0]!)), answer)
        continue
      }
      // once with an error in what is scanned early, then as it should be
      for (const isWrong of [true, false]) {
        reducer.begin(request)
        let isRefused = false
        sums.forEach((histogram, h) => {
          const own = histogram.slice()
          if (isWrong && h === 1) own[sumsLayout(recorded.setup.features).cellOffsets[3]! * 8]! ^= 4
          reducer.add(h, 0, own)
          if (isRefused) return
          const advance = (): void => reducer.advance(request, h + 1)
          if (isWrong && h === 1) {
            assert.throws(advance, { code: 'INTERNAL', message: /does not add up/ })
            isRefused = true
          } else advance()
          nEarly++
        })
      }
      assert.deepEqual(reducer.finishRound(request), answer)
    }
    assert.ok(nEarly > 10)
  })

  it('refuses cells that are none', () => {
    const reducer = reducerOf(recorded)
    const { request } = recorded.steps[0]!
    reducer.begin(request)
    for (const [h, first, n] of [
      [1, 0, nCells], [0, 4, nCells], [0, -4, 4], [0, 2, 4], [0, 0, 6], [0, nCells, 4],
    ] as const) {
      assert.throws(() => reducer.add(h, first, new Uint8Array(n * 20)), { code: 'INTERNAL' })
    }
  })
}
