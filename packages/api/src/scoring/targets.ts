import type { ColumnChunk, WantedType } from '@coppice/data'
import { CoppiceError, type Model } from '@coppice/model'

/** Where the rows of a batch are; those in memory are in no file. */
export interface RowPlace {
  /** The first row, counted from 0 within the file. */
  readonly firstRow: number
  readonly partition: string | undefined
}

/** Rows count from 1 in files and from 0 in memory, as in training. */
function describeRow({ firstRow, partition }: RowPlace, row: number): string {
  return partition === undefined ? `row ${firstRow + row}`
    : `row ${firstRow + row + 1} of ${partition}`
}

/** The type that labels are read as for a model. */
export function labelType({ classes }: Pick<Model, 'classes'>): WantedType {
  return typeof classes?.[0] === 'string' ? 'string' : 'number'
}

/**
 * Labels as a model counts them: class indices, or numbers for regression.
 *
 * @param place - where the rows are, for messages
 * @throws CoppiceError 'DATA' naming the row of a label that is missing or no class of the model
 */
export function encodeTargets(
  { classes, objective }: Pick<Model, 'classes' | 'objective'>, chunk: ColumnChunk,
  place: RowPlace,
): Float64Array {
  if (chunk.type === 'string') {
    const { codes, dictionary } = chunk
    const indices = dictionary.map((text) => classes?.indexOf(text) ?? -1)
    return Float64Array.from(codes, (code, row) => code >= 0 && indices[code]! >= 0
      ? indices[code]!
      : refuse(classes, code < 0 ? null : dictionary[code]!, describeRow(place, row)))
  }
  const indexOf = new Map(classes?.map((value, k) => [Number(value), k]))
  return Float64Array.from(chunk.values, (value, row) => {
    // an upper bound may not be known
    if (value === Infinity && objective.name === 'aft') return value
    if (!Number.isFinite(value)) return refuse(classes, value, describeRow(place, row))
    if (classes === null) return value
    return indexOf.get(value) ?? refuse(classes, value, describeRow(place, row))
  })
}

function refuse(
  classes: Model['classes'], value: string | number | null, row: string,
): never {
  const isMissing = value === null || Number.isNaN(value)
  const what = isMissing ? 'is missing' : `is ${JSON.stringify(value)}`
  const legal = classes === null ? 'a finite number'
    : `a class of the model (${classes.slice(0, 10).map(String).join(', ')})`
  throw new CoppiceError('DATA',
    `the label of ${row} ${what}; it must be ${legal}: correct it or leave the row out`)
}

/** Weights of rows. @throws CoppiceError 'DATA' naming the row of one that is no weight */
export function checkWeights(chunk: ColumnChunk, place: RowPlace): Float64Array {
  const values = chunk.type === 'string' ? new Float64Array(chunk.codes.length).fill(NaN)
    : chunk.values
  const bad = values.findIndex((value) => !(value >= 0 && value < Infinity))
  if (bad < 0) return values
  throw new CoppiceError('DATA',
    `the weight of ${describeRow(place, bad)} is ${values[bad]}; weights must be finite and >= 0`)
}
