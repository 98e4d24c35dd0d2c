import type { Kernels } from '../../src/kernels/api.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import {
  SPECIALISED_FEATURES_MAX, specialiseHistogram, type HistogramPass,
} from '../../src/kernels/specialised-histogram.js'
import { histogramContract } from './sum-contract.js'

/** Kernels whose histogram is written for each shape of record at run time. */
function specialised(memory: WebAssembly.Memory): Kernels {
  const passes = new Map<string, HistogramPass>()
  return {
    ...instantiateKernels(memory),
    histogram: (hist, rec, n, stride, nFeatures, gradientOffset) => {
      const key = `${stride} ${nFeatures} ${gradientOffset}`
      const pass = passes.get(key) ??
        specialiseHistogram(memory, { nFeatures, stride, gradientOffset })
      passes.set(key, pass)
      pass(hist, rec, n)
    },
  }
}

describe('specialiseHistogram', () => {
  histogramContract(specialised, [100, 127, 128, 200, SPECIALISED_FEATURES_MAX])
})
