/** The slow, obvious versions of `bin-values.ts`, for its tests. */
import type { BinMapper, CategoricalBinMapper, NumericBinMapper } from '../dataset.js'

/** Bin of a value: the first whose upper bound is not below it. */
export function valueToBin(mapper: NumericBinMapper, value: number): number {
  if (Number.isNaN(value)) return mapper.missing === 'nan' ? mapper.nBins - 1 : mapper.zeroBin
  return mapper.upperBounds.findIndex(bound => value <= bound)
}

/** Bin of a category code; missing, unseen and dropped ones are in bin 0. */
export function codeToBin(mapper: CategoricalBinMapper, code: number): number {
  return mapper.codes.indexOf(code) + 1
}

/** Bin of a value or code. */
export function toBin(mapper: BinMapper, value: number): number {
  return mapper.kind === 'numeric' ? valueToBin(mapper, value) : codeToBin(mapper, value)
}
