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
  return Object.fromEntries(features.map(({ name }, f) => {
    const chunk = columns[f]!
    return [name, chunk.type === 'string' ? chunk : chunk.values]
  }))
}
