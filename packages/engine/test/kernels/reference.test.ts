import { referenceKernels } from '../../src/kernels/reference.js'
import { kernelContract } from './contract.js'

kernelContract('naive twins', referenceKernels)
