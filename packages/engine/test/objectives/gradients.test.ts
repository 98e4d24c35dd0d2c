import assert from 'node:assert/strict'
import { describeObjective, makeDataset, TestRandom, type DataRecipe } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import { hessianBoundOf } from '../../src/objectives/hessian-bound.js'
import { bindObjective } from '../../src/objectives/kernels.js'
import type { ObjectiveKernel, ObjectiveSpec } from '../../src/objectives/objective.js'
import { specifyObjective } from '../../src/objectives/specify.js'
import { labelStatisticsOf } from '../../src/objectives/statistics.js'
import { resolveParams } from '../../src/params/index.js'
import { targetShape } from '../../src/training/make-plan.js'
import { summarizeRows } from '../../src/training/summary.js'

/** Loss of a row by its scores, label and weight, with LightGBM's meaning of the weight. */
type Loss = (scores: readonly number[], y: number, w: number) => number

const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
const logLoss = (p: number, y: number): number => -(y * Math.log(p) + (1 - y) * Math.log(1 - p))
const signedRoot = (y: number): number => Math.sign(y) * Math.sqrt(Math.abs(y))
const softmaxLoss: Loss = (scores, y, w) =>
  w * (Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0)) - scores[y]!)

interface Job {
  readonly params: Readonly<Record<string, unknown>>
  readonly label: DataRecipe['label']
  readonly loss: Loss
  /** What LightGBM's hessian is of the second derivative; null: another thing altogether. */
  readonly hessianFactor: number | null
}

const jobs: readonly Job[] = [
  { params: {}, label: 'heavy-tailed', hessianFactor: 1,
    loss: ([s], y, w) => w * (s! - y) ** 2 / 2 },
  { params: { regSqrt: true }, label: 'regression', hessianFactor: 1,
    loss: ([s], y, w) => w * (s! - signedRoot(y)) ** 2 / 2 },
  { params: { objective: 'regression_l1' }, label: 'regression', hessianFactor: null,
    loss: ([s], y, w) => w * Math.abs(s! - y) },
  { params: { objective: 'quantile', alpha: 0.8 }, label: 'regression', hessianFactor: null,
    loss: ([s], y, w) => w * (y > s! ? 0.8 * (y - s!) : 0.2 * (s! - y)) },
  { params: { objective: 'mape' }, label: 'heavy-tailed', hessianFactor: null,
    loss: ([s], y, w) => w * Math.abs(s! - y) / Math.max(1, Math.abs(y)) },
  { params: { objective: 'huber', alpha: 1.3 }, label: 'regression', hessianFactor: null,
    loss: ([s], y, w) => {
      const d = Math.abs(s! - y)
      return w * (d <= 1.3 ? d * d / 2 : 1.3 * (d - 1.3 / 2))
    } },
  { params: { objective: 'fair', fairC: 0.7 }, label: 'regression', hessianFactor: 1,
    loss: ([s], y, w) => {
      const d = Math.abs(s! - y)
      return w * (0.7 * d - 0.49 * Math.log(1 + d / 0.7))
    } },
  { params: { objective: 'poisson' }, label: 'counts', hessianFactor: Math.exp(0.7),
    loss: ([s], y, w) => w * (Math.exp(s!) - y * s!) },
  { params: { objective: 'gamma' }, label: 'amounts', hessianFactor: 1,
    loss: ([s], y, w) => w * (y * Math.exp(-s!) + s!) },
  { params: { objective: 'tweedie', tweedieVariancePower: 1.3 }, label: 'counts', hessianFactor: 1,
    loss: ([s], y, w) => w * (Math.exp(0.7 * s!) / 0.7 + y * Math.exp(-0.3 * s!) / 0.3) },
  { params: { objective: 'expectile', expectileAlpha: 0.8 }, label: 'regression', hessianFactor: 1,
    loss: ([s], y, w) => w * (s! < y ? 0.8 : 0.2) * (s! - y) ** 2 / 2 },
  { params: { objective: 'pseudo_huber', huberSlope: 1.7 }, label: 'regression', hessianFactor: 1,
    loss: ([s], y, w) => w * 1.7 ** 2 * (Math.sqrt(1 + ((s! - y) / 1.7) ** 2) - 1) },
  { params: { objective: 'log_cosh' }, label: 'regression', hessianFactor: 1,
    loss: ([s], y, w) => w * Math.log(Math.cosh(s! - y)) },
  { params: { objective: 'cross_entropy' }, label: 'shares', hessianFactor: 1,
    loss: ([s], y, w) => w * logLoss(logistic(s!), y) },
  { params: { objective: 'cross_entropy_lambda' }, label: 'shares', hessianFactor: 1,
    loss: ([s], y, w) => logLoss(1 - (1 + Math.exp(s!)) ** -w, y) },
  { params: { objective: 'binary', sigmoid: 1.5, scalePosWeight: 2 }, label: 'binary',
    hessianFactor: 1, loss: ([s], y, w) => w * (1 + y) * logLoss(logistic(1.5 * s!), y) },
  { params: { objective: 'multiclass', numClass: 3 }, label: { classes: 3 }, hessianFactor: 1.5,
    loss: softmaxLoss },
  { params: { objective: 'multiclassova', numClass: 3, sigmoid: 1.5, scalePosWeight: 2 },
    label: { classes: 3 }, hessianFactor: 1,
    loss: (scores, y, w) => w * scores.reduce((sum, s, k) =>
      sum + (y === k ? 2 : 1) * logLoss(logistic(1.5 * s), y === k ? 1 : 0), 0) },
]

const nRows = 61
const planeBytes = 62 * 8

/** Binds the objective to scores; `pairs` reads what it has put out. */
function bind(
  spec: ObjectiveSpec, data: BinnedDataset, planes: readonly Float64Array[],
): { kernel: ObjectiveKernel, pairs: (k: number) => Int32Array } {
  const memory = new WebAssembly.Memory({ initial: 4 })
  const put = (offset: number, values: Float64Array): number => {
    new Float64Array(memory.buffer, offset, values.length).set(values)
    return offset
  }
  planes.forEach((plane, k) => put(1024 + k * planeBytes, plane))
  const kernel = bindObjective(spec, instantiateKernels(memory), {
    memory,
    nRows, scores: 1024, scorePlaneBytes: planeBytes, labels: put(8192, data.label!),
    weights: put(16384, data.weight!), gradients: 32768, gradientStride: 8,
    gradientPlaneBytes: planeBytes, quantum: 0, work: 65536,
  })
  return { kernel, pairs: (k) => new Int32Array(memory.buffer, 32768 + k * planeBytes, nRows * 2) }
}

describe('gradients of the objectives', () => {
  for (const { params: raw, label, loss, hessianFactor } of jobs) {
    const params = resolveParams(raw)
    const { data } = makeDataset({ seed: 4, nRows, features: [], label, weights: 'positive' })
    const { spec, nOutputs, baseScores } = specifyObjective(
      params, labelStatisticsOf(summarizeRows(data, targetShape(params), '')))
    const random = new TestRandom(9)
    const planes = Array.from({ length: nOutputs }, () =>
      Float64Array.from({ length: nRows }, () => random.normal() * 1.5))

    it(`are the derivatives of the loss: ${spec.objective.name}`, () => {
      const { kernel, pairs } = bind(spec, data, planes)
      const [gScale, hScale] = [2 ** 12, 2 ** 14]
      kernel.gradients(gScale, hScale)
      const naive = describeObjective(params, data)
      const step = 1e-4
      for (let row = 0; row < nRows; row++) {
        const [y, w] = [data.label![row]!, data.weight![row]!]
        const own = planes.map((plane) => plane[row]!)
        const moved = (k: number, delta: number): number =>
          loss(own.map((s, j) => j === k ? s + delta : s), y, w)
        for (let k = 0; k < nOutputs; k++) {
          const [g, h] = pairs(k).subarray(row * 2)
          const slope = (moved(k, step) - moved(k, -step)) / (2 * step)
          const curve = (moved(k, step) - 2 * moved(k, 0) + moved(k, -step)) / (step * step)
          const isNear = (a: number, b: number, unit: number): boolean =>
            Math.abs(a - b) <= unit + 1e-4 * Math.max(1e-2, Math.abs(b))
          assert.ok(isNear(g! / gScale, slope, 0.5 / gScale), `gradient of row ${row}`)
          const expected = hessianFactor === null ? w : hessianFactor * curve
          assert.ok(isNear(h! / hScale, expected, 0.5 / hScale), `hessian of row ${row}`)
          const [naiveG, naiveH] = naive.derivatives(own, y, w)[k]!
          assert.ok(isNear(naiveG, slope, 0) && isNear(naiveH, expected, 1e-5))
        }
      }
    })

    it(`are within the bounds, and the largest is found: ${spec.objective.name}`, () => {
      for (const shift of [-30, -3, 0, 3, 30]) {
        const shifted = planes.map((plane) => plane.map((s) => s + shift))
        const { kernel } = bind(spec, data, shifted)
        const naive = describeObjective(params, data)
        const all = Array.from({ length: nRows }, (_, row) => naive.derivatives(
          shifted.map((plane) => plane[row]!), data.label![row]!, data.weight![row]!)).flat()
        const largest = all.reduce((max, [g]) => Math.max(max, Math.abs(g)), 0)
        const found = kernel.maxGradient()
        if (spec.gradientBound === null) assert.equal(found, largest)
        const bound = spec.gradientBound ?? found
        assert.ok(largest <= bound, `gradients of ${largest}`)
        const hessians = all.reduce((max, [, h]) => Math.max(max, h), 0)
        assert.ok(hessians <= hessianBoundOf(spec, bound) * (1 + 1e-15), `hessians of ${hessians}`)
        assert.ok(all.every(([, h]) => h > -1e-14), 'hessians of 0 or more')
      }
    })

    it(`add up to about 0 at the base score: ${spec.objective.name}`, () => {
      // the means that LightGBM starts these from are not where their gradients vanish
      const isApproximate = ['huber', 'fair', 'expectile', 'pseudo_huber', 'log_cosh',
        'cross_entropy_lambda', 'binary', 'multiclassova']
      // the labels' percentile, which the rows are asked for
      if (describeObjective(params, data).percentile != null) return
      if (isApproximate.includes(spec.objective.name)) return
      const sums = baseScores.map(() => 0)
      const naive = describeObjective(params, data)
      for (let row = 0; row < nRows; row++) {
        naive.derivatives(baseScores, data.label![row]!, data.weight![row]!)
          .forEach(([g], k) => { sums[k]! += g })
      }
      for (const sum of sums) assert.ok(Math.abs(sum) < 1e-7, `a sum of ${sum}`)
      assert.deepEqual(baseScores, naive.baseScores)
    })
  }
})
