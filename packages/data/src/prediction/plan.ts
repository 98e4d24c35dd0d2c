/** What is predicted of files, and which columns of theirs are kept: plain data, pure functions. */
import type { EarlyStop, IterationRange, Model } from '@coppice/model'
import type { WantedType } from '../column-types.js'
import type { ColumnChunk, ColumnType } from '../reader.js'
import { featureTypes } from './features.js'
import type { PackedPrediction } from './packed-prediction.js'
import type { PredictionType } from './predict-columns.js'

/** What tasks that predict share. The first columns of their context are the model's features. */
export interface PredictionPlan {
  /** The model as UTF-8 JSON. */
  readonly model: Uint8Array
  /** SHA-256 of it, by which a thread knows a model that it has compiled. */
  readonly modelHash: string
  /** Default: up to the best iteration. */
  readonly iterations: IterationRange | null
  /** When the later trees of a row are left out; absent: never. */
  readonly earlyStop?: EarlyStop
  readonly type: PredictionType
  /** Per column of the context; null infers. */
  readonly types: readonly (WantedType | null)[]
  /** Columns of the context that go with the predictions. */
  readonly kept: readonly number[]
}

/** Some consecutive rows, predicted. */
export interface PredictedRows {
  readonly nRows: number
  /** The kept columns. */
  readonly kept: readonly ColumnChunk[]
  readonly predictions: PackedPrediction
}

/** Types that are known of columns before files are looked at: text categories are text. */
export function givenTypes(
  model: Pick<Model, 'features'>,
  schema: Readonly<Record<string, ColumnType>>,
): Record<string, ColumnType> {
  const texts = Object.entries(featureTypes(model)).flatMap(([name, type]) =>
    type === 'string' ? [[name, type] as const] : [],
  )
  return { ...schema, ...Object.fromEntries(texts) }
}

/**
 * Types in which kept columns are written: those they have over all rows, but for numeric
 * features, which have no right to be text.
 */
export function keptTypes(
  model: Pick<Model, 'features'>,
  found: Readonly<Record<string, ColumnType>>,
): Record<string, ColumnType> {
  const wanted = featureTypes(model)
  return Object.fromEntries(
    Object.entries(found).map(([name, type]) => [
      name,
      wanted[name] === 'number' && type === 'string' ? 'float' : type,
    ]),
  )
}

/** The columns to be read: the model's features first; a kept column may be one of them. */
export function wantedColumns(
  { features }: Pick<Model, 'features'>,
  keep: readonly string[],
): string[] {
  return [...new Set([...features.map(({ name }) => name), ...keep])]
}

/** The types to read them in. @param kept - of `keptTypes` */
export function wantedTypes(
  model: Pick<Model, 'features'>,
  schema: Readonly<Record<string, ColumnType>>,
  kept: Readonly<Record<string, ColumnType>>,
): Record<string, WantedType> {
  return { ...featureTypes(model), ...schema, ...kept }
}
