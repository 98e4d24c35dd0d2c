/** Regularisation of leaf outputs. */
export interface OutputParams {
  readonly lambdaL1: number
  readonly lambdaL2: number
  readonly maxDeltaStep: number
}

/**
 * The raw score that minimises the second-order loss of a leaf: -T(G) / (H + l2), T the soft
 * threshold by lambda_l1, clamped to max_delta_step (Chen and Guestrin 2016, eq. 5; LightGBM's
 * CalculateSplittedLeafOutput).
 *
 * @param extraL2 - cat_l2 where the leaf comes from a sorted categorical split, else 0
 */
export function leafOutput(
  gradient: number, hessian: number, params: OutputParams, extraL2: number,
): number {
  const denominator = hessian + params.lambdaL2 + extraL2
  if (denominator <= 0) return 0
  const magnitude = Math.max(Math.abs(gradient) - params.lambdaL1, 0)
  const output = (gradient < 0 ? magnitude : -magnitude) / denominator
  if (params.maxDeltaStep <= 0) return output
  return Math.max(-params.maxDeltaStep, Math.min(params.maxDeltaStep, output))
}
