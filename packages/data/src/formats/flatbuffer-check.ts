/**
 * Checks Arrow's FlatBuffers before apache-arrow decodes them: its decoder trusts every offset
 * and length, so a few damaged bytes could make it loop or fill the memory. Slots and types are
 * those of Message.fbs, Schema.fbs and File.fbs (Apache Arrow, format/).
 */
import { DamagedPageError } from './rle.js'

/** What a slot of a table refers to; slots that hold plain scalars are not listed. */
type Slot =
  | { readonly kind: 'table'; readonly table: () => TableSpec }
  | { readonly kind: 'tables'; readonly table: () => TableSpec }
  /** A vector of scalars or structs, or a string (of 1-byte elements). */
  | { readonly kind: 'vector'; readonly elementBytes: number }
  /** A table whose spec depends on the number in another slot. */
  | {
      readonly kind: 'union'
      readonly typeSlot: number
      readonly tables: Readonly<Record<number, TableSpec>>
    }

type TableSpec = Readonly<Record<number, Slot>>

const text: Slot = { kind: 'vector', elementBytes: 1 }
const keyValue: TableSpec = { 0: text, 1: text }
const metadata: Slot = { kind: 'tables', table: () => keyValue }

const dictionaryEncoding: TableSpec = { 1: { kind: 'table', table: () => ({}) } }
const field: TableSpec = {
  0: text,
  3: {
    kind: 'union',
    typeSlot: 2,
    // Only Timestamp (a time zone) and Union (type ids) refer to more bytes.
    tables: { 10: { 1: text }, 14: { 1: { kind: 'vector', elementBytes: 4 } } },
  },
  4: { kind: 'table', table: () => dictionaryEncoding },
  5: { kind: 'tables', table: () => field },
  6: metadata,
}
const schema: TableSpec = {
  1: { kind: 'tables', table: () => field },
  2: metadata,
  3: { kind: 'vector', elementBytes: 8 },
}
const recordBatch: TableSpec = {
  1: { kind: 'vector', elementBytes: 16 },
  2: { kind: 'vector', elementBytes: 16 },
  3: { kind: 'table', table: () => ({}) },
  4: { kind: 'vector', elementBytes: 8 },
}
const dictionaryBatch: TableSpec = { 1: { kind: 'table', table: () => recordBatch } }
const message: TableSpec = {
  2: { kind: 'union', typeSlot: 1, tables: { 1: schema, 2: dictionaryBatch, 3: recordBatch } },
  4: metadata,
}
const footer: TableSpec = {
  1: { kind: 'table', table: () => schema },
  2: { kind: 'vector', elementBytes: 24 },
  3: { kind: 'vector', elementBytes: 24 },
  4: metadata,
}

/** Throws DamagedPageError when something of a message lies outside its bytes. */
export function checkMessage(bytes: Uint8Array): void {
  new Check(bytes).root(message)
}

/** Throws DamagedPageError when something of a file's footer lies outside its bytes. */
export function checkFooter(bytes: Uint8Array): void {
  new Check(bytes).root(footer)
}

class Check {
  readonly #view: DataView
  /** Tables may be shared, but no honest buffer refers to more of them than it has words. */
  #nLeft: number

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#nLeft = bytes.length / 4
  }

  root(spec: TableSpec): void {
    this.#table(this.#target(0), spec)
  }

  #table(at: number, spec: TableSpec): void {
    if (--this.#nLeft < 0) throw new DamagedPageError('its tables refer to each other')
    const vtable = at - this.#int32(at)
    const vtableBytes = this.#uint16(vtable)
    this.#require(vtable, vtableBytes)
    this.#require(at, this.#uint16(vtable + 2))
    const slotOffset = (slot: number) => {
      const entry = 4 + 2 * slot
      return entry + 2 <= vtableBytes ? this.#uint16(vtable + entry) : 0
    }
    for (const [key, slot] of Object.entries(spec)) {
      const offset = slotOffset(Number(key))
      if (offset === 0) continue
      const target = this.#target(at + offset)
      switch (slot.kind) {
        case 'table':
          this.#table(target, slot.table())
          break
        case 'union': {
          const typeOffset = slotOffset(slot.typeSlot)
          const type = typeOffset === 0 ? 0 : this.#uint8(at + typeOffset)
          this.#table(target, slot.tables[type] ?? {})
          break
        }
        case 'tables': {
          const length = this.#vector(target, 4)
          for (let i = 0; i < length; i++) {
            this.#table(this.#target(target + 4 + 4 * i), slot.table())
          }
          break
        }
        case 'vector':
          this.#vector(target, slot.elementBytes)
      }
    }
  }

  #vector(at: number, elementBytes: number): number {
    this.#require(at, 4)
    const length = this.#view.getUint32(at, true)
    this.#require(at + 4, length * elementBytes)
    return length
  }

  /** Follows the offset at a place. */
  #target(at: number): number {
    this.#require(at, 4)
    return at + this.#view.getUint32(at, true)
  }

  #int32(at: number): number {
    this.#require(at, 4)
    return this.#view.getInt32(at, true)
  }

  #uint16(at: number): number {
    this.#require(at, 2)
    return this.#view.getUint16(at, true)
  }

  #uint8(at: number): number {
    this.#require(at, 1)
    return this.#view.getUint8(at)
  }

  #require(at: number, nBytes: number): void {
    if (at >= 0 && at + nBytes <= this.#view.byteLength) return
    throw new DamagedPageError('an offset leads outside its header')
  }
}
