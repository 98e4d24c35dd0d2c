import { assert, CoppiceError } from '../errors.js'

/** Writes numbers one after the other, little-endian. */
export class Writer {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Room for what follows. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.at)
  }

  int(value: number): void {
    this.#view.setInt32(this.at, value, true)
    this.at += 4
  }

  double(value: number): void {
    this.#view.setFloat64(this.at, value, true)
    this.at += 8
  }

  long(value: bigint): void {
    this.#view.setBigInt64(this.at, value, true)
    this.at += 8
  }

  bytes(value: Uint8Array | null): void {
    this.int(value === null ? -1 : value.length)
    if (value === null) return
    this.#bytes.set(value, this.at)
    this.at += value.length
  }

  ints(values: readonly number[] | null): void {
    this.int(values === null ? -1 : values.length)
    for (const value of values ?? []) this.int(value)
  }
}

/** Reads what Writer wrote, in the same order. */
export class Reader {
  #at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  int(): number {
    this.#at += 4
    return this.#view.getInt32(this.#at - 4, true)
  }

  double(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  long(): bigint {
    this.#at += 8
    return this.#view.getBigInt64(this.#at - 8, true)
  }

  bytes(): Uint8Array | null {
    const n = this.int()
    if (n < 0) return null
    this.#require(n)
    this.#at += n
    return this.#bytes.slice(this.#at - n, this.#at)
  }

  someBytes(): Uint8Array {
    const bytes = this.bytes()
    assert(bytes !== null, 'bytes are present')
    return bytes
  }

  ints(): number[] | null {
    const n = this.int()
    return n < 0 ? null : this.list(n, 4, () => this.int())
  }

  doubles(n: number): Float64Array {
    this.#require(n * 8)
    const values = new Float64Array(n)
    for (let i = 0; i < n; i++) values[i] = this.double()
    return values
  }

  /** @param itemBytes - that each of them takes, at least */
  list<T>(n: number, itemBytes: number, read: () => T): T[] {
    this.#require(n * itemBytes)
    const items: T[] = []
    for (let i = 0; i < n; i++) items.push(read())
    return items
  }

  /** What a length promises is there: no memory is taken for more. */
  #require(nBytes: number): void {
    if (nBytes >= 0 && nBytes <= this.#bytes.length - this.#at) return
    throw new CoppiceError('INTERNAL', 'internal error: a request ends too early')
  }
}
