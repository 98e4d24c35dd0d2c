import type { Packing } from '../dataset.js'

/** What the bytes of packed rows stand for, by column x 256 + byte. */
export interface PackedEntries {
  /** The feature that is off its default, or that has the byte to itself; else -1. */
  readonly featureOf: Int32Array
  /** Its bin. */
  readonly binOf: Uint8Array
}

/** The tables of a packing. */
export function packedEntries(
  { nColumns, columnOf, defaultBin, base, nBins }: Packing,
): PackedEntries {
  const featureOf = new Int32Array(nColumns * 256).fill(-1)
  const binOf = new Uint8Array(nColumns * 256)
  columnOf.forEach((column, feature) => {
    let value = column * 256 + base[feature]!
    // a byte of its own is given back whatever it is: what cannot be is for the scan to tell
    const end = defaultBin[feature]! < 0 ? 256 : nBins[feature]!
    for (let bin = 0; bin < end; bin++) {
      if (bin === defaultBin[feature]) continue
      featureOf[value] = feature
      binOf[value++] = bin
    }
  })
  return { featureOf, binOf }
}

/** Gives what `make` made of a packing when it is asked again. */
export function byPacking<T>(make: (packing: Packing) => T): (packing: Packing) => T {
  const known = new Map<Packing, T>()
  return (packing) => {
    let made = known.get(packing)
    if (made === undefined) known.set(packing, made = make(packing))
    return made
  }
}
