import { CoppiceError } from '../errors.js'
import type { Kernels } from './api.js'
import { kernelsBase64 } from './wasm-binary.js'

let compiled: WebAssembly.Module | null = null

/**
 * The kernels' module, compiled once per thread.
 * @throws CoppiceError 'INTERNAL' where WebAssembly with SIMD is missing
 */
export function kernelModule(): WebAssembly.Module {
  if (compiled === null) {
    const text = atob(kernelsBase64)
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
    try {
      compiled = new WebAssembly.Module(bytes)
    } catch (cause) {
      throw new CoppiceError(
        'INTERNAL', 'this JavaScript engine cannot run WebAssembly SIMD; Node 20.19 or a browser ' +
        'of 2021 or later is needed', { cause })
    }
  }
  return compiled
}

const instances = new WeakMap<WebAssembly.Memory, Kernels>()

/** Kernels over a memory of the caller's, the same ones whenever it is the same. */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  const known = instances.get(memory)
  if (known !== undefined) return known
  const instance = new WebAssembly.Instance(kernelModule(), { env: { memory } })
  const kernels = instance.exports as unknown as Kernels
  instances.set(memory, kernels)
  return kernels
}
