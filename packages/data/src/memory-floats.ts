/** Columns of floats in memory, which are not read to be binned. */
import {
  columnsSampledAtOnce, findColumnBins, type FloatBinner, type NumberColumn, type NumericBinMapper,
} from '@coppice/engine'
import { throwIfAborted } from './loading/inline-runner.js'
import type { LoadInputs } from './loading/options.js'
import type { MemoryTable } from './memory-rows.js'
import type { ColumnType, PartitionReader } from './reader.js'

/** Whether a column of floats can be taken as it is. */
export function isReady(
  nColumns: number, index: number, type: ColumnType | null | undefined,
): boolean {
  return index < nColumns && (type === null || type === 'float')
}

/** What is done with floats without reading them. Bins are found later, of all rows at once. */
export function floatReader(
  table: MemoryTable,
): Pick<PartitionReader, 'readSample' | 'readFloats'> {
  return {
    readSample: (_plan, _unit, columns, types) => columns.map((index, i) =>
      floatColumn(table, index, types[i]) === null ? null : { type: 'float', sampled: null }),
    readFloats(_plan, { firstRow }, columns, types) {
      const found = floatColumns(table, columns, types)
      return found === null ? null : { columns: found, firstRow }
    },
  }
}

function floatColumn(
  { names, floats }: MemoryTable, index: number, type: ColumnType | null | undefined,
): NumberColumn | null {
  return isReady(names.length, index, type) ? floats?.(index) ?? null : null
}

/** Null where some of the columns are not floats. */
function floatColumns(
  table: MemoryTable, columns: readonly number[], types: readonly (ColumnType | null)[],
): NumberColumn[] | null {
  const found = columns.flatMap((index, i) => floatColumn(table, index, types[i]) ?? [])
  return found.length < columns.length ? null : found
}

/** See SurveyInputs and LoadInputs. */
export function floatBinning(
  table: MemoryTable,
  { binner, signal }: { readonly binner?: FloatBinner, readonly signal?: AbortSignal },
): Pick<LoadInputs, 'findBins' | 'binAhead'> {
  const { floats, nRows } = table
  if (floats === undefined) return {}
  return {
    async findBins(features, offsets) {
      throwIfAborted(signal)
      const all = features.map(({ column }) => floats(column)!)
      const chosen = features.map(({ options }) => options)
      if (binner?.takes(all, nRows) === true) {
        return binner.find(all, chosen, nRows, offsets, signal)
      }
      const atOnce = columnsSampledAtOnce(offsets?.length ?? nRows)
      const found: NumericBinMapper[] = []
      for (let k = 0; k < features.length; k += atOnce) {
        throwIfAborted(signal)
        const end = k + atOnce
        found.push(...findColumnBins(all.slice(k, end), chosen.slice(k, end), nRows, offsets))
      }
      return found
    },
    binAhead(columns, types, lookups, blocks) {
      const all = floatColumns(table, columns, types)
      if (all === null || binner?.takes(all, nRows) !== true) return null
      throwIfAborted(signal)
      return binner.bin(lookups, all, blocks, signal)
    },
  }
}

