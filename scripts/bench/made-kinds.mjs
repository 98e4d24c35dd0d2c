/** Data made for the cases that are not rows of numbers with a number or two classes to learn. */
import { exp, sigmoid } from '@coppice/model'
import { BenchRandom } from './random.mjs'

/**
 * Rows around a centre of their class, in every feature; classes overlap. Feature f of a row of
 * class k is the centre of (k, f), from a standard normal distribution, plus noise of 1.5 times
 * its deviation.
 *
 * @returns {import('./data-files.mjs').BenchData}
 */
export function makeClasses({ nTrain, nTest, nFeatures, nClasses, seed }) {
  const random = new BenchRandom(seed)
  const centres = Float64Array.from({ length: nClasses * nFeatures }, () => random.normal())
  const makePart = (nRows) => {
    const x = new Float32Array(nRows * nFeatures)
    const y = new Float64Array(nRows)
    for (let row = 0; row < nRows; row++) {
      // of the first rows there is one of each class: none is missing from a small part
      y[row] = row < nClasses ? row : Math.floor(random.uniform() * nClasses)
      for (let f = 0; f < nFeatures; f++) {
        x[row * nFeatures + f] = centres[y[row] * nFeatures + f] + 1.5 * random.normal()
      }
    }
    return { nRows, x, ones: null, y, weight: null }
  }
  return {
    objective: 'multiclass', nClasses, nFeatures, categorical: [],
    train: makePart(nTrain), test: makePart(nTest),
  }
}

/**
 * Categories, one-hot: of each group of `nLevels` columns a row has one 1. Level l is drawn with
 * a share that falls as e^(-l / 12), and has an effect of its own in the first half of the groups.
 *
 * @returns {import('./data-files.mjs').BenchData}
 */
export function makeOneHot({ nTrain, nTest, nGroups, nLevels, seed }) {
  const random = new BenchRandom(seed)
  const effects = Float64Array.from({ length: nGroups * nLevels }, (_, i) =>
    i < (nGroups * nLevels) / 2 ? 0.5 * random.normal() : 0)
  const cumulated = cumulatedShares(nLevels)
  const makePart = (nRows) => {
    const indices = new Int32Array(nRows * nGroups)
    const starts = Int32Array.from({ length: nRows + 1 }, (_, row) => row * nGroups)
    const y = new Float64Array(nRows)
    for (let row = 0; row < nRows; row++) {
      let signal = 0
      for (let group = 0; group < nGroups; group++) {
        const drawn = random.uniform()
        let level = 0
        while (cumulated[level] <= drawn) level++
        const column = group * nLevels + level
        indices[row * nGroups + group] = column
        signal += effects[column]
      }
      y[row] = random.uniform() < sigmoid(signal) ? 1 : 0
    }
    return { nRows, x: null, ones: { indices, starts }, y, weight: null }
  }
  return {
    objective: 'binary', nClasses: 2, nFeatures: nGroups * nLevels, categorical: [],
    train: makePart(nTrain), test: makePart(nTest),
  }
}

/** Of levels that get rarer: the share of a level and those before it; the last is 1. */
function cumulatedShares(nLevels) {
  const shares = Float64Array.from({ length: nLevels }, (_, level) => exp(-level / 12))
  const sum = shares.reduce((total, share) => total + share, 0)
  let before = 0
  return shares.map((share, level) => {
    before += share / sum
    return level === nLevels - 1 ? 1 : before
  })
}
