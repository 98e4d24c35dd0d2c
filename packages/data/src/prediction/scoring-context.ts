import type { JobContext } from '../loading/job.js'
import type { DatasetRecipe, RecipePartition } from '../loading/recipe.js'
import type { Model } from '@coppice/model'
import { featureTypes } from './features.js'
import type { PredictionPlan } from './plan.js'

/**
 * The context of tasks that score rows of a data set with a model: columns are found by the names
 * of the model's features, and read with the types that the data set has them in.
 *
 * @param model - all its features are features of the recipe
 * @param bytes - the same as text
 */
export function scoringContext(
  recipe: DatasetRecipe, partitions: readonly RecipePartition[], model: Model,
  bytes: Pick<PredictionPlan, 'model' | 'modelHash'>,
): JobContext {
  const { textOptions, columns } = recipe
  const placeOf = new Map(columns.flatMap(({ name, role }, place) =>
    role === 'feature' ? [[name, place] as const] : []))
  const places = model.features.map(({ name }) => placeOf.get(name)!)
  const wanted = featureTypes(model)
  return {
    textOptions,
    columns: places.map((place) => columns[place]!),
    partitions: partitions.map((partition) =>
      ({ ...partition, columnIdx: places.map((place) => partition.columnIdx[place]!) })),
    scan: null,
    prediction: {
      ...bytes,
      iterations: null,
      type: 'raw',
      types: places.map((place) => columns[place]!.forced ?? wanted[columns[place]!.name]!),
      kept: [],
    },
  }
}
