/** Fields that are neither numbers nor texts, as the kernel that parses numbers knows them. */

import { QUOTE, type MissingMarkers } from './csv-bytes.js'
import { LITERAL_BYTES } from './csv-kernels.js'
import type { DecodingMachine } from './decoding-machine.js'
import { Kind } from './csv-number.js'

const booleans = [['true', 1], ['True', 1], ['TRUE', 1], ['false', 0], ['False', 0], ['FALSE', 0]]
  .map(([text, value]) => ({ bytes: encode(String(text)), kind: Kind.bool, value: Number(value) }))

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A table in the memory of a machine. */
export interface Literals {
  readonly at: number
  readonly count: number
}

/**
 * Writes the missing markers and the booleans, a marker first where it is both. Markers that the
 * table cannot hold are left out: they are too long, or quotes are taken from them.
 */
export function writeLiterals(machine: DecodingMachine, missing: MissingMarkers): Literals {
  const markers = missing.markers.map((bytes) => ({ bytes, kind: Kind.missing, value: NaN }))
  const literals = [...markers, ...booleans].filter(
    ({ bytes }) => bytes.length <= 8 && !bytes.includes(QUOTE),
  )
  const at = machine.reserve(literals.length * LITERAL_BYTES)
  machine.bytes(at, literals.length * LITERAL_BYTES).fill(0)
  const view = new DataView(machine.memory.buffer)
  for (const [i, { bytes, kind, value }] of literals.entries()) {
    const entry = at + i * LITERAL_BYTES
    machine.bytes(entry, bytes.length).set(bytes)
    view.setInt32(entry + 8, bytes.length, true)
    view.setInt32(entry + 12, kind, true)
    view.setFloat64(entry + 16, value, true)
  }
  return { at, count: literals.length }
}
