/** Loads the kernels that read files. */

import { CoppiceError } from '@coppice/model'
import type { CsvKernels } from './csv-kernels.js'
import type { PageKernels } from './page-kernels.js'
import type { StoredKernels } from './stored-kernels.js'
import { kernelsBase64 } from './wasm-binary.js'

export interface DecodingKernels extends CsvKernels, PageKernels, StoredKernels {}

let compiled: WebAssembly.Module | null = null

/**
 * The kernels over a memory of the caller's.
 *
 * @throws CoppiceError 'INTERNAL' where WebAssembly with SIMD is missing
 */
export function loadDecodingKernels(memory: WebAssembly.Memory): DecodingKernels {
  try {
    compiled ??= new WebAssembly.Module(
      Uint8Array.from(atob(kernelsBase64), (char) => char.charCodeAt(0)))
    const instance = new WebAssembly.Instance(compiled, { env: { memory } })
    return instance.exports as unknown as DecodingKernels
  } catch (cause) {
    throw new CoppiceError(
      'INTERNAL',
      'this JavaScript engine cannot run WebAssembly SIMD; Node 20.19 or a browser of 2021 or ' +
        'later is needed',
      { cause },
    )
  }
}
