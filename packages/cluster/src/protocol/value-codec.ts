import { Decoder, encode, ExtData, type ExtensionCodecType } from '@msgpack/msgpack'
import { CoppiceError } from '@coppice/model'
import { ProtocolError } from './error.js'
import {
  DEPTH_MAX, KEY_BYTES_MAX, MESSAGE_BYTES_MAX, TEXT_BYTES_MAX, VALUES_MAX,
} from './limits.js'
import { checkPacked } from './packed-check.js'
import { arrayClasses, arrayTypeOf, Ext } from './packed-types.js'
import { bytesWithRoom, ROOM_BYTES, takeRoom } from './room.js'

/**
 * Plain data as MessagePack, and back to deeply equal data: null, booleans, every double (-0 and
 * NaN too), bigints, texts, typed arrays, arrays, plain objects. Members that are undefined are
 * left out, as by JSON.
 */

/** Lists of numbers from this length on are stored like typed arrays: faster, and shorter. */
const PACKED_LENGTH_MIN = 4

/**
 * Byte arrays from this length on may be views. A message that holds one is too long for what a
 * socket gives at a time, so it has memory of its own, and the view keeps no other alive.
 */
const SHARED_BYTES_MIN = 65_536

/** Whether long byte arrays are views. */
type SharesBytes = boolean

const extensions: ExtensionCodecType<SharesBytes> = {
  tryToEncode: (value) => value instanceof ExtData ? value : null,
  decode: decodeExtension,
}

const copyingDecoder = new Decoder<SharesBytes>({ extensionCodec: extensions, context: false })
const sharingDecoder = new Decoder<SharesBytes>({ extensionCodec: extensions, context: true })

/**
 * Writes a value.
 *
 * @param options - `sortsKeys`: equal values give equal bytes, whatever the order of their members
 * @throws CoppiceError 'INTERNAL' for what is no plain data, 'MEMORY' for more than a message holds
 */
export function encodeValue(
  value: unknown, { sortsKeys = false }: { readonly sortsKeys?: boolean } = {},
): Uint8Array {
  const preparation = new Preparation()
  const prepared = preparation.prepare(value, 0)
  const bytes = encode(prepared, {
    extensionCodec: extensions, context: false, ignoreUndefined: true, maxDepth: DEPTH_MAX + 2,
    sortKeys: sortsKeys, initialBufferSize: 1024 + preparation.nBytes,
  })
  if (bytes.length > MESSAGE_BYTES_MAX) throw tooLarge(`${bytes.length} bytes`, MESSAGE_BYTES_MAX)
  return bytes
}

/**
 * Writes a value that ends in bytes, as `encodeValue` does, but without copying them where there is
 * room in front of them; see room.ts.
 *
 * @param valueOf - the value with these bytes; they are its last member's last ... member
 * @throws CoppiceError as `encodeValue`
 */
export function encodeValueBefore(
  bytes: Uint8Array, valueOf: (bytes: Uint8Array) => unknown,
): Uint8Array {
  // a shorter array has another header
  const isLong = bytes.length > 0xffff && bytes.length < MESSAGE_BYTES_MAX - ROOM_BYTES
  if (!isLong) return encodeValue(valueOf(bytes))
  const head = encodeValue(valueOf(noBytes))
  const nBefore = head.length - EMPTY_HEADER_BYTES
  const nHeader = nBefore + LONG_HEADER_BYTES
  const message = takeRoom(bytes, nHeader) ?? withBytes(nHeader, bytes)
  message.set(head.subarray(0, nBefore))
  message[nBefore] = EXT_32
  new DataView(message.buffer, message.byteOffset).setUint32(nBefore + 1, bytes.length)
  message[nBefore + 5] = arrayTypeOf(bytes)
  return message
}

/** Bytes behind n others, with room in front of those. */
function withBytes(n: number, bytes: Uint8Array): Uint8Array {
  const message = bytesWithRoom(n + bytes.length)
  message.set(bytes, n)
  return message
}

/** MessagePack's "ext 32": this byte, length, type. One of no bytes is an "ext 8". */
const EXT_32 = 0xc9
const LONG_HEADER_BYTES = 6
const EMPTY_HEADER_BYTES = 3

/**
 * Reads a value.
 *
 * @param options - `sharesBytes`: Uint8Arrays of SHARED_BYTES_MIN bytes or more are views of
 *   `bytes`, which must not be changed afterwards; nothing else is ever a view
 * @throws ProtocolError
 */
export function decodeValue(
  bytes: Uint8Array, { sharesBytes = false }: { readonly sharesBytes?: boolean } = {},
): unknown {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    throw new ProtocolError('limit',
      `${bytes.length} bytes are too many for a value; at most ${MESSAGE_BYTES_MAX} are accepted`)
  }
  checkPacked(bytes)
  try {
    return (sharesBytes ? sharingDecoder : copyingDecoder).decode(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ProtocolError('invalid', `the value cannot be read: ${reason}`, { cause: error })
  }
}

/** One value on its way to the encoder: copies it, with extensions in place of what needs them. */
class Preparation {
  /** Of the extensions so far: nearly all there is of a large message. */
  nBytes = 0
  #nValues = 0

  prepare(value: unknown, depth: number): unknown {
    this.#count(1)
    switch (typeof value) {
      case 'number': return Object.is(value, -0) ? this.#extend(Ext.negativeZero, noBytes) : value
      case 'string': return checkText(value, TEXT_BYTES_MAX)
      case 'bigint': return this.#extend(Ext.bigint, bytesOfBigint(value))
      case 'boolean': return value
      case 'object': return value === null ? null : this.#prepareObject(value, depth)
      case 'undefined': case 'function': case 'symbol':
        throw notPlain(`a value of type ${typeof value}`)
    }
  }

  #prepareObject(value: object, depth: number): unknown {
    if (depth === DEPTH_MAX) throw notPlain(`data nested more than ${DEPTH_MAX} deep`)
    if (ArrayBuffer.isView(value)) {
      const type = arrayTypeOf(value)
      if (type === 0) throw notPlain(`a ${value.constructor.name}`)
      return this.#extend(type, bytesOfView(value))
    }
    if (Array.isArray(value)) return this.#prepareArray(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) {
      throw notPlain(`a ${value.constructor.name}`)
    }
    const copy: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue
      copy[checkKey(key)] = this.prepare(member, depth + 1)
    }
    return copy
  }

  #prepareArray(value: readonly unknown[], depth: number): unknown {
    if (value.length >= PACKED_LENGTH_MIN && isNumbers(value)) {
      this.#count(value.length)
      return this.#extend(Ext.numbers, packNumbers(value))
    }
    // Array.from, as map would leave holes as they are
    return Array.from(value, (member) => this.prepare(member, depth + 1))
  }

  #extend(type: number, bytes: Uint8Array): ExtData {
    // With its header.
    this.nBytes += bytes.length + 6
    if (this.nBytes > MESSAGE_BYTES_MAX) throw tooLarge(`${this.nBytes} bytes`, MESSAGE_BYTES_MAX)
    return new ExtData(type, bytes)
  }

  #count(n: number): void {
    this.#nValues += n
    if (this.#nValues > VALUES_MAX) throw tooLarge(`${this.#nValues} values`, VALUES_MAX)
  }
}

const noBytes = new Uint8Array(0)

function notPlain(what: string): CoppiceError {
  return new CoppiceError('INTERNAL', `internal error: ${what} cannot be sent`)
}

function tooLarge(what: string, legal: number): CoppiceError {
  return new CoppiceError('MEMORY',
    `a message of ${what} or more was to be sent, but at most ${legal} can be; use fewer or ` +
    'smaller partitions, or fewer columns')
}

function checkText(text: string, bytesMax: number): string {
  if (text.length * 3 > bytesMax && new TextEncoder().encode(text).length > bytesMax) {
    throw tooLarge('a text longer than its limit', bytesMax)
  }
  if (!text.isWellFormed()) throw notPlain(`the text ${JSON.stringify(text)}, half a character,`)
  return text
}

function checkKey(key: string): string {
  if (key === '__proto__') throw notPlain('the key "__proto__"')
  return checkText(key, KEY_BYTES_MAX)
}

function isNumbers(values: readonly unknown[]): values is readonly number[] {
  for (let i = 0; i < values.length; i++) if (typeof values[i] !== 'number') return false
  return true
}

/** The narrowest element type that holds the numbers exactly, then the numbers. */
function packNumbers(values: readonly number[]): Uint8Array {
  let least = 0
  let most = 0
  let isInteger = true
  for (const value of values) {
    if (value !== (value | 0) || Object.is(value, -0)) {
      isInteger = false
      break
    }
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  const holds = (limit: number): boolean => least >= -limit && most < limit
  const packed = !isInteger ? Float64Array.from(values)
    : holds(0x80) ? Int8Array.from(values)
      : holds(0x8000) ? Int16Array.from(values) : Int32Array.from(values)
  const bytes = new Uint8Array(1 + packed.byteLength)
  bytes[0] = arrayTypeOf(packed)
  bytes.set(bytesOfView(packed), 1)
  return bytes
}

function bytesOfView(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function bytesOfBigint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push(Number(BigInt.asUintN(8, rest)))
    rest >>= 8n
  } while (rest !== (bytes.at(-1)! >= 0x80 ? -1n : 0n))
  if (bytes.length > 256) throw notPlain('a bigint of more than 2048 bits')
  return Uint8Array.from(bytes)
}

/** `checkPacked` has seen that type and length fit. */
function decodeExtension(data: Uint8Array, type: number, sharesBytes: SharesBytes): unknown {
  if (type === Ext.negativeZero) return -0
  if (type === Ext.bigint) {
    let value = BigInt.asIntN(8, BigInt(data.at(-1)!))
    for (let i = data.length - 2; i >= 0; i--) value = (value << 8n) | BigInt(data[i]!)
    return value
  }
  if (type === Ext.numbers) {
    return Array.from(arrayOf(data[0]!, data.subarray(1)) as ArrayLike<number>)
  }
  if (sharesBytes && type === Ext.uint8 && data.length >= SHARED_BYTES_MIN) {
    // also where the payload is a Buffer
    return new Uint8Array(data.buffer, data.byteOffset, data.length)
  }
  return arrayOf(type, data)
}

/** A typed array over a copy of the bytes: they may lie at any offset. */
function arrayOf(type: number, data: Uint8Array): unknown {
  const copy = new Uint8Array(data)
  return new arrayClasses[type]!(copy.buffer)
}
