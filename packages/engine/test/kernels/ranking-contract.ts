import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { RANKING_PLANES, type Kernels } from '../../src/kernels/api.js'
import { discounts } from '../../src/objectives/ranking.js'
import { referenceRankingKernels } from '../../src/kernels/reference-ranking.js'
import { Lab } from './lab.js'

interface Queries {
  readonly sizes: readonly number[]
  readonly scores: readonly number[]
  readonly labels: readonly number[]
  readonly weights: readonly number[] | null
}

type Places = Readonly<Record<string, number>>
type RankingKernels = Pick<Kernels, 'lambdaGradients' | 'xendcgGradients'>

/** Sizes on both sides of the lane width and of the runs that are sorted; ties of scores. */
function draw(random: TestRandom, weighted: boolean): Queries {
  const sizes = [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 100, 1, 250]
  const n = sizes.reduce((sum, size) => sum + size, 0)
  const scores = Array.from({ length: n }, () => random.pick([
    random.normal(), random.normal() * 30, 0, -0, 1, random.below(4), 900]))
  return {
    sizes, scores,
    labels: Array.from({ length: n }, () => random.below(5)),
    weights: weighted ? Array.from({ length: n }, () => random.uniform() * 3) : null,
  }
}

/** The kernels of rankings: the bits of the naive formulas, and LightGBM's loops for the sense. */
export function rankingContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  const naive = referenceRankingKernels(lab.memory)
  beforeEach(() => lab.clear())

  /** Runs both over the same memory, and gives what they wrote and returned. */
  function both(
    { sizes, scores, labels, weights }: Queries,
    prepare: (at: Places) => (k: RankingKernels) => number,
  ): { found: readonly (number | number[])[], expected: readonly (number | number[])[] } {
    const starts = [0]
    for (const size of sizes) starts.push(starts.at(-1)! + size)
    const n = scores.length
    const planeBytes = (Math.max(...sizes) + 2 & ~1) * 8
    const at = {
      gradient: lab.reserve(n * 8), hessian: lab.reserve(n * 8), score: lab.putDoubles(scores),
      label: lab.putDoubles(labels), weight: weights === null ? 0 : lab.putDoubles(weights),
      starts: lab.put(new Uint8Array(Int32Array.from(starts).buffer)), nQueries: sizes.length,
      work: lab.reserve(planeBytes * RANKING_PLANES), planeBytes,
    }
    const read = (largest: number): (number | number[])[] =>
      [largest, lab.doubles(at.gradient, n), lab.doubles(at.hessian, n)]
    const run = prepare(at)
    const found = read(lab.run([at.gradient, at.hessian, at.work], run))
    return { found, expected: read(run(naive)) }
  }

  const lambda = (
    at: Places, inverses: readonly number[], isNormed: boolean,
    { truncation = 30, sigmoid = 1 } = {},
  ) => {
    const [inverse, gain, discount] = [inverses, [0, 1, 3, 7, 15], [...discounts(251)]]
      .map((values) => lab.putDoubles(values))
    return (k: RankingKernels): number => k.lambdaGradients(
      at['gradient']!, at['hessian']!, at['score']!, at['label']!, at['weight']!, at['starts']!,
      at['nQueries']!, inverse!, gain!, discount!, truncation, isNormed ? 1 : 0, sigmoid,
      at['work']!, at['planeBytes']!)
  }

  it('lambdaGradients has the bits of the loops over pairs', () => {
    const random = new TestRandom(3)
    for (const weighted of [false, true]) {
      for (const isNormed of [false, true]) {
        for (const [truncation, sigmoid] of [[30, 1], [1, 0.5], [3, 2], [1000, 1]] as const) {
          lab.clear()
          const queries = draw(random, weighted)
          const inverses = queries.sizes.map((_, q) => q === 5 ? 0 : 1 / (q + 7))
          const { found, expected } = both(
            queries, (at) => lambda(at, inverses, isNormed, { truncation, sigmoid }))
          assert.deepEqual(found, expected)
          assert.ok((found[0] as number) > 0)
        }
      }
    }
  })

  it('lambdaGradients add up to 0 in each query and push the better row up', () => {
    const queries = { sizes: [3], scores: [0.5, 1, 0], labels: [2, 0, 1], weights: null }
    const { found: [, gradients, hessians] } = both(queries, (at) => lambda(at, [0.25], true))
    const [best, worst] = gradients as number[]
    assert.ok(best! < 0 && worst! > 0)
    assert.ok(Math.abs((gradients as number[]).reduce((sum, g) => sum + g, 0)) < 1e-15)
    assert.ok((hessians as number[]).every((h) => h > 0))
  })

  it('xendcgGradients has the bits of its formulas', () => {
    const random = new TestRandom(4)
    for (const weighted of [false, true]) {
      lab.clear()
      const queries = draw(random, weighted)
      const { found, expected } = both(queries, (at) => {
        const ids = lab.putDoubles(queries.sizes.map((_, q) => 1_000_003 * q))
        return (k) => k.xendcgGradients(at['gradient']!, at['hessian']!, at['score']!, at['label']!,
          at['weight']!, at['starts']!, at['nQueries']!, ids, -77, at['work']!, at['planeBytes']!)
      })
      assert.deepEqual(found, expected)
      assert.ok((found[1] as number[]).every(Number.isFinite))
    }
  })

  it('putRounded rounds ties to even', () => {
    for (const n of [0, 1, 2, 3, 8, 9]) {
      lab.clear()
      const values = Array.from({ length: n }, (_, i) => (i - 3) / 2)
      const [gradient, hessian] = [values, values.map((x) => x + 8)].map((v) => lab.putDoubles(v))
      const out = lab.reserve((n + 1 & ~1) * 24)
      lab.run([out], (k) => k.putRounded(out, 24, gradient!, hessian!, n, 1, 4))
      const even = (x: number): number => Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2)
        : Math.round(x)
      for (let i = 0; i < n; i++) {
        assert.deepEqual(lab.ints(out + i * 24, 2), [even(values[i]!) + 0, values[i]! * 4 + 32])
      }
    }
  })
}
