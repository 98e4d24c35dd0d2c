import { ProtocolError } from './error.js'
import { DEPTH_MAX, KEY_BYTES_MAX, TEXT_BYTES_MAX, VALUES_MAX } from './limits.js'
import { elementBytesOf, Ext } from './packed-types.js'
import { isUtf8 } from './utf8-check.js'

/**
 * Walks over MessagePack before anything is made of it. The decoder allocates what a header
 * announces, so that five bytes could ask for gigabytes; after this walk every announced element
 * is known to be there.
 *
 * Only what `encodeValue` writes is let through: no 32-bit floats, no raw binary, no timestamps,
 * texts are UTF-8, keys are texts, and none is `__proto__`.
 *
 * @throws ProtocolError
 */
export function checkPacked(bytes: Uint8Array): void {
  new Walk(bytes).run()
}

/** Objects inherit a member of this name that is no plain member. */
const forbiddenKey = new TextEncoder().encode('__proto__')

class Walk {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #nValues = 0
  #depth = 0
  /** Per open container: elements to come (of a map, keys and values). */
  readonly #left = new Float64Array(DEPTH_MAX + 1)
  readonly #isMap = new Uint8Array(DEPTH_MAX + 1)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  run(): void {
    this.#left[0] = 1
    while (this.#depth > 0 || this.#left[0]! > 0) {
      if (this.#left[this.#depth] === 0) {
        this.#depth--
        continue
      }
      const left = this.#left[this.#depth]!--
      if (this.#isMap[this.#depth] === 1 && left % 2 === 0) this.#key()
      else this.#value()
    }
    if (this.#at !== this.#bytes.length) {
      throw new ProtocolError('invalid',
        `${this.#bytes.length - this.#at} bytes follow a value that ends at byte ${this.#at}`)
    }
  }

  #value(): void {
    this.#count(1)
    const head = this.#unsigned(1)
    if (head < 0x80 || head >= 0xe0) return
    if (head < 0x90) return this.#open(2 * (head & 15), 1)
    if (head < 0xa0) return this.#open(head & 15, 0)
    if (head < 0xc0) return this.#text(head & 31)
    switch (head) {
      case 0xc0: case 0xc2: case 0xc3: return
      case 0xc7: return this.#extension(this.#unsigned(1))
      case 0xc8: return this.#extension(this.#unsigned(2))
      case 0xc9: return this.#extension(this.#unsigned(4))
      case 0xcb: case 0xcf: case 0xd3: return this.#skip(8)
      case 0xcc: case 0xd0: return this.#skip(1)
      case 0xcd: case 0xd1: return this.#skip(2)
      case 0xce: case 0xd2: return this.#skip(4)
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8:
        return this.#extension(1 << (head - 0xd4))
      case 0xd9: return this.#text(this.#unsigned(1))
      case 0xda: return this.#text(this.#unsigned(2))
      case 0xdb: return this.#text(this.#unsigned(4))
      case 0xdc: return this.#open(this.#unsigned(2), 0)
      case 0xdd: return this.#open(this.#unsigned(4), 0)
      case 0xde: return this.#open(2 * this.#unsigned(2), 1)
      case 0xdf: return this.#open(2 * this.#unsigned(4), 1)
      default:
        throw new ProtocolError('invalid',
          `byte ${this.#at - 1} is 0x${head.toString(16)}, which begins no value`)
    }
  }

  #key(): void {
    const head = this.#unsigned(1)
    let length = head & 31
    if (head === 0xd9) length = this.#unsigned(1)
    else if (head === 0xda) length = this.#unsigned(2)
    else if (head === 0xdb) length = this.#unsigned(4)
    else if (head < 0xa0 || head > 0xbf) {
      throw new ProtocolError('invalid', `the key at byte ${this.#at - 1} is not a text`)
    }
    if (length > KEY_BYTES_MAX) {
      throw new ProtocolError('limit',
        `the key at byte ${this.#at} has ${length} bytes; at most ${KEY_BYTES_MAX} are accepted`)
    }
    const start = this.#at
    this.#utf8(length)
    if (length !== forbiddenKey.length) return
    if (forbiddenKey.every((byte, i) => byte === this.#bytes[start + i])) {
      throw new ProtocolError('invalid', 'the key "__proto__" is refused')
    }
  }

  #text(length: number): void {
    if (length > TEXT_BYTES_MAX) {
      throw new ProtocolError('limit',
        `the text at byte ${this.#at} has ${length} bytes; at most ${TEXT_BYTES_MAX} are accepted`)
    }
    this.#utf8(length)
  }

  #utf8(length: number): void {
    const start = this.#at
    this.#skip(length)
    if (!isUtf8(this.#bytes, start, this.#at)) {
      throw new ProtocolError('invalid', `the text at byte ${start} is not UTF-8`)
    }
  }

  #open(n: number, isMap: 0 | 1): void {
    // Every element has a byte, so that whoever announces more is caught before he is believed.
    if (n > this.#bytes.length - this.#at) throw this.#tooShort(n)
    if (this.#depth === DEPTH_MAX) {
      throw new ProtocolError('limit', `containers are nested more than ${DEPTH_MAX} deep`)
    }
    this.#depth++
    this.#left[this.#depth] = n
    this.#isMap[this.#depth] = isMap
  }

  #extension(length: number): void {
    const type = this.#unsigned(1)
    const start = this.#at
    this.#skip(length)
    let elementBytes = elementBytesOf(type)
    let nBytes = length
    if (type === Ext.numbers) {
      elementBytes = elementBytesOf(length === 0 ? 0 : this.#bytes[start]!)
      nBytes = length - 1
      if (elementBytes > 0) this.#count(nBytes / elementBytes)
    }
    if (type === Ext.bigint ? length > 0 && length <= 256
      : type === Ext.negativeZero ? length === 0
        : elementBytes > 0 && nBytes % elementBytes === 0) return
    throw new ProtocolError('invalid',
      `${length} bytes at byte ${start} are no value of extension type ${type}`)
  }

  #count(n: number): void {
    this.#nValues += n
    if (this.#nValues > VALUES_MAX) {
      throw new ProtocolError('limit', `there are more than ${VALUES_MAX} values`)
    }
  }

  #unsigned(nBytes: 1 | 2 | 4): number {
    const at = this.#at
    this.#skip(nBytes)
    if (nBytes === 1) return this.#bytes[at]!
    return nBytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  #skip(n: number): void {
    if (n > this.#bytes.length - this.#at) throw this.#tooShort(n)
    this.#at += n
  }

  #tooShort(n: number): ProtocolError {
    return new ProtocolError('damaged', `cut off: byte ${this.#at} is to be followed by ${n} ` +
      `bytes or more, but there are ${this.#bytes.length - this.#at}`)
  }
}
