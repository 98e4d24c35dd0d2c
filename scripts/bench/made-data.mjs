/**
 * Data made for the benchmarks. All effects are additive or conditional (a slope or a level that
 * holds on one side of a cut): pure products and exclusive-ors show no gain at the first split,
 * so that chance decides which library finds them and the quality says nothing.
 * Labels and weights are float32 values, because that is what LightGBM keeps of them.
 */
import { exp, sigmoid } from '@coppice/model'
import { BenchRandom } from './random.mjs'

/** The natural logarithm of 10^6. */
const logLargestWeight = 13.815510557964274

/** Every fourth feature of the last ones is rounded: few values, many rows in a bin. */
function isCoarse(feature) {
  return feature >= 20 && feature % 4 !== 3
}

/** The signal of a row: features 0 to 9 and some coarse ones; variance about 3. */
function signalOf(x, at, nFeatures) {
  const wave = (value) => {
    const phase = value - Math.floor(value)
    return phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase
  }
  let s = wave(x[at] / 2) + 0.5 * (x[at + 1] * x[at + 1] - 1) - 0.7 * Math.abs(x[at + 2])
  s += x[at + 3] > 0 ? x[at + 4] : 0.2 * x[at + 4]
  s += x[at + 5] > 0.5 ? 0.8 : x[at + 6] > 0 ? 0.4 : -0.4
  s += 0.4 * x[at + 7] + (x[at + 8] > 1 ? 1 : 0)
  if (nFeatures > 21) s += 0.2 * x[at + 20] + (x[at + 21] > 0 ? 0.3 * x[at + 9] : 0)
  return s
}

/**
 * @param {object} recipe
 * @param {number} recipe.nTrain
 * @param {number} recipe.nTest
 * @param {number} recipe.nFeatures - at least 10
 * @param {number} recipe.seed
 * @param {'binary' | 'regression' | 'log-normal' | 'heavy-tailed'} recipe.label - 'heavy-tailed':
 *   log-normal, and of the training rows one in 20,000 is an outlier at 10^4 standard deviations
 * @param {boolean} [recipe.isWeighted] - weights from 1 to 10^6, log-uniform, for both parts
 * @returns {import('./data-files.mjs').BenchData}
 */
export function makeData({ nTrain, nTest, nFeatures, seed, label, isWeighted = false }) {
  const random = new BenchRandom(seed)
  const makePart = (nRows, hasOutliers) => {
    const x = new Float32Array(nRows * nFeatures)
    const y = new Float64Array(nRows)
    const weight = isWeighted ? new Float64Array(nRows) : null
    for (let row = 0, at = 0; row < nRows; row++, at += nFeatures) {
      for (let f = 0; f < nFeatures; f++) {
        const value = random.normal()
        x[at + f] = isCoarse(f) ? Math.round(value * 3) : value
      }
      y[row] = labelOf(label, signalOf(x, at, nFeatures), random)
      if (weight !== null) weight[row] = Math.fround(exp(logLargestWeight * random.uniform()))
    }
    if (hasOutliers) addOutliers(y, random)
    return { nRows, x, ones: null, y, weight }
  }
  return {
    objective: label === 'binary' ? 'binary' : 'regression',
    nClasses: label === 'binary' ? 2 : 1,
    nFeatures,
    categorical: [],
    train: makePart(nTrain, label === 'heavy-tailed'),
    test: makePart(nTest, false),
  }
}

function labelOf(label, signal, random) {
  if (label === 'binary') return random.uniform() < sigmoid(1.5 * signal) ? 1 : 0
  const noisy = signal + random.normal()
  return Math.fround(label === 'regression' ? noisy : exp(noisy))
}

function addOutliers(y, random) {
  let sum = 0
  let sumSquares = 0
  for (const value of y) {
    sum += value
    sumSquares += value * value
  }
  const mean = sum / y.length
  const deviation = Math.sqrt(sumSquares / y.length - mean * mean)
  const nOutliers = Math.max(1, Math.round(y.length / 20_000))
  for (let i = 0; i < nOutliers; i++) {
    y[Math.floor(random.uniform() * y.length)] = Math.fround(mean + 1e4 * deviation)
  }
}
