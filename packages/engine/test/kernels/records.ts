import type { TestRandom } from '@coppice/testkit'

/** Made records and what is in them. */
export interface MadeRecords {
  readonly bytes: Uint8Array
  readonly stride: number
  readonly gradientOffset: number
  readonly rowIdOffset: number
  readonly rows: readonly {
    readonly bins: readonly number[], readonly gradient: number, readonly hessian: number
  }[]
}

/**
 * n records with random bins, gradients in [-2^30, 2^30], hessians in [0, 2^30] and row ids
 * 0 .. n-1, laid out as api.ts says; row padding holds noise.
 */
export function makeRecords(
  random: TestRandom, n: number, nFeatures: number, extraStride = 0,
): MadeRecords {
  const gradientOffset = nFeatures + 3 & ~3
  const rowIdOffset = gradientOffset + 8
  const stride = (rowIdOffset + 4 + 7 & ~7) + extraStride
  const bytes = Uint8Array.from({ length: n * stride }, () => random.below(256))
  const view = new DataView(bytes.buffer)
  const rows = Array.from({ length: n }, (_, i) => {
    const gradient = random.below(2 ** 31 + 1) - 2 ** 30
    const hessian = random.below(2 ** 30 + 1)
    view.setInt32(i * stride + gradientOffset, gradient, true)
    view.setUint32(i * stride + gradientOffset + 4, hessian, true)
    view.setUint32(i * stride + rowIdOffset, i, true)
    return { bins: [...bytes.subarray(i * stride, i * stride + nFeatures)], gradient, hessian }
  })
  return { bytes, stride, gradientOffset, rowIdOffset, rows }
}
