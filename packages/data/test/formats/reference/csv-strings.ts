/** String columns: equal bytes get equal codes without being decoded each time. */

import type { StringChunk } from '../../../src/reader.js'
import {
  QUOTE,
  decodeUtf8,
  isMissing,
  isSpace,
  textError,
  type MissingMarkers,
} from '../../../src/formats/csv-bytes.js'
import { FieldError } from '../../../src/formats/first-error.js'
import { fieldText, trim } from '../../../src/formats/csv-field.js'
import type { FieldBlock, UnitText } from './csv-fields.js'

const EMPTY_SLOT = -1
/** Above this share of used slots the table doubles. */
const LOAD_MAX = 0.5

/** Open addressing with linear probing; the distinct strings stand end to end in one arena. */
export class ByteDictionary {
  private slots = new Int32Array(64).fill(EMPTY_SLOT)
  private hashes = new Int32Array(32)
  /** offsets[i] .. offsets[i + 1] of the arena is string i. */
  private offsets = new Int32Array(33)
  private arena = new Uint8Array(256)
  private count = 0

  /** Number of distinct strings. */
  get size(): number {
    return this.count
  }

  /** Index of the string in bytes [start, end), in order of first appearance. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end)
    const mask = this.slots.length - 1
    let slot = hash & mask
    for (;;) {
      const index = this.slots[slot]!
      if (index === EMPTY_SLOT) return this.insert(slot, hash, bytes, start, end)
      if (this.hashes[index] === hash && this.equals(index, bytes, start, end)) return index
      slot = (slot + 1) & mask
    }
  }

  /** The strings by index; the index of one that is not valid UTF-8 where there is one. */
  decode(): readonly string[] | { readonly invalid: number } {
    const used = this.arena.subarray(0, this.offsets[this.count])
    // One byte per character: the arena is decoded in one go and cut.
    const isAscii = used.every((byte) => byte < 0x80)
    const all = isAscii ? decodeUtf8(used)! : ''
    const strings: string[] = []
    for (let i = 0; i < this.count; i++) {
      const start = this.offsets[i]!
      const end = this.offsets[i + 1]!
      const text = isAscii ? all.slice(start, end) : decodeUtf8(used.subarray(start, end))
      if (text === null) return { invalid: i }
      strings.push(text)
    }
    return strings
  }

  private equals(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const offset = this.offsets[index]!
    const length = end - start
    if (this.offsets[index + 1]! - offset !== length) return false
    for (let i = 0; i < length; i++) {
      if (this.arena[offset + i] !== bytes[start + i]) return false
    }
    return true
  }

  private insert(slot: number, hash: number, bytes: Uint8Array, start: number, end: number) {
    const index = this.count++
    const offset = this.offsets[index]!
    const offsetEnd = offset + end - start
    if (index >= this.hashes.length) {
      this.hashes = grown(this.hashes, index + 1)
      this.offsets = grown(this.offsets, index + 2)
    }
    if (offsetEnd > this.arena.length) {
      const arena = new Uint8Array(Math.max(offsetEnd, this.arena.length * 2))
      arena.set(this.arena)
      this.arena = arena
    }
    this.arena.set(bytes.subarray(start, end), offset)
    this.offsets[index + 1] = offsetEnd
    this.hashes[index] = hash
    this.slots[slot] = index
    if (this.count > this.slots.length * LOAD_MAX) this.rehash()
    return index
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(EMPTY_SLOT)
    const mask = slots.length - 1
    for (let index = 0; index < this.count; index++) {
      let slot = this.hashes[index]! & mask
      while (slots[slot] !== EMPTY_SLOT) slot = (slot + 1) & mask
      slots[slot] = index
    }
    this.slots = slots
  }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(length, array.length * 2))
  larger.set(array)
  return larger
}

/** FNV-1a with a final avalanche (MurmurHash3's), so that the low bits spread. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5 | 0
  for (let p = start; p < end; p++) h = Math.imul(h ^ bytes[p]!, 0x01000193)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  return h
}

/** A column as text: spaces around unquoted fields dropped, everything else as it stands. */
export class StringColumn {
  private readonly words = new ByteDictionary()
  /** Code of each distinct text; -1 for those that mean missing. */
  private readonly codeOfWord: number[] = []
  /** Where each distinct text stands first. */
  private readonly firstPositions: number[] = []
  private nCodes = 0
  private readonly codes: Int32Array

  constructor(
    private readonly text: UnitText,
    private readonly name: string,
    private readonly missing: MissingMarkers,
  ) {
    this.codes = new Int32Array(text.nRows)
  }

  append(block: FieldBlock, slot: number): void {
    const { bytes, starts, ends, firstRow, nRows } = block
    const { words, codes, codeOfWord } = this
    const base = slot * block.capacity
    for (let row = 0; row < nRows; row++) {
      let start = starts[base + row]!
      let end = ends[base + row]!
      let source = bytes
      while (start < end && isSpace(bytes[start])) start++
      while (start < end && isSpace(bytes[end - 1])) end--
      if (start < end && bytes[start] === QUOTE) {
        ;({ bytes: source, start, end } = fieldText(bytes, start, end))
      }
      const word = words.indexOf(source, start, end)
      if (word === codeOfWord.length) {
        const text = trim(source, start, end)
        const isNone = isMissing(this.missing, source, text.start, text.end)
        codeOfWord.push(isNone ? -1 : this.nCodes++)
        this.firstPositions.push(starts[base + row]!)
      }
      codes[firstRow + row] = codeOfWord[word]!
    }
  }

  /** @throws CoppiceError 'DATA' when a text is not valid UTF-8 */
  finish(): StringChunk {
    const strings = this.words.decode()
    if ('invalid' in strings) {
      const position = this.firstPositions[strings.invalid]!
      throw new FieldError(position, textError(
        this.text,
        position,
        `the value of column '${this.name}' is not valid UTF-8; convert the file to UTF-8`,
      ))
    }
    const dictionary = strings.filter((_, word) => this.codeOfWord[word]! >= 0)
    return { type: 'string', codes: this.codes, dictionary }
  }
}
