import type { Kernels } from '../../src/kernels/api.js'
import { gradientContract } from './gradient-contract.js'
import { momentContract } from './moment-contract.js'
import { rankingContract } from './ranking-contract.js'
import { recordContract } from './record-contract.js'
import { sampleContract } from './sample-contract.js'
import { scanContract } from './scan-contract.js'
import { scanFlagsContract } from './scan-flags-contract.js'
import { sumContract } from './sum-contract.js'
import { searchContract } from './search-contract.js'
import { valueContract } from './value-contract.js'

/** What kernels do, exactly: the one suite that the WebAssembly module and its twins pass. */
export function kernelContract(
  name: string, make: (memory: WebAssembly.Memory) => Kernels,
): void {
  describe(`kernels: ${name}`, () => {
    sumContract(make)
    recordContract(make)
    gradientContract(make)
    rankingContract(make)
    sampleContract(make)
    scanContract(make)
    scanFlagsContract(make)
    valueContract(make)
    searchContract(make)
    momentContract(make)
  })
}
