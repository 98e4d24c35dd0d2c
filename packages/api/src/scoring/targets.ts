import type { ColumnChunk, WantedType } from '@coppice/data'
import { CoppiceError, type Model } from '@coppice/model'

/** The type that labels are read as for a model. */
export function labelType({ classes }: Pick<Model, 'classes'>): WantedType {
  return typeof classes?.[0] === 'string' ? 'string' : 'number'
}

/**
 * Labels as a model counts them: class indices, or numbers for regression.
 *
 * @param firstRow - number of the first row, for messages
 * @throws CoppiceError 'DATA' naming the row of a label that is missing or no class of the model
 */
export function encodeTargets(
  { classes }: Pick<Model, 'classes'>, chunk: ColumnChunk, firstRow: number,
): Float64Array {
  if (chunk.type === 'string') {
    const { codes, dictionary } = chunk
    const indices = dictionary.map((text) => classes?.indexOf(text) ?? -1)
    return Float64Array.from(codes, (code, row) => code >= 0 && indices[code]! >= 0
      ? indices[code]! : refuse(classes, code < 0 ? null : dictionary[code]!, firstRow + row))
  }
  const indexOf = new Map(classes?.map((value, k) => [Number(value), k]))
  return Float64Array.from(chunk.values, (value, row) => {
    if (!Number.isFinite(value)) return refuse(classes, value, firstRow + row)
    if (classes === null) return value
    return indexOf.get(value) ?? refuse(classes, value, firstRow + row)
  })
}

function refuse(
  classes: Model['classes'], value: string | number | null, row: number,
): never {
  const isMissing = value === null || Number.isNaN(value)
  const what = isMissing ? 'is missing' : `is ${JSON.stringify(value)}`
  const legal = classes === null ? 'a finite number'
    : `a class of the model (${classes.slice(0, 10).map(String).join(', ')})`
  throw new CoppiceError('DATA',
    `the label of row ${row} ${what}; it must be ${legal}: correct it or leave the row out`)
}

/** Weights of rows. @throws CoppiceError 'DATA' naming the row of one that is no weight */
export function checkWeights(chunk: ColumnChunk, firstRow: number): Float64Array {
  const values = chunk.type === 'string' ? new Float64Array(chunk.codes.length).fill(NaN)
    : chunk.values
  const bad = values.findIndex((value) => !(value >= 0 && value < Infinity))
  if (bad < 0) return values
  throw new CoppiceError('DATA',
    `the weight of row ${firstRow + bad} is ${values[bad]}; weights must be finite and >= 0`)
}
