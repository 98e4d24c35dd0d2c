import type { Model } from '@coppice/model'
import type { PlacedUnit } from '../loading/first-pass.js'
import type { RecipePartition } from '../loading/recipe.js'
import { unitsOf } from '../loading/units.js'
import { takesSparse } from './unit-rows.js'

/** Threads predict several units at a time; larger ones take more memory and no less time. */
const joinedBytesMax = 1 << 20

/**
 * The units in which rows are predicted, in row order: those that have rows. Small ones of files
 * that leave out zeros are joined where the model takes rows like that; with zeros, they would take
 * too much memory.
 */
export function predictionUnits(
  model: Pick<Model, 'features'>,
  partitions: readonly Pick<RecipePartition, 'format' | 'plan'>[],
): PlacedUnit[] {
  if (takesSparse(model)) return unitsOf(partitions, joinedBytesMax)
  return partitions.flatMap(({ plan }, partitionIdx) =>
    plan.units.filter(({ nRows }) => nRows > 0).map((unit) => ({ partitionIdx, unit })))
}
