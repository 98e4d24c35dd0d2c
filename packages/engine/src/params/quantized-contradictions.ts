import { QUANT_BINS } from './quantized.js'
import type { ParameterValues } from './table.js'

/** A companion that LightGBM does not read, since gradients are not to be coarse. */
export function quantizedContradiction(values: ParameterValues): string | null {
  const { useQuantizedGrad, numGradQuantBins, quantTrainRenewLeaf, stochasticRounding } = values
  if (useQuantizedGrad) return null
  const lost = numGradQuantBins !== QUANT_BINS ? `num_grad_quant_bins = ${numGradQuantBins}`
    : quantTrainRenewLeaf ? 'quant_train_renew_leaf = true'
    : !stochasticRounding ? 'stochastic_rounding = false' : null
  return lost === null ? null : `${lost} contradicts use_quantized_grad = false, without which ` +
    'nothing reads it; set use_quantized_grad = true, or leave it out'
}
