/** Objectives of `pointwiseGradients`, and what their number `a` is. */
export const PointwiseKind = {
  /** Squared error of the labels' signed square roots. No number. */
  sqrt: 0,
  /** a: where the loss goes on as a straight line. */
  huber: 1,
  /** a: LightGBM's fair_c. */
  fair: 2,
  /** a: e^poisson_max_delta_step, the factor of the hessians. */
  poisson: 3,
  /** No number. */
  gamma: 4,
  /** a: the power of the variance. */
  tweedie: 5,
  /** No number. */
  crossEntropy: 6,
} as const

/** Objectives of `shapedGradients`, and what their numbers `a` and `b` are. */
export const ShapedKind = {
  /** a: the factor of errors of predictions that are too low; 1 - a of the others. */
  expectile: 0,
  /** a: where errors turn linear. */
  pseudoHuber: 1,
  /** No number. */
  logCosh: 2,
  /** a: the power of the other class's probability; b: the factor of rows of class 1. */
  focal: 3,
  /** No number. */
  hinge: 4,
} as const
