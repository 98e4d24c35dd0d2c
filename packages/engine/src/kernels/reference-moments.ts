import type { Kernels } from './api.js'
import { nearestEven } from './fixed-point.js'

/** 1.5 * 2^52. */
const MAGIC = 6_755_399_441_055_744

/** Naive twin of the kernel for the sums of linear leaves; see `referenceKernels`. */
export function referenceMomentKernels(
  memory: WebAssembly.Memory,
): Pick<Kernels, 'linearMoments'> {
  return {
    linearMoments: (sums, rows, n, nValues, high, low) => {
      const width = nValues + 1 + (nValues + 1) % 2
      const nCells = (nValues + 2) * width
      const cells = new BigInt64Array(memory.buffer, sums, 2 * nCells)
      const [coarse, fine] = [high / MAGIC, low / MAGIC]
      const add = (cell: number, product: number): void => {
        const units = nearestEven(product / coarse)
        cells[cell]! += BigInt(units)
        cells[nCells + cell]! += BigInt(nearestEven((product - units * coarse) / fine))
      }
      for (let i = 0; i < n; i++) {
        const row = new Float64Array(memory.buffer, rows + i * (width + 2) * 8, width + 2)
        const [gradient, hessian] = row as unknown as [number, number]
        const values = row.subarray(2)
        for (let m = 0; m <= nValues; m++) {
          for (let j = m; j < width; j++) {
            add(m * width + j, hessian * values[m]! * values[j]!)
          }
        }
        for (let j = 0; j < width; j++) add((nValues + 1) * width + j, gradient * values[j]!)
      }
    },
  }
}
