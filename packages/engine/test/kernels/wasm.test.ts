import { instantiateKernels } from '../../src/kernels/load.js'
import { kernelContract } from './contract.js'

kernelContract('WebAssembly', instantiateKernels)
