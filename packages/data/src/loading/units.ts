import type { Unit } from '../reader.js'
import type { PlacedUnit } from './first-pass.js'
import type { RecipePartition } from './recipe.js'

/** Units that are read as one have no more bytes and rows than this, unless one alone has. */
const joinedBytesMax = 4 << 20
const joinedRowsMax = 1 << 16

/**
 * The units that have rows, in row order. Those of LibSVM are small for the sake of readers that
 * want a value in each row; they are joined here, for tasks that read with `readStored`.
 */
export function unitsOf(
  partitions: readonly Pick<RecipePartition, 'format' | 'plan'>[],
  bytesMax = joinedBytesMax,
): PlacedUnit[] {
  return partitions.flatMap(({ format, plan }, partitionIdx) => {
    const units = plan.units.filter((unit) => unit.nRows > 0)
    const joined = format === 'libsvm' ? joinUnits(units, bytesMax) : units
    return joined.map((unit) => ({ partitionIdx, unit }))
  })
}

function joinUnits(units: readonly Unit[], bytesMax: number): Unit[] {
  const joined: Unit[] = []
  for (const unit of units) {
    const last = joined.at(-1)
    const fits = last !== undefined && unit.end - last.start <= bytesMax &&
      last.nRows + unit.nRows <= joinedRowsMax
    if (fits) joined[joined.length - 1] = { ...last, nRows: last.nRows + unit.nRows, end: unit.end }
    else joined.push(unit)
  }
  return joined
}
