import { bool, int } from './parameter.js'
import type { ParameterValues } from './table.js'

/** Levels that gradients have here: 2^FIXED_POINT_BITS of the kernels. */
const LEVELS = 1_073_741_824
const DEFAULT_BINS = 4

const affectsModel = false

/**
 * LightGBM's coarse gradients. Gradients are integers of 30 bits here, always: what LightGBM buys
 * with few levels (sums that no order changes, narrow traffic) is there with many, and the trees are
 * those of full gradients. So the parameters are taken at their word, and change nothing.
 */
export const quantizedParameters = {
  use_quantized_grad: bool(
    'control',
    false,
    'Gradients as integers. They are integers of 30 bits here either way, finer than any ' +
      '`num_grad_quant_bins`, with exact sums: this changes nothing, and costs no accuracy.',
    { affectsModel },
  ),
  num_grad_quant_bins: int(
    'control',
    DEFAULT_BINS,
    'Levels that gradients have at least, with `use_quantized_grad`: 2^30 here.',
    { affectsModel, min: 2, max: LEVELS },
  ),
  quant_train_renew_leaf: bool(
    'control',
    false,
    'Leaf values from full gradients, with `use_quantized_grad`: always here.',
    { affectsModel },
  ),
  stochastic_rounding: bool(
    'control',
    true,
    'Rounding of coarse gradients at random, with `use_quantized_grad`. With 30 bits the nearest ' +
      'integer does as well, and no draw is needed.',
    { affectsModel },
  ),
}

/** A companion that LightGBM does not read, since gradients are not to be coarse. */
export function quantizedContradiction(values: ParameterValues): string | null {
  const { useQuantizedGrad, numGradQuantBins, quantTrainRenewLeaf, stochasticRounding } = values
  if (useQuantizedGrad) return null
  const lost = numGradQuantBins !== DEFAULT_BINS ? `num_grad_quant_bins = ${numGradQuantBins}`
    : quantTrainRenewLeaf ? 'quant_train_renew_leaf = true'
    : !stochasticRounding ? 'stochastic_rounding = false' : null
  return lost === null ? null : `${lost} contradicts use_quantized_grad = false, without which ` +
    'nothing reads it; set use_quantized_grad = true, or leave it out'
}
