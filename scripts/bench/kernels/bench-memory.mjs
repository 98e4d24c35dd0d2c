/** The kernels of one package over a memory that grows as works reserve their parts of it. */
import { inRoot } from '../../lib/paths.mjs'
import { BenchRandom } from '../random.mjs'

const pageBytes = 65_536
const pagesMax = 65_536
/** Of vectors and cache lines. */
const alignment = 64

/** Where each package's kernels are, as its own code loads them. */
const sources = {
  model: 'packages/model/dist/src/predict/wasm-binary.js',
  engine: 'packages/engine/dist/src/kernels/wasm-binary.js',
  data: 'packages/data/dist/src/formats/wasm-binary.js',
  cluster: 'packages/cluster/dist/src/wire/wasm-binary.js',
}
export const kernelPackages = Object.keys(sources)

/** @returns {Promise<WebAssembly.Module>} */
export async function kernelsOf(name) {
  const { kernelsBase64 } = await import(inRoot(sources[name]))
  return new WebAssembly.Module(Buffer.from(kernelsBase64, 'base64'))
}

export class BenchMemory {
  /** Of all works alike: the same bytes in every run. */
  random = new BenchRandom(12_345)
  /** The first page is left to the module's own constants. */
  #memory = new WebAssembly.Memory({ initial: 1, maximum: pagesMax })
  #end = pageBytes

  /** @param {WebAssembly.Module} module - imports its memory */
  constructor(module) {
    this.kernels = new WebAssembly.Instance(module, { env: { memory: this.#memory } }).exports
  }

  /** Offset of so many bytes of zeros, a multiple of 64. */
  reserve(nBytes) {
    const at = this.#end
    this.#end += Math.ceil(nBytes / alignment) * alignment
    const missing = this.#end + alignment - this.#memory.buffer.byteLength
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes))
    return at
  }

  /** Views are of no use after the next `reserve`. */
  bytes(at, n) {
    return new Uint8Array(this.#memory.buffer, at, n)
  }

  ints(at, n) {
    return new Int32Array(this.#memory.buffer, at, n)
  }

  words(at, n) {
    return new Uint32Array(this.#memory.buffer, at, n)
  }

  doubles(at, n) {
    return new Float64Array(this.#memory.buffer, at, n)
  }

  longs(at, n) {
    return new BigInt64Array(this.#memory.buffer, at, n)
  }

  /** Reserves room for `values`, a typed array, and puts them there. */
  put(values) {
    const at = this.reserve(values.byteLength)
    this.bytes(at, values.byteLength)
      .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    return at
  }

  /** Reserves n doubles, each f(i). */
  putDoubles(n, f) {
    return this.put(Float64Array.from({ length: n }, (_, i) => f(i)))
  }
}
