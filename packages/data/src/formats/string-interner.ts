import { DamagedPageError } from './rle.js'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8 bytes as they are (a byte order mark stays); throws where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new DamagedPageError('its bytes are not UTF-8 text')
  }
}

/**
 * Gives each distinct string a code in order of first appearance. Strings that arrive as UTF-8
 * bytes are compared as bytes, so that each distinct one is decoded once.
 */
export class StringInterner {
  readonly dictionary: string[] = []
  readonly #codeOfString = new Map<string, number>()
  /** Open addressing: code + 1, or 0 where free; hashes beside. Its length is a power of two. */
  #slots = new Int32Array(1024)
  #hashes = new Int32Array(1024)
  #nHashed = 0
  readonly #bytes: (Uint8Array | undefined)[] = []

  /** The code of a string. */
  internString(text: string): number {
    const known = this.#codeOfString.get(text)
    if (known !== undefined) return known
    const code = this.dictionary.length
    this.dictionary.push(text)
    this.#codeOfString.set(text, code)
    return code
  }

  /** The code of the string whose UTF-8 form is bytes[start .. end). */
  internBytes(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5 | 0
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    const mask = this.#slots.length - 1
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const stored = this.#slots[slot]!
      if (stored === 0) break
      if (this.#hashes[slot] === hash && this.#sameBytes(stored - 1, bytes, start, end)) {
        return stored - 1
      }
      slot = (slot + 1) & mask
    }
    const copy = bytes.slice(start, end)
    const code = this.internString(decodeUtf8(copy))
    this.#bytes[code] = copy
    this.#slots[slot] = code + 1
    this.#hashes[slot] = hash
    this.#nHashed++
    if (this.#nHashed * 2 > this.#slots.length) this.#grow()
    return code
  }

  #sameBytes(code: number, bytes: Uint8Array, start: number, end: number): boolean {
    const known = this.#bytes[code]
    if (known === undefined || known.length !== end - start) return false
    for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false
    return true
  }

  #grow(): void {
    const oldSlots = this.#slots
    const oldHashes = this.#hashes
    this.#slots = new Int32Array(oldSlots.length * 2)
    this.#hashes = new Int32Array(oldSlots.length * 2)
    const mask = this.#slots.length - 1
    for (let i = 0; i < oldSlots.length; i++) {
      if (oldSlots[i] === 0) continue
      const hash = oldHashes[i]!
      let slot = (hash ^ (hash >>> 15)) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = oldSlots[i]!
      this.#hashes[slot] = hash
    }
  }
}
