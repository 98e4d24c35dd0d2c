/** Typed arrays that messages may hold. */
export type WireArray =
  | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array
  | Float32Array | Float64Array | BigInt64Array | BigUint64Array

interface WireArrayClass {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBuffer): WireArray
}

/**
 * Extension types of MessagePack: values that it has no form for. Typed arrays are their elements,
 * little-endian, which is also how every machine that runs the kernels holds them.
 */
export const Ext = {
  uint8: 1,
  int8: 2,
  uint16: 3,
  int16: 4,
  uint32: 5,
  int32: 6,
  float32: 7,
  float64: 8,
  bigint64: 9,
  biguint64: 10,
  /** Two's complement, little-endian, as few bytes as hold it. */
  bigint: 16,
  /** -0, which MessagePack would make 0. No bytes. */
  negativeZero: 17,
  /** A plain array of numbers: the extension type of its elements, then the elements. */
  numbers: 18,
} as const

/** By extension type. */
export const arrayClasses: readonly (WireArrayClass | null)[] = [
  null, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array,
  Float64Array, BigInt64Array, BigUint64Array,
]

/** Bytes of an element of a typed array's extension type; 0 for other types. */
export function elementBytesOf(type: number): number {
  return arrayClasses[type]?.BYTES_PER_ELEMENT ?? 0
}

const typeOfTag: ReadonlyMap<string, number> = new Map(arrayClasses.flatMap(
  (array, type) => array === null ? [] : [[array.name, type] as const]))

/** The extension type of a typed array (a Buffer is one of bytes), or 0 where there is none. */
export function arrayTypeOf(value: ArrayBufferView): number {
  return typeOfTag.get((value as unknown as Uint8Array)[Symbol.toStringTag]) ?? 0
}
