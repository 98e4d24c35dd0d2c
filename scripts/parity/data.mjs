/**
 * Data made for the comparison of quality: what is learnt is additive or conditional, as in
 * scripts/bench/made-data.mjs, so that no library depends on luck. Labels, weights and init scores
 * are float32 values, because that is what LightGBM keeps of them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { exp, log, sigmoid } from '@coppice/model'
import { writeData } from '../bench/data-files.mjs'
import { BenchRandom } from '../bench/random.mjs'

/** Features 0 to 9 are numbers; where there are categories they are features 10 and 11. */
const nNumeric = 10
/** Categories of each categorical feature: one for one-vs-rest, one for sorted subsets. */
const categoryCounts = [4, 60]

/**
 * What a row is about, variance about 2. It is a function of the whole row, so values that go
 * missing afterwards are lost to all libraries alike.
 */
function signalOf(x, at) {
  const wave = x[at] / 2 - Math.floor(x[at] / 2)
  let s = wave < 0.5 ? 4 * wave - 1 : 3 - 4 * wave
  s += 0.4 * (x[at + 1] * x[at + 1] - 1) + (x[at + 2] > 0 ? x[at + 3] : 0.2 * x[at + 3])
  s += x[at + 4] > 0.5 ? 0.8 : x[at + 5] > 0 ? 0.4 : -0.4
  return s + 0.4 * x[at + 6] + (x[at + 7] > 1 ? 1 : 0)
}

/** A sum of n standard exponential numbers: gamma-distributed with shape n. */
function gammaOf(random, n) {
  let product = 1
  for (let i = 0; i < n; i++) product *= 1 - random.uniform()
  return -log(product)
}

/** Counts of events at a rate (Knuth); rates here are small. */
function poissonOf(random, rate) {
  const limit = exp(-rate)
  let n = 0
  for (let product = random.uniform(); product > limit; product *= random.uniform()) n++
  return n
}

/** The labels there are, of a signal. */
const labels = {
  binary: (s, random) => (random.uniform() < sigmoid(1.2 * s) ? 1 : 0),
  rare: (s, random) => (random.uniform() < sigmoid(1.5 * s - 6) ? 1 : 0),
  number: (s, random) => s + random.normal(),
  /** One in fifty is far off. */
  outliers: (s, random) =>
    s + random.normal() * (random.uniform() < 0.02 ? 25 : 1),
  /** Of widely different sizes, never near 0. */
  price: (s, random) => 1 + exp(0.7 * s + 0.4 * random.normal()),
  skewed: (s, random) => Math.sign(s) * (s + 0.3 * random.normal()) ** 2,
  count: (s, random) => poissonOf(random, exp(0.5 * s)),
  amount: (s, random) => 0.01 + exp(0.5 * s) * gammaOf(random, 2) / 2,
  /** Claims: mostly 0, else a sum of amounts. */
  claims: (s, random) => {
    const n = poissonOf(random, exp(0.4 * s - 0.5))
    return n === 0 ? 0 : exp(0.3 * s) * gammaOf(random, 2 * n) / 2
  },
  share: (s, random) => sigmoid(s + random.normal()),
  /** Four ordered grades with thresholds between them. */
  grade: (s, random) => {
    const noisy = s + random.normal()
    return noisy < -1 ? 0 : noisy < 0 ? 1 : noisy < 1.5 ? 2 : 3
  },
  /** Relevance 0 to 4, most of it 0. */
  relevance: (s, random) =>
    Math.min(4, Math.max(0, Math.floor(0.8 * (s + random.normal())))),
}

/**
 * @typedef {object} Recipe
 * @property {keyof typeof labels} label
 * @property {boolean} [hasCategories] - two of the features are, with effects of their own
 * @property {number} [missing] - share of the values of features 0 to 4 that are NaN; feature 2
 *   is missing more often where it is large
 * @property {boolean} [isWeighted] - weights from 0.1 to 10, log-uniform
 * @property {boolean} [hasInitScores] - half of the effect of feature 3 is known beforehand
 * @property {boolean} [hasGroups] - queries of 5 to 40 rows, each with a level of its own
 */

/**
 * Makes training and held-out rows.
 *
 * @param {Recipe} recipe
 * @param {{ nTrain: number, nTest: number, seed: number }} size - with groups, about so many rows
 * @returns {import('../bench/data-files.mjs').BenchData} with `initScore` (Float64Array or null)
 *   and `groupSizes` (Int32Array or null) in each part
 */
export function makeParityData(recipe, { nTrain, nTest, seed }) {
  const random = new BenchRandom(seed * 7919)
  const effects = categoryCounts.map((n) => Float64Array.from({ length: n }, () => random.normal()))
  const nFeatures = nNumeric + (recipe.hasCategories ? categoryCounts.length : 0)
  const make = (nRows) => makePart(recipe, nRows, nFeatures, effects, random)
  const isClass = recipe.label === 'grade'
  return {
    objective: 'regression',
    nClasses: isClass ? 4 : 1,
    nFeatures,
    categorical: recipe.hasCategories ? [nNumeric, nNumeric + 1] : [],
    train: make(nTrain),
    test: make(nTest),
  }
}

function makePart(recipe, nWanted, nFeatures, effects, random) {
  const groupSizes = recipe.hasGroups ? drawGroups(nWanted, random) : null
  const nRows = groupSizes === null ? nWanted : groupSizes.reduce((sum, n) => sum + n, 0)
  const levels = groupSizes === null ? null : levelsOf(groupSizes, random)
  const part = {
    nRows, ones: null, groupSizes,
    x: new Float32Array(nRows * nFeatures),
    y: new Float64Array(nRows),
    weight: recipe.isWeighted ? new Float64Array(nRows) : null,
    initScore: recipe.hasInitScores ? new Float64Array(nRows) : null,
  }
  for (let row = 0, at = 0; row < nRows; row++, at += nFeatures) {
    fillFeatures(part.x, at, recipe, random)
    let signal = signalOf(part.x, at) + (levels === null ? 0 : levels[row])
    if (recipe.hasCategories) {
      effects.forEach((effect, i) => { signal += 0.7 * effect[part.x[at + nNumeric + i]] })
    }
    part.y[row] = Math.fround(labels[recipe.label](signal, random))
    if (part.weight !== null) {
      part.weight[row] = Math.fround(exp(4.605 * random.uniform() - 2.3026))
    }
    if (part.initScore !== null) part.initScore[row] = Math.fround(0.3 * part.x[at + 3])
    if (recipe.missing !== undefined) loseValues(part.x, at, recipe.missing, random)
  }
  return part
}

function drawGroups(nRows, random) {
  const sizes = []
  for (let left = nRows; left > 0; left -= sizes.at(-1)) {
    sizes.push(5 + Math.floor(36 * random.uniform()))
  }
  return Int32Array.from(sizes)
}

function levelsOf(sizes, random) {
  return [...sizes].flatMap((size) => Array(size).fill(0.7 * random.normal()))
}

function fillFeatures(x, at, { hasCategories }, random) {
  for (let f = 0; f < nNumeric; f++) {
    const value = random.normal()
    // features 6 and 7 have few values, so that bins are crowded
    x[at + f] = f === 6 || f === 7 ? Math.round(value * 3) : value
  }
  if (!hasCategories) return
  categoryCounts.forEach((n, i) => {
    // a square: the first categories are frequent, the last rare
    x[at + nNumeric + i] = Math.floor(n * random.uniform() * random.uniform())
  })
}

function loseValues(x, at, share, random) {
  for (let f = 0; f < 5; f++) {
    const isLost = random.uniform() < (f === 2 && x[at + f] > 0.7 ? 3 * share : share)
    if (isLost) x[at + f] = NaN
  }
}

/** Writes the data set for programs that read files: as `writeData`, and what it does not have. */
export function writeParityData(dir, data) {
  mkdirSync(dir, { recursive: true })
  writeData(dir, data)
  for (const name of ['train', 'test']) {
    const { initScore, groupSizes } = data[name]
    if (initScore !== null) writeFileSync(path.join(dir, `${name}-init.f64`), initScore)
    if (groupSizes !== null) writeFileSync(path.join(dir, `${name}-group.i32`), groupSizes)
  }
}
