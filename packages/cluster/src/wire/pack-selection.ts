import type { SelectPart, SelectRequest } from '@coppice/engine'
import { isSelectingRows, SELECT_ENTRY } from '@coppice/engine'
import { ProtocolError } from '../protocol/error.js'
import { referenceChecksum } from './sum-checksum.js'

/**
 * A store's answer to a select request as bytes: a checksum (8 bytes), then for each group its
 * number of entries and the entries' numbers. Whole numbers are written seven bits at a time, the
 * lowest first, buckets as the distance from the one before; residuals of rows are doubles.
 */
const CHECKSUM_BYTES = 8
/** Of a whole number below 2^53. */
const WHOLE_BYTES_MAX = 8

/** @param part - one part for all of the store's rows, see `joinSelected` of the engine */
export function packSelection({ groups }: SelectRequest, part: SelectPart): Uint8Array {
  const writer = new Writer(CHECKSUM_BYTES + part.length * WHOLE_BYTES_MAX)
  let at = 0
  for (const group of groups) {
    const n = part[at++]!
    writer.whole(n)
    let before = -1
    for (let i = 0; i < n; i++, at += SELECT_ENTRY) {
      if (isSelectingRows(group)) writer.double(part[at]!)
      else writer.whole(part[at]! - before - 1)
      before = part[at]!
      writer.whole(part[at + 1]!)
      writer.whole(part[at + 2]!)
    }
  }
  return writer.finish()
}

/**
 * Reads what `packSelection` wrote. Whether the numbers can be is not looked at, see
 * `selectPartFault` of the engine.
 *
 * @throws ProtocolError for other bytes; no memory is taken for what is not there
 */
export function unpackSelection({ groups }: SelectRequest, bytes: Uint8Array): SelectPart {
  const reader = new Reader(bytes)
  const numbers: number[] = []
  for (const group of groups) {
    const n = reader.whole()
    // each entry has three numbers of a byte or more
    if (n * SELECT_ENTRY > reader.left) throw damaged(`${n} entries are announced`)
    numbers.push(n)
    let before = -1
    for (let i = 0; i < n; i++) {
      const place = isSelectingRows(group) ? reader.double() : before + 1 + reader.whole()
      before = place
      numbers.push(place, reader.whole(), reader.whole())
    }
  }
  if (reader.left > 0) throw damaged(`${reader.left} bytes are left over`)
  return Float64Array.from(numbers)
}

class Writer {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = CHECKSUM_BYTES

  constructor(nBytesMax: number) {
    this.#bytes = new Uint8Array(nBytesMax)
    this.#view = new DataView(this.#bytes.buffer)
  }

  whole(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = rest % 128 + 128
    this.#bytes[this.#at++] = rest
  }

  double(value: number): void {
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  finish(): Uint8Array {
    this.#view.setBigUint64(0, referenceChecksum(this.#bytes.subarray(CHECKSUM_BYTES, this.#at)), true)
    return this.#bytes.slice(0, this.#at)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = CHECKSUM_BYTES

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length < CHECKSUM_BYTES) throw damaged(`${bytes.length} bytes`)
    const sum = referenceChecksum(bytes.subarray(CHECKSUM_BYTES))
    if (this.#view.getBigUint64(0, true) !== sum) throw damaged('the checksum is wrong')
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  whole(): number {
    let value = 0
    let unit = 1
    for (let i = 0; i < WHOLE_BYTES_MAX; i++, unit *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw damaged('it ends too early')
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
    throw damaged('a number has no end')
  }

  double(): number {
    if (this.left < 8) throw damaged('it ends too early')
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }
}

function damaged(what: string): ProtocolError {
  return new ProtocolError('damaged', `a packed selection: ${what}`)
}
