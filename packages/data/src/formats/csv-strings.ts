/** String columns: equal bytes get equal codes without being decoded each time. */

import type { StringChunk } from '../reader.js'
import { decodeUtf8, isMissing, isSpace, textError, type MissingMarkers } from './csv-bytes.js'
import { FieldError } from './first-error.js'
import { trim } from './csv-field.js'
import type { FieldBlock, UnitText } from './csv-fields.js'
import { DICTIONARY_BYTES } from './csv-kernels.js'
import type { DecodingMachine } from './decoding-machine.js'

const SLOT_BYTES = 8
const SLOTS_MIN = 256
const ARENA_BYTES_MIN = 2048
/** Where a dictionary's count is among its i32. */
const COUNT = 2

/** Distinct texts, in order of first appearance, in the memory of a machine. */
export class ByteDictionary {
  private readonly at: number
  private nSlots = SLOTS_MIN
  private slots: number
  private offsets: number
  private firsts: number
  private arena: number
  private arenaBytes = ARENA_BYTES_MIN

  constructor(private readonly machine: DecodingMachine) {
    this.at = machine.reserve(DICTIONARY_BYTES)
    this.slots = this.reserveSlots()
    this.offsets = machine.reserve((this.countMax + 1) * 4)
    this.firsts = machine.reserve(this.countMax * 4)
    this.arena = machine.reserveText(ARENA_BYTES_MIN)
    machine.ints(this.offsets, 1)[0] = 0
    this.describe(0)
  }

  /** Number of distinct texts. */
  get size(): number {
    return this.machine.ints(this.at, DICTIONARY_BYTES / 4)[COUNT]!
  }

  /**
   * Writes the codes of a block's fields in a slot.
   *
   * @param codes - offset in the memory, nRows i32
   */
  intern(block: FieldBlock, slot: number, codes: number): void {
    const { text, stride, nRows, base } = block
    const starts = block.starts + slot * stride * 4
    const ends = block.ends + slot * stride * 4
    const { kernels } = this.machine
    for (let row = 0; ;) {
      row = kernels.internTexts(codes, this.at, text, starts, ends, row, nRows, base)
      if (row === nRows) return
      const start = this.machine.ints(starts, nRows)[row]!
      this.makeRoom(this.machine.ints(ends, nRows)[row]! - start)
    }
  }

  /** Where in the unit each text stands first; a view. */
  firstPositions(): Int32Array {
    return this.machine.ints(this.firsts, this.size)
  }

  /** Indices of the texts that mean missing, spaces aside, ascending. */
  missing(missing: MissingMarkers): number[] {
    const { size } = this
    const offsets = this.machine.ints(this.offsets, size + 1)
    const used = this.machine.bytes(this.arena, offsets[size]!)
    const lengthMax = missing.markers.reduce((most, { length }) => Math.max(most, length), 0)
    const found: number[] = []
    for (let i = 0; i < size; i++) {
      const from = offsets[i]!
      const to = offsets[i + 1]!
      // Most texts are too long for a marker, with no space at either end.
      const isLong = to - from > lengthMax
      if (isLong && !isSpace(used[from]) && !isSpace(used[to - 1])) continue
      const { start, end } = trim(used, from, to)
      if (isMissing(missing, used, start, end)) found.push(i)
    }
    return found
  }

  /** The texts by index; the index of one that is not valid UTF-8 where there is one. */
  decode(): readonly string[] | { readonly invalid: number } {
    const { size } = this
    const offsets = this.machine.ints(this.offsets, size + 1)
    const used = this.machine.bytes(this.arena, offsets[size]!)
    const all = decodeUtf8(used)
    // One byte per character: what was decoded in one go can be cut.
    const isAscii = all?.length === used.length
    const strings: string[] = []
    for (let i = 0; i < size; i++) {
      const start = offsets[i]!
      const end = offsets[i + 1]!
      const text = isAscii ? all.slice(start, end) : decodeUtf8(used.subarray(start, end))
      if (text === null) return { invalid: i }
      strings.push(text)
    }
    return strings
  }

  /** Half of the slots stay free. */
  private get countMax(): number {
    return this.nSlots / 2
  }

  private reserveSlots(): number {
    const at = this.machine.reserve(this.nSlots * SLOT_BYTES)
    this.machine.bytes(at, this.nSlots * SLOT_BYTES).fill(0)
    return at
  }

  private describe(count: number): void {
    const { at, slots, nSlots, countMax, offsets, firsts, arena, arenaBytes } = this
    this.machine.ints(at, DICTIONARY_BYTES / 4)
      .set([slots, nSlots, count, countMax, offsets, firsts, arena, arenaBytes])
  }

  /** Makes room for one more text of so many bytes, and as many again as there are. */
  private makeRoom(nBytes: number): void {
    const { machine, size, slots, nSlots, offsets, firsts, arena } = this
    if (size === this.countMax) {
      this.nSlots = nSlots * 2
      this.slots = this.reserveSlots()
      machine.kernels.rehashTexts(this.slots, this.nSlots, slots, nSlots)
      this.offsets = machine.reserve((this.countMax + 1) * 4)
      this.firsts = machine.reserve(this.countMax * 4)
      machine.bytes(0, this.firsts + size * 4).copyWithin(this.offsets, offsets,
        offsets + (size + 1) * 4).copyWithin(this.firsts, firsts, firsts + size * 4)
    }
    const used = machine.ints(this.offsets, size + 1)[size]!
    if (used + nBytes > this.arenaBytes) {
      this.arenaBytes = Math.max(used + nBytes, this.arenaBytes * 2)
      this.arena = machine.reserveText(this.arenaBytes)
      machine.bytes(0, this.arena + used).copyWithin(this.arena, arena, arena + used)
    }
    this.describe(size)
  }
}

/** A column as text: spaces around unquoted fields dropped, everything else as it stands. */
export class StringColumn {
  private readonly words: ByteDictionary

  constructor(
    private readonly machine: DecodingMachine,
    private readonly text: UnitText,
    private readonly name: string,
    private readonly missing: MissingMarkers,
    private readonly codes: Int32Array,
  ) {
    this.words = new ByteDictionary(machine)
  }

  /** @param scratch - offset in the memory, room for the block's rows as i32 */
  append(block: FieldBlock, slot: number, scratch: number): void {
    this.words.intern(block, slot, scratch)
    this.codes.set(this.machine.ints(scratch, block.nRows), block.firstRow)
  }

  /** @throws CoppiceError 'DATA' when a text is not valid UTF-8 */
  finish(): StringChunk {
    const { words, codes } = this
    const strings = words.decode()
    if ('invalid' in strings) {
      const position = words.firstPositions()[strings.invalid]!
      throw new FieldError(position, textError(
        this.text,
        position,
        `the value of column '${this.name}' is not valid UTF-8; convert the file to UTF-8`,
      ))
    }
    const missing = words.missing(this.missing)
    if (missing.length === 0) return { type: 'string', codes, dictionary: strings }
    const codeOfWord = new Int32Array(strings.length)
    for (const word of missing) codeOfWord[word] = -1
    const dictionary = strings.filter((_, word) => codeOfWord[word] === 0)
    for (let word = 0, code = 0; word < codeOfWord.length; word++) {
      if (codeOfWord[word] === 0) codeOfWord[word] = code++
    }
    for (let row = 0; row < codes.length; row++) codes[row] = codeOfWord[codes[row]!]!
    return { type: 'string', codes, dictionary }
  }
}
