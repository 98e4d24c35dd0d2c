import assert from 'node:assert/strict'
import { exp, softplus } from '@coppice/model'
import { nearestEven, TestRandom } from '@coppice/testkit'
import { softmaxWorkBytes, type Kernels } from '../../src/kernels/api.js'
import { PointwiseKind } from '../../src/kernels/objective-kinds.js'
import { Lab, lengths } from './lab.js'

/** expLanes and the gradients: the same bits as the formulas in plain f64. */
export function gradientContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  beforeEach(() => lab.clear())
  const fixed = (value: number, scale: number): number => {
    const n = nearestEven(value * scale)
    return Number.isNaN(n) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, n)) + 0
  }
  const draws = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw)

  it('expLanes has the bits of exp of @coppice/model', () => {
    const random = new TestRandom(11)
    const special = [
      0, -0, 1, -1, 709.7, 709.79, 710, 1000, -700, -708.4, -744.4, -745.2, -746, -1e9, Infinity,
      -Infinity, 2 ** -60, Number.MIN_VALUE, Number.MAX_VALUE, 0.34657359, -0.34657359,
    ]
    const xs = [...special, ...draws(4000, () => (random.uniform() - 0.5) * 1500),
      ...draws(4001, () => random.normal() * 3)]
    const src = lab.putDoubles(xs)
    for (const n of [...lengths.filter((length) => length % 2 === 0), xs.length]) {
      const dst = lab.reserve(n * 8)
      lab.run([dst], (k) => k.expLanes(dst, src, n))
      lab.doubles(dst, n).forEach((y, i) => assert.ok(
        Object.is(y, exp(xs[i]!)), `exp(${xs[i]}) is ${exp(xs[i]!)}, got ${y}`))
    }
    const nan = lab.putDoubles([NaN, 1])
    const dst = lab.reserve(16)
    lab.run([dst], (k) => k.expLanes(dst, nan, 2))
    assert.ok(Number.isNaN(lab.doubles(dst, 1)[0]))
  })

  /**
   * Runs a kernel that writes n pairs, outStride bytes apart, and reads them. What lies between
   * the pairs must stay; the pair behind an odd n may be anything.
   */
  function pairsOf(
    n: number, outStride: number, work: (kernels: Kernels, out: number) => void,
  ): number[][] {
    const out = lab.reserve((n + 1 & ~1) * outStride)
    lab.run([out], (k) => work(k, out))
    for (let i = 0; i < n; i++) {
      const between = lab.bytes(out + i * outStride + 8, outStride - 8)
      assert.ok(between.every((byte) => byte === 0), 'bytes between pairs stay')
    }
    return Array.from({ length: n }, (_, i) => lab.ints(out + i * outStride, 2))
  }

  type Shape = { n: number, weighted: boolean, outStride: number, random: TestRandom }
  const eachShape = (check: (shape: Shape) => void): void => {
    for (const n of lengths) {
      for (const weighted of [false, true]) {
        for (const outStride of [8, 16, 24, 40]) {
          lab.clear()
          check({ n, weighted, outStride, random: new TestRandom(n * 2 + Number(weighted)) })
        }
      }
    }
  }

  it('binaryGradients are those of the log loss', () => {
    eachShape(({ n, weighted, outStride, random }) => {
      const scores = draws(n, () => random.pick([random.normal() * 4, 0, 900, -900]))
      const labels = draws(n, () => random.below(2))
      const weights = draws(n, () => random.uniform() * 3)
      const [s, wNeg, wPos, gScale, hScale] = [1.7, 1.25, 3, 2 ** 26, 2 ** 25]
      const [score, label, weight] = [scores, labels, weights].map((v) => lab.putDoubles(v))
      const pairs = pairsOf(n, outStride, (k, out) => k.binaryGradients(
        out, outStride, score!, label!, weighted ? weight! : 0, n, 1, s, wNeg, wPos, gScale,
        hScale))
      assert.deepEqual(pairs, scores.map((x, i) => {
        const sign = labels[i] === 1 ? 1 : -1
        const w = (labels[i] === 1 ? wPos : wNeg) * (weighted ? weights[i]! : 1)
        const r = s / (1 + exp(sign * s * x))
        return [fixed(-sign * r * w, gScale), fixed(r * (s - r) * w, hScale)]
      }))
    })
  })

  it('residuals is the exact maximum of |score - label| weight', () => {
    eachShape(({ n, weighted, random }) => {
      const scores = draws(n, () => random.heavyTailed())
      const labels = draws(n, () => random.heavyTailed())
      const weights = draws(n, () => random.uniform())
      const [score, label, weight] = [scores, labels, weights].map((v) => lab.putDoubles(v))
      const max = lab.run([], (k) => k.residuals(score!, label!, weighted ? weight! : 0, n))
      assert.equal(max, Math.max(0, ...scores.map((x, i) =>
        Math.abs((x - labels[i]!) * (weighted ? weights[i]! : 1)))))
    })
  })

  it('maxima are infinite, or NaN, where one gradient is', () => {
    for (const [n, at] of [[1, 0], [2, 1], [5, 0], [5, 2], [5, 4], [8, 7]] as const) {
      for (const [odd, other] of [[NaN, Infinity], [NaN, 1e300], [Infinity, 1e300]] as const) {
        const scores = draws(n, () => other).with(at, odd)
        const [score, label] = [scores, draws(n, () => 0)].map((v) => lab.putDoubles(v))
        for (const max of [
          lab.run([], (k) => k.residuals(score!, label!, 0, n)),
          lab.run([], (k) => k.pointwiseMaximum(PointwiseKind.sqrt, 0, score!, label!, 0, n)),
        ]) assert.ok(Object.is(max, odd), `${max} of ${scores.join()}`)
      }
    }
    // whose sum is not finite
    const [score, label] = [draws(6, () => 1e308), draws(6, () => 0)].map((v) => lab.putDoubles(v))
    assert.equal(lab.run([], (k) => k.residuals(score!, label!, 0, 6)), 1e308)
  })

  it('residualGradients round ties to even and saturate', () => {
    eachShape(({ n, weighted, outStride, random }) => {
      const scores = draws(n, () => random.below(2000) / 4)
      const labels = draws(n, () => random.pick([0, 250, 1e300, -1e300]))
      const weights = draws(n, () => random.below(9) / 4)
      const [score, label, weight] = [scores, labels, weights].map((v) => lab.putDoubles(v))
      // a quarter times 2 is a half: ties
      const pairs = pairsOf(n, outStride, (k, out) => k.residualGradients(
        out, outStride, score!, label!, weighted ? weight! : 0, n, 2, 2))
      assert.deepEqual(pairs, scores.map((x, i) => {
        const w = weighted ? weights[i]! : 1
        return [fixed((x - labels[i]!) * w, 2), fixed(w, 2)]
      }))
    })
  })

  it('signGradients are those of the side on which the label is', () => {
    eachShape(({ n, weighted, outStride, random }) => {
      const scores = draws(n, () => random.below(9) / 2 - 2)
      const labels = draws(n, () => random.below(9) / 2 - 2)
      const weights = draws(n, () => random.uniform() * 3)
      const [score, label, weight] = [scores, labels, weights].map((v) => lab.putDoubles(v))
      for (const [isRelative, near] of [[0, 0], [1, 0], [1, 0.5], [0, 0.75]] as const) {
        const [below, equal, above, gScale, hScale] = [-0.8, 0.1, 0.2, 2 ** 26, 2 ** 25]
        const pairs = pairsOf(n, outStride, (k, out) => k.signGradients(
          out, outStride, score!, label!, weighted ? weight! : 0, n, near, below, equal,
          above, isRelative, gScale, hScale))
        assert.deepEqual(pairs, scores.map((s, i) => {
          const [y, w] = [labels[i]!, weighted ? weights[i]! : 1]
          const g = (s < y - near ? below : s > y + near ? above : equal) * w
          const relative = isRelative === 1 ? g / Math.max(1, Math.abs(y)) : g
          return [fixed(relative, gScale), fixed(w, hScale)]
        }))
      }
    })
  })

  it('binaryGradients count one class as positive', () => {
    const classes = [0, 1, 2, 2, 5, 0, 2]
    const n = classes.length
    const score = lab.putDoubles(classes.map((_, i) => i / 3 - 1))
    const [label, isTwo] = [classes, classes.map((k) => k === 2 ? 1 : 0)].map((v) =>
      lab.putDoubles(v))
    const of = (labels: number, positive: number): number[][] => pairsOf(n, 8, (k, out) =>
      k.binaryGradients(out, 8, score, labels, 0, n, positive, 1.5, 2, 3, 2 ** 20, 2 ** 20))
    assert.deepEqual(of(label!, 2), of(isTwo!, 1))
  })

  const derivatives: Readonly<Record<keyof typeof PointwiseKind, (s: number, y: number) =>
  [number, number]>> = {
    sqrt: (s, y) => [s - Math.sign(y) * Math.sqrt(Math.abs(y)), 1],
    huber: (s, y) => [Math.abs(s - y) <= 1.3 ? s - y : 1.3 * Math.sign(s - y), 1],
    fair: (s, y) => {
      const t = Math.abs(s - y) + 1.3
      return [1.3 * (s - y) / t, 1.3 * 1.3 / (t * t)]
    },
    poisson: (s, y) => [exp(s) - y, exp(s) * 1.3],
    gamma: (s, y) => [1 - y * exp(-s), y * exp(-s)],
    tweedie: (s, y) => {
      const [a, b] = [y * exp((1 - 1.3) * s), exp((2 - 1.3) * s)]
      return [b - a, (1.3 - 1) * a + (2 - 1.3) * b]
    },
    crossEntropy: (s, y) => {
      const z = 1 / (1 + exp(-s))
      return [z - y, z * (1 - z)]
    },
  }
  for (const [name, kind] of Object.entries(PointwiseKind)) {
    it(`pointwise gradients and their maximum are those of the formula: ${name}`, () => {
      const of = derivatives[name as keyof typeof PointwiseKind]
      eachShape(({ n, weighted, outStride, random }) => {
        const scores = draws(n, () => random.pick([random.normal() * 2, random.normal(), 0]))
        const labels = draws(n, () => random.uniform() * (kind === 0 ? 4 : 1) - (kind < 3 ? 2 : 0))
        const weights = draws(n, () => random.uniform() * 3)
        const [score, label, weight] = [scores, labels, weights].map((v) => lab.putDoubles(v))
        const [gScale, hScale] = [2 ** 16, 2 ** 15]
        const w = weighted ? weight! : 0
        const expected = scores.map((s, i) =>
          of(s, labels[i]!).map((d) => d * (weighted ? weights[i]! : 1)))
        assert.deepEqual(pairsOf(n, outStride, (k, out) => k.pointwiseGradients(
          kind, 1.3, out, outStride, score!, label!, w, n, gScale, hScale)),
        expected.map(([g, h]) => [fixed(g!, gScale), fixed(h!, hScale)]))
        const max = lab.run([], (k) => k.pointwiseMaximum(kind, 1.3, score!, label!, w, n))
        assert.equal(max, expected.reduce((most, [g]) => Math.max(most, Math.abs(g!)), 0))
      })
    })
  }

  it('pointwise gradients are right where powers overflow or vanish', () => {
    const scores = [800, -800, 709, -745, 1, 2, -900]
    const n = scores.length
    const [score, label] = [scores, scores.map((_, i) => i % 3 / 2)].map((v) => lab.putDoubles(v))
    const pairs = pairsOf(n, 8, (k, out) => k.pointwiseGradients(
      PointwiseKind.crossEntropy, 0, out, 8, score!, label!, 0, n, 2 ** 20, 2 ** 20))
    assert.deepEqual(pairs.slice(0, 2), [[2 ** 20, 0], [-(2 ** 19), 0]])
    const max = lab.run([], (k) =>
      k.pointwiseMaximum(PointwiseKind.poisson, 1, score!, label!, 0, n))
    assert.equal(max, Infinity)
  })

  it('xentLambdaGradients are those of the loss with exposures', () => {
    eachShape(({ n, outStride, random }) => {
      const scores = draws(n, () => random.pick([random.normal() * 4, 0, 40, -40, 800, -800, -720]))
      const labels = draws(n, () => random.pick([0, 1, random.uniform()]))
      const weights = draws(n, () => random.pick([1, 0.001, random.uniform() * 5]))
      const [score, label, weight] = [scores, labels, weights].map((v) => lab.putDoubles(v))
      const pairs = pairsOf(n, outStride, (k, out) => k.xentLambdaGradients(
        out, outStride, score!, label!, weight!, n, 2 ** 24, 2 ** 24))
      const expected = scores.map((s, i) => {
        const [y, w] = [labels[i]!, weights[i]!]
        const [sigma, rest] = [1 / (1 + exp(-s)), 1 / (1 + exp(s))]
        const x = w * softplus(s)
        const p = x < 1e-3 ? x - x * x / 2 + x ** 3 / 6 - x ** 4 / 24 : 1 - exp(-x)
        const r = p > 1e-300 ? w * sigma / p : 1
        return [w * sigma - y * r, Math.max(0, w * sigma * rest + y * r * (r * exp(-x) - rest))]
      })
      pairs.forEach((pair, i) => pair.forEach((value, k) => assert.ok(
        Math.abs(value - expected[i]![k]! * 2 ** 24) < 0.51,
        `row ${i}: score ${scores[i]}, label ${labels[i]}, weight ${weights[i]}`)))
    })
  })

  it('softmaxGradients are those of the multiclass log loss', () => {
    for (const nClasses of [2, 3, 7]) {
      eachShape(({ n, weighted, random }) => {
        const planes = Array.from({ length: nClasses }, () =>
          draws(n, () => random.pick([random.normal() * 3, 0, 800, -800])))
        const labels = draws(n, () => random.below(nClasses))
        const weights = draws(n, () => random.uniform() * 2)
        const even = n + 1 & ~1
        const score = lab.putDoubles(planes.flatMap((p) => [...p, ...(n % 2 ? [0] : [])]))
        const [label, weight] = [labels, weights].map((v) => lab.putDoubles(v))
        const out = lab.reserve(even * 8 * nClasses)
        const work = lab.reserve(softmaxWorkBytes(nClasses))
        const [factor, gScale, hScale] = [nClasses / (nClasses - 1), 2 ** 27, 2 ** 28]
        lab.run([out, work], (k) => k.softmaxGradients(
          out, even * 8, score, even * 8, label!, weighted ? weight! : 0, n, nClasses, factor,
          gScale, hScale, work))
        for (let i = 0; i < n; i++) {
          const own = planes.map((p) => p[i]!)
          const powers = own.map((x) => exp(x - Math.max(...own)))
          const sum = powers.reduce((a, b) => a + b, 0)
          const w = weighted ? weights[i]! : 1
          powers.forEach((power, k) => {
            const p = power / sum
            const expected = [
              fixed((p - (labels[i] === k ? 1 : 0)) * w, gScale),
              fixed(factor * p * (1 - p) * w, hScale),
            ]
            assert.deepEqual(lab.ints(out + (k * even + i) * 8, 2), expected)
          })
        }
      })
    }
  })
}
