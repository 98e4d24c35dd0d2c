import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createPredictor, exp } from '@coppice/model'
import {
  makeDataset, recut, TestRandom, type DataRecipe, wholeNumberMapper,
} from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { selectRows } from '../../src/execution/select-rows.js'
import { coxLikelihood } from '../../src/metrics/cox-likelihood.js'
import { timedScores } from '../../src/metrics/timed-rows.js'
import { CoxKernel } from '../../src/survival/cox-kernel.js'
import { eventTimesOf, mergeEventTimes } from '../../src/survival/event-times.js'
import {
  HAZARD_NUMBERS, hazardOf, HAZARDS_PER_TALLY, hazardSums, orderByEvent, riskSums,
} from '../../src/survival/hazard-sums.js'
import { originOf, riskTables, scoreKey } from '../../src/survival/risk-tables.js'
import { askForRisks } from '../../src/training/ask-for-risks.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

interface GoldenRows {
  readonly labels: readonly number[]
  readonly scores: readonly number[]
  readonly weights: readonly number[] | null
  readonly loss: number
  /** Rows of a leaf, and sums of their gradients and hessians. */
  readonly leaves: readonly (readonly [readonly number[], number, number])[]
}

/** Of XGBoost, whose numbers are of 24 bits; see make-cox-golden.py. */
const golden = JSON.parse(readFileSync(
  new URL('../../../test/objectives/cox.json', import.meta.url), 'utf8')) as {
  readonly gradients: readonly GoldenRows[]
  readonly ties: readonly (readonly [readonly number[], readonly number[], number])[]
  readonly training: {
    readonly X: readonly (readonly number[])[]
    readonly labels: readonly number[]
    readonly losses: readonly number[]
    readonly predictions: readonly number[]
  }
}

/** A kernel over rows, as an engine has it, and what asks it as a trainer does. */
function bind(labels: ArrayLike<number>, scores: ArrayLike<number>, weights?: ArrayLike<number>) {
  const nRows = labels.length
  const planeBytes = nRows * 8
  const memory = new WebAssembly.Memory({ initial: Math.ceil(4 * planeBytes / 65_536) })
  const plane = (at: number): Float64Array => new Float64Array(memory.buffer, at, nRows)
  plane(0).set(scores)
  plane(planeBytes).set(labels)
  if (weights !== undefined) plane(2 * planeBytes).set(weights)
  const events = eventTimesOf(Float64Array.from(labels))
  const kernel = new CoxKernel(events.times, {
    memory, nRows, scores: 0, scorePlaneBytes: planeBytes, labels: planeBytes,
    weights: weights === undefined ? 0 : 2 * planeBytes, gradients: 3 * planeBytes,
    gradientStride: 8, gradientPlaneBytes: planeBytes, quantum: 1, work: 0,
  })
  const asking = askForRisks(events)
  let step = asking.next(0)
  while (step.done !== true) {
    const request = step.value
    step = asking.next(request.kind === 'tally' && request.of === 'hazards'
      ? kernel.hazards(request) : kernel.maxScoreKey())
  }
  const risks = step.value.risks!
  const scale = 2 ** 29 / 2 ** Math.ceil(Math.log2(kernel.maxGradient(0, [], risks) + 1))
  kernel.gradients(scale, scale, 0, [], risks)
  const pairs = new Int32Array(memory.buffer, 3 * planeBytes, 2 * nRows)
  return {
    risks, gradients: plane(0).map((_, i) => pairs[2 * i]! / scale),
    hessians: plane(0).map((_, i) => pairs[2 * i + 1]! / scale), unit: 1 / scale,
  }
}

/** Rows with ties in times and scores. */
function makeRows(nRows: number, spread: number, seed: number, nTimes: number) {
  const random = new TestRandom(seed)
  return {
    labels: Float64Array.from({ length: nRows }, () =>
      (1 + random.below(nTimes)) * (random.uniform() < 0.6 ? 1 : -1)),
    scores: Float64Array.from({ length: nRows }, () => spread * random.normal()),
    weights: Float64Array.from({ length: nRows }, () => 0.2 + random.uniform()),
  }
}

const lossOf = (labels: Float64Array, scores: Float64Array): number =>
  coxLikelihood(timedScores({ name: 'cox' }, scores, labels, null, false)) *
    labels.filter((label) => label > 0).length

describe('CoxKernel', () => {
  it('has the gradients and hessians of XGBoost, which weights multiply', () => {
    for (const { labels, scores, weights, leaves } of golden.gradients) {
      const { gradients, hessians } = bind(labels, scores, weights ?? undefined)
      // XGBoost's sums are of 24 bits
      const size = Math.max(...gradients.map(Math.abs))
      for (const [rows, g, h] of leaves) {
        const sum = (of: Float64Array): number => rows.reduce((all, row) => all + of[row]!, 0)
        assert.ok(Math.abs(sum(gradients) - g) < 2e-5 * size, `gradient ${sum(gradients)}: ${g}`)
        assert.ok(Math.abs(sum(hessians) - h) < 2e-5 * size, `hessian ${sum(hessians)}: ${h}`)
      }
    }
  })

  it('has the derivatives of the loss, ties and all', () => {
    for (const spread of [0.3, 2]) {
      const { labels, scores } = makeRows(30, spread, 5, 8)
      const { gradients, hessians, unit } = bind(labels, scores)
      for (let row = 0; row < labels.length; row++) {
        const lossAt = (step: number): number =>
          lossOf(labels, scores.map((score, i) => i === row ? score + step : score))
        const slope = (lossAt(1e-4) - lossAt(-1e-4)) / 2e-4
        const curve = (lossAt(1e-3) - 2 * lossAt(0) + lossAt(-1e-3)) / 1e-6
        assert.ok(Math.abs(gradients[row]! - slope) < 1e-6 + unit)
        assert.ok(Math.abs(hessians[row]! - curve) < 1e-5 + unit)
      }
      // a constant added to all scores changes nothing
      const sum = gradients.reduce((all, value) => all + value, 0)
      assert.ok(Math.abs(sum) < labels.length * unit)
    }
  })

  it('keeps its digits where hazards are far apart, and scores far from 0', () => {
    for (const [spread, shift] of [[8, 0], [8, -700], [8, 5000], [1e-9, 1e6], [0, -1e9]] as const) {
      const { labels, scores: centred } = makeRows(300, spread, 6, 120)
      const scores = centred.map((score) => score + shift)
      const { gradients, hessians, unit } = bind(labels, scores)
      const hazards = scores.map((score) => Math.exp(score - shift))
      for (let row = 0; row < labels.length; row++) {
        let [rate, square] = [0, 0]
        for (let i = 0; i < labels.length; i++) {
          if (!(labels[i]! > 0 && labels[i]! <= Math.abs(labels[row]!))) continue
          let risk = 0
          for (let j = 0; j < labels.length; j++) {
            if (Math.abs(labels[j]!) >= labels[i]!) risk += hazards[j]!
          }
          rate += hazards[row]! / risk
          square += (hazards[row]! / risk) ** 2
        }
        const tolerance = 2 * unit + 1e-9 * Math.abs(rate)
        assert.ok(Math.abs(gradients[row]! - (rate - Number(labels[row]! > 0))) < tolerance)
        assert.ok(Math.abs(hessians[row]! - (rate - square)) < tolerance)
      }
    }
  })

  it('takes hazards below e^-60 of the largest for that', () => {
    const labels = [1, 2, 3, 4, -5]
    const far = bind(labels, [0, -1000, -1e90, -61, -60])
    const near = bind(labels, [0, -60, -60, -60, -60])
    assert.deepEqual(far, near)
    assert.ok(near.gradients.every(Number.isFinite))
  })

  it('leaves rows alone that no event happened to be there for', () => {
    const { gradients, hessians } = bind([-1, -2, 3, -4], [5, 1, 0, 0])
    assert.deepEqual([...gradients.subarray(0, 2), ...hessians.subarray(0, 2)], [0, 0, 0, 0])
    assert.ok(Math.abs(gradients[2]! + 0.5) < 1e-8 && Math.abs(gradients[3]! - 0.5) < 1e-8)
  })
})

describe('hazardSums', () => {
  it('add up to the same however rows are cut, with many rows at one time', () => {
    const { labels, scores } = makeRows(70_000, 3, 7, 2)
    const { times } = eventTimesOf(labels)
    const origin = originOf(scoreKey(scores.reduce((max, score) => Math.max(max, score))))
    const sumsOf = (first: number, end: number): Float64Array => {
      const places = labels.subarray(first, end).map((label) => times.length > 1
        ? Math.abs(label) - 1 : 0)
      return hazardSums(scores.subarray(first, end),
        orderByEvent(Int32Array.from(places), times.length), { first: 0, n: times.length, origin })
    }
    const whole = sumsOf(0, labels.length)
    assert.ok(whole.every((value, i) => Number.isSafeInteger(value) &&
      (i % HAZARD_NUMBERS === 0 || value < 2 ** 36)))
    const total = (sums: Float64Array): bigint => sums.reduce((all, value, i) =>
      all + (BigInt(value) << BigInt(36 * (3 - i % HAZARD_NUMBERS))), 0n)
    for (const cuts of [[1000, 1001], [35_000], [7, 69_999]]) {
      const ends = [0, ...cuts, labels.length]
      const added = whole.map(() => 0)
      for (let part = 0; part + 1 < ends.length; part++) {
        sumsOf(ends[part]!, ends[part + 1]!).forEach((value, i) => { added[i]! += value })
      }
      assert.equal(total(added), total(whole))
      assert.deepEqual(riskSums(added), riskSums(whole))
    }
    const plain = scores.reduce((sum, score) => sum + hazardOf(score, origin), 0)
    assert.ok(Math.abs(riskSums(whole)[0]! - plain) < 1e-12 * plain)
  })

  it('are asked for in several tallies where there are many events', () => {
    const nEvents = 2 * HAZARDS_PER_TALLY + 5
    const labels = Float64Array.from({ length: nEvents }, (_, i) => i + 1)
    const { risks } = bind(labels, new Float64Array(nEvents))
    // 1 / n + 1 / (n - 1) + ...
    let rate = 0
    risks.rates.forEach((value, i) => {
      rate += 1 / (nEvents - i)
      assert.ok(Math.abs(value - rate) < 1e-12 * rate)
    })
  })

  it('relate to the next whole number above all scores', () => {
    for (const score of [0, 0.3, -0.3, 7, -7.5, 1e6, -1e6, 700.25, -1e9]) {
      const origin = originOf(scoreKey(score))
      assert.ok(Number.isInteger(origin) && origin - score < 1 + 1e-6 && score - origin < 1e-6)
    }
    assert.ok(scoreKey(-1e90) > 0 && scoreKey(-1) < scoreKey(-0.5) && scoreKey(1e90) < Infinity)
  })
})

describe('mergeEventTimes', () => {
  it('gives the times of all rows, in any order', () => {
    const { labels } = makeRows(500, 1, 8, 60)
    const whole = eventTimesOf(labels)
    const parts = [labels.subarray(0, 10), labels.subarray(10, 300), labels.subarray(300),
      new Float64Array(0)].map(eventTimesOf)
    assert.deepEqual(mergeEventTimes(parts), whole)
    assert.deepEqual(mergeEventTimes(parts.reverse()), whole)
    assert.equal(whole.counts.reduce((sum, n) => sum + n), labels.filter((y) => y > 0).length)
    assert.throws(() => riskTables(whole, new Float64Array(whole.times.length * 4), 0))
  })
})

const base: DataRecipe = {
  seed: 8, nRows: 2600, features: mixedFeatures, label: 'regression', weights: 'any',
}
const small = {
  objective: 'cox', numIterations: 3, numLeaves: 7, minDataPerGroup: 10, learningRate: 0.3,
  isProvideTrainingMetric: true, metric: ['cox_nloglik', 'c_index'],
}

/** Times that fall with the labels of a regression; some tied, a third censored. */
function withTimes(data: BinnedDataset, places: number): BinnedDataset {
  const random = new TestRandom(4)
  const label = data.label!.map((y) => {
    const time = Math.ceil(exp(-y) * places) / places
    return random.uniform() < 0.67 ? time : -time
  })
  return { ...data, label }
}

async function modelOf(params: object, train: BinnedDataset) {
  const options = { params: { ...small, ...params }, train }
  return (await trainWatched(options, new InlineExecutor())).model
}

describe('objective cox', () => {
  const data = withTimes(makeDataset(base).data, 50)

  for (const [name, params] of [
    ['gbdt', { baggingFraction: 0.7, baggingFreq: 1 }],
    ['goss', { dataSampleStrategy: 'goss', learningRate: 0.5, numIterations: 4 }],
    ['dart', { boosting: 'dart', dropRate: 0.6, skipDrop: 0 }],
    ['rf', { boosting: 'rf', learningRate: 0.1, baggingFraction: 0.6, baggingFreq: 1 }],
  ] as const) {
    it(`gives the same SHA-256 on any threads, however cut: ${name}`, async () => {
      const digestOf = async (threads: number, blocks: readonly number[]): Promise<string> => {
        const { model } = await trainWatched({
          params: { ...small, ...params }, train: recut(data, blocks),
          evalSets: [{ name: 'valid', data: selectRows(data, new Uint8Array(325).fill(0x55)) }],
        }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
        assert.ok(model.trees.every((tree) => tree.leafValue.length > 1))
        const [loss, index] = model.evaluation
        assert.ok(loss!.values.at(-1)! < 8 && index!.values.at(-1)! > 0.7, JSON.stringify(loss))
        return digest(model)
      }
      const expected = await digestOf(0, [])
      assert.equal(await digestOf(2, [2047, 2, 2049, 1]), expected)
      if (name !== 'gbdt') return
      assert.equal(await digestOf(3, Array.from({ length: 24 }, () => 100)), expected)
    })
  }

  it('predicts hazards as XGBoost does', async () => {
    const { X, labels, losses, predictions } = golden.training
    const mapper = wholeNumberMapper(25, 'none')
    const train: BinnedDataset = {
      nRows: X.length, weight: null, initScore: null, classes: null, groupSizes: null,
      label: Float64Array.from(labels),
      features: ['a', 'b', 'c'].map((name) => ({ name, mapper, categories: null })),
      blocks: [{
        firstRow: 0, nRows: X.length, bins: Uint8Array.from(X.flat(), (value) => value + 12),
      }],
    }
    const model = await modelOf({
      numIterations: 10, numLeaves: 6, learningRate: 0.3, lambdaL2: 1, minDataInLeaf: 1,
      minSumHessianInLeaf: 0,
    }, train)
    const own = createPredictor(model).predictProbabilities(X.map((row) => [...row]))
    own.forEach((value, row) => {
      assert.ok(Math.abs(value / predictions[row]! - 1) < 1e-4, `${value} ${predictions[row]}`)
    })
    model.evaluation[0]!.values.forEach((value, i) => {
      assert.ok(Math.abs(value - losses[i]!) < 1e-5)
    })
  })

  it('is refused where labels say nothing, and by what does not fit', async () => {
    const rows = (label: (y: number) => number): BinnedDataset =>
      ({ ...data, label: data.label!.map(label) })
    for (const [params, train, message] of [
      [{}, rows((y) => y > 0 ? y : 0), /label of row \d+ is 0; .*needs a time above 0 for an/],
      [{}, rows((y) => -Math.abs(y)), /no label is above 0: all rows are censored/],
      [{}, rows(() => NaN), /finite/],
      [{ metric: 'l2' }, data, /metric "l2" is not defined for objective "cox".*cox_nloglik/],
      [{}, { ...data, weight: data.label!.map(() => 0) }, /weights of all rows are 0/],
    ] as const) await assert.rejects(modelOf(params, train), message)
  })

  it('is not evaluated on rows that are all censored', async () => {
    const seen = { ...data, label: data.label!.map((time) => -Math.abs(time)) }
    const evaluated = (set: BinnedDataset, metric: readonly string[], threads: number) =>
      trainWatched({
        params: { ...small, metric, earlyStoppingRound: metric.includes('none') ? 0 : 1 },
        train: data, evalSets: [{ name: 'some', data }, { name: 'valid', data: set }],
      }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
    for (const threads of [0, 2]) {
      await assert.rejects(evaluated(seen, ['cox_nloglik'], threads), /^CoppiceError: cox_nloglik /)
      await assert.rejects(evaluated(seen, ['c_index', 'cox_nloglik'], threads),
        /c_index, cox_nloglik cannot be .* evaluation set "valid": .* all rows are censored/)
    }
    assert.ok((await evaluated(seen, ['none'], 0)).model.trees.length > 0)
    const label = seen.label.with(7, -seen.label[7]!)
    const { model } = await evaluated({ ...seen, label }, ['cox_nloglik'], 0)
    assert.ok(model.evaluation.at(-1)!.values.every((loss) => loss > 0))
  })
})
