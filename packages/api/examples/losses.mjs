/**
 * Losses and metrics of one's own, as CUSTOM.md explains them: an ES module that imports nothing.
 */

/** Squared error in which predictions that are too low cost three times as much. */
export const lopsided = {
  name: 'lopsided',
  baseScore: 'mean',
  gradients({ nRows, labels, weights, scores }, gradients, hessians) {
    for (let i = 0; i < nRows; i++) {
      const error = scores[i] - labels[i]
      const factor = (error < 0 ? 3 : 1) * (weights === null ? 1 : weights[i])
      gradients[i] = factor * error
      hessians[i] = factor
    }
  },
}

/** What `lopsided` makes small, as a metric. */
export const lopsidedError = {
  name: 'lopsided_error',
  transform: 'sqrt',
  losses({ nRows, labels, predictions }, losses) {
    for (let i = 0; i < nRows; i++) {
      const error = predictions[i] - labels[i]
      losses[i] = (error < 0 ? 3 : 1) * error * error
    }
  },
}

/** Log-loss of two classes in which rows that are right already count less: focal, with 2. */
export const focal = {
  name: 'focal',
  numClass: 2,
  gradients({ nRows, labels, weights, scores, math }, gradients, hessians) {
    for (let i = 0; i < nRows; i++) {
      const sign = labels[i] === 1 ? 1 : -1
      const p = math.sigmoid(sign * scores[i])
      const q = 1 - p
      const weight = weights === null ? 1 : weights[i]
      const logP = math.log(Math.max(p, 1e-300))
      gradients[i] = weight * sign * q * q * (2 * p * logP - q)
      // the second derivative is negative where a row is very wrong
      const second = p * q * q * (5 * q + 2 * q * logP - 4 * p * logP)
      hessians[i] = weight * Math.max(second, 1e-6)
    }
  },
}
