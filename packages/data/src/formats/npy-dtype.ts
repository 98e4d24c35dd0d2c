/** The element types of NumPy arrays that are numbers. */

import { decodeHalf } from './stored-numbers.js'

export interface Dtype {
  readonly itemBytes: number
  /** null: 'int', or 'float' where a value is beyond 2^53. */
  readonly type: 'bool' | 'int' | 'float' | null
  /** out[i] = the element at byte offset + i * stride; -0 becomes +0, NaN the canonical one. */
  decode(view: DataView, out: Float64Array, offset: number, stride: number): void
}

type ElementGetter = (view: DataView, position: number, isLittle: boolean) => number

interface ElementType {
  readonly itemBytes: number
  readonly type: Dtype['type']
  readonly get: ElementGetter
}

const elements: Readonly<Record<string, ElementType>> = {
  b1: { itemBytes: 1, type: 'bool', get: (view, p) => (view.getUint8(p) === 0 ? 0 : 1) },
  i1: { itemBytes: 1, type: 'int', get: (view, p) => view.getInt8(p) },
  u1: { itemBytes: 1, type: 'int', get: (view, p) => view.getUint8(p) },
  i2: { itemBytes: 2, type: 'int', get: (view, p, little) => view.getInt16(p, little) },
  u2: { itemBytes: 2, type: 'int', get: (view, p, little) => view.getUint16(p, little) },
  i4: { itemBytes: 4, type: 'int', get: (view, p, little) => view.getInt32(p, little) },
  u4: { itemBytes: 4, type: 'int', get: (view, p, little) => view.getUint32(p, little) },
  i8: { itemBytes: 8, type: null, get: (view, p, little) => getWide(view, p, little, true) },
  u8: { itemBytes: 8, type: null, get: (view, p, little) => getWide(view, p, little, false) },
  f2: { itemBytes: 2, type: 'float', get: (v, p, little) => decodeHalf(v.getUint16(p, little)) },
  f4: { itemBytes: 4, type: 'float', get: (view, p, little) => view.getFloat32(p, little) },
  f8: { itemBytes: 8, type: 'float', get: (view, p, little) => view.getFloat64(p, little) },
}

/** For messages. */
export const DTYPE_NAMES = 'bool, int8 to int64, uint8 to uint64, float16, float32 and float64'

/** The type of a descriptor such as '<f8', '>i4' or '|b1'; null where it is not supported. */
export function dtypeOf(descr: string): Dtype | null {
  const order = descr[0]
  const name = descr.slice(1)
  if (!Object.hasOwn(elements, name)) return null
  const { itemBytes, type, get } = elements[name]!
  const isLegal = order === '<' || order === '>' || (order === '|' && itemBytes === 1)
  if (!isLegal) return null
  return {
    itemBytes,
    type,
    decode: (view, out, offset, stride) =>
      decodeWith(get, view, order === '<', out, offset, stride),
  }
}

function decodeWith(
  get: ElementGetter,
  view: DataView,
  isLittle: boolean,
  out: Float64Array,
  offset: number,
  stride: number,
): void {
  for (let i = 0, p = offset; i < out.length; i++, p += stride) {
    const value = get(view, p, isLittle)
    out[i] = value !== value ? NaN : value + 0
  }
}

/** A 64-bit integer as the nearest double: one rounding, in the sum. */
function getWide(view: DataView, p: number, isLittle: boolean, isSigned: boolean): number {
  const low = view.getUint32(isLittle ? p : p + 4, isLittle)
  const highAt = isLittle ? p + 4 : p
  const high = isSigned ? view.getInt32(highAt, isLittle) : view.getUint32(highAt, isLittle)
  return high * 0x1_0000_0000 + low
}
