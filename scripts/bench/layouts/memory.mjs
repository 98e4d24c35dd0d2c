/** A WebAssembly memory that grows as buffers are taken, and the rows of the benchmark in it. */
const pageBytes = 65_536
/** Bins below this one go left: a third, since leaf-wise trees are uneven. */
const cutBin = 85
const nBins = 255

export class BenchMemory {
  memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536 })
  /** Buffers that several candidates share. */
  kept = {}
  #end = pageBytes

  /** Bytes on a page boundary of the processor. @returns {number} the address */
  take(nBytes) {
    const at = this.#end
    this.#end += Math.ceil(nBytes / 4096) * 4096
    const missing = Math.ceil(this.#end / pageBytes) - this.memory.buffer.byteLength / pageBytes
    if (missing > 0) this.memory.grow(missing)
    return at
  }

  /** A fresh view: growing the memory ends older ones. */
  bytes() {
    return new Uint8Array(this.memory.buffer)
  }

  fillTable(table) {
    this.bytes().fill(1, table, table + cutBin)
  }

  /** Random bins, column-major, and gradient pairs of 23 and 24 bits, in row order. */
  fillRows({ nRows, nFeatures, pairs, columns }, random) {
    const bytes = this.bytes()
    for (let at = columns; at < columns + nRows * nFeatures; at++) {
      bytes[at] = (random.next() >>> 8) % nBins
    }
    const words = new Int32Array(this.memory.buffer)
    for (let row = 0; row < nRows; row++) {
      words[(pairs >> 2) + 2 * row] = (random.next() >>> 8) - (1 << 23)
      words[(pairs >> 2) + 2 * row + 1] = random.next() >>> 8
    }
  }

  /** Records: bins, then [gradient, hessian, row id], the row id alone, or 16 bits each. */
  fillRecords(base, stride, { nRows, nFeatures, pairs, columns }, form) {
    const bytes = this.bytes()
    const words = new Int32Array(this.memory.buffer)
    for (let row = 0; row < nRows; row++) {
      const at = base + row * stride
      for (let f = 0; f < nFeatures; f++) bytes[at + f] = bytes[columns + f * nRows + row]
      const tail = (at + nFeatures) >> 2
      const gradient = words[(pairs >> 2) + 2 * row]
      const hessian = words[(pairs >> 2) + 2 * row + 1]
      if (form === 'row id') {
        words[tail] = row
      } else if (form === 'packed') {
        words[tail] = ((gradient >> 8) << 16) | (hessian >>> 8)
      } else {
        words[tail] = gradient
        words[tail + 1] = hessian
        words[tail + 2] = row
      }
    }
  }

  /** 0, 1, ... nRows - 1 as u32. */
  fillIds(base, nRows) {
    const ids = new Uint32Array(this.memory.buffer, base, nRows)
    for (let row = 0; row < nRows; row++) ids[row] = row
  }
}
