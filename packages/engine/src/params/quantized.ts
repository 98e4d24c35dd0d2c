import { bool, int } from './parameter.js'

/** Levels that gradients have here: 2^FIXED_POINT_BITS of the kernels. */
const LEVELS = 1_073_741_824
/** Those that LightGBM's have by default. */
export const QUANT_BINS = 4

const affectsModel = false

/**
 * LightGBM's coarse gradients. Gradients are integers of 30 bits here, always: what LightGBM buys
 * with few levels (sums that no order changes, narrow traffic) is there with many, and the trees
 * are those of full gradients. So the parameters are taken at their word, and change nothing.
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
    QUANT_BINS,
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
