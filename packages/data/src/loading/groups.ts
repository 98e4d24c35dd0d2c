import { CoppiceError } from '@coppice/model'
import type { ColumnChunk } from '../reader.js'
import type { GroupScan, UnitPlace } from './job.js'
import { cellError } from './place.js'

/** Runs of equal query ids. Throws CoppiceError 'DATA' naming the row of a missing id. */
export function scanGroups(name: string, place: UnitPlace, chunk: ColumnChunk): GroupScan {
  const keys: (string | number)[] = []
  const lengths: number[] = []
  const ids = chunk.type === 'string' ? chunk.codes : chunk.values
  let previous = NaN
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!
    if (id !== id || (chunk.type === 'string' && id < 0)) {
      throw cellError('group', name, place, row, 'has no query id')
    }
    if (id === previous) {
      lengths[lengths.length - 1]!++
    } else {
      keys.push(chunk.type === 'string' ? chunk.dictionary[id]! : id)
      lengths.push(1)
      previous = id
    }
  }
  return { keys, lengths }
}

/** The runs of one unit, with the partition they belong to. */
export interface PlacedGroups {
  readonly partition: string
  readonly groups: GroupScan
}

/**
 * Row counts of the query groups, in row order.
 *
 * Throws CoppiceError 'DATA' for a group in two runs or in two partitions: contract rule 1 wants
 * each group whole within one partition.
 *
 * @param units - in row order
 */
export function mergeGroups(name: string, units: readonly PlacedGroups[]): Uint32Array {
  const sizes: number[] = []
  const partitionOf = new Map<string | number, string>()
  let lastKey: string | number | null = null
  for (const { partition, groups } of units) {
    for (const [i, key] of groups.keys.entries()) {
      const length = groups.lengths[i]!
      const known = partitionOf.get(key)
      if (known === undefined) {
        partitionOf.set(key, partition)
        sizes.push(length)
      } else if (known !== partition) {
        throw new CoppiceError(
          'DATA',
          `query ${String(key)} (group column '${name}') has rows in two partitions, ` +
            `${known} and ${partition}; put all rows of a query into one: ` +
            `\`coppice partition --group ${name}\``,
        )
      } else if (key === lastKey) {
        sizes[sizes.length - 1]! += length
      } else {
        throw new CoppiceError(
          'DATA',
          `query ${String(key)} (group column '${name}') appears in two separate runs of rows in ` +
            `${partition}; sort the rows by '${name}' so that each query is in one piece`,
        )
      }
      lastKey = key
    }
  }
  return Uint32Array.from(sizes)
}
