/** Rows as they are read, in the form the predictor takes. */
import type { Columns, Model } from '@coppice/model'
import type { WantedType } from '../column-types.js'
import type { ColumnChunk } from '../reader.js'

/**
 * Types that a model's features must be read as, by name: text categories as text, all others as
 * any numbers that training takes.
 */
export function featureTypes({ features }: Pick<Model, 'features'>): Record<string, WantedType> {
  return Object.fromEntries(
    features.map((feature) => {
      const isText = feature.kind === 'categorical' && typeof feature.categories[0] === 'string'
      return [feature.name, isText ? 'string' : 'number']
    }),
  )
}

/** The features of a batch whose first columns they are. */
export function featureColumns(
  { features }: Pick<Model, 'features'>,
  { columns }: { readonly columns: readonly ColumnChunk[] },
): Columns {
  return Object.fromEntries(features.map(({ name }, f) => [name, cellsOf(columns[f]!)]))
}

/** A chunk as an array: numbers with NaN for missing, texts with null. */
export function cellsOf(chunk: ColumnChunk): Float64Array | (string | null)[] {
  if (chunk.type !== 'string') return chunk.values
  const { codes, dictionary } = chunk
  return Array.from(codes, (code) => (code < 0 ? null : dictionary[code]!))
}
