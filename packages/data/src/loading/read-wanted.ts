import { CoppiceError } from '@coppice/model'
import type { WantedType } from '../column-types.js'
import { countNumberTexts } from '../formats/coerce.js'
import type { ColumnChunk, ColumnType, SparseNumbers } from '../reader.js'

/** Reads columns of one unit with forced types; null infers. */
type ReadColumns<Chunk> = (
  columns: readonly number[],
  types: readonly (ColumnType | null)[],
) => Promise<Chunk[]>

/**
 * Reads columns of one unit, those wanted as 'number' with the type that they turn out to have.
 *
 * Where that is text, or none (integers beyond 2^53), they are read again as floats or dates, so
 * that the error names the value that is neither. Nearly always one read is enough.
 */
export async function readWanted<Chunk extends ColumnChunk | SparseNumbers>(
  read: ReadColumns<Chunk>,
  columns: readonly number[],
  wanted: readonly (WantedType | null)[],
): Promise<Chunk[]> {
  const types = wanted.map((type) => (type === 'number' ? null : type))
  const chunks = wanted.includes('number')
    ? await orNull(read(columns, types))
    : await read(columns, types)
  const found: Chunk[] = []
  const again: { readonly k: number; readonly type: 'float' | 'date' }[] = []
  for (const [k, column] of columns.entries()) {
    const isNumber = wanted[k] === 'number'
    const chunk =
      chunks !== null
        ? chunks[k]!
        : isNumber
          ? ((await orNull(read([column], [null])))?.[0] ?? null)
          : (await read([column], [types[k]!]))[0]!
    const isText = isNumber && chunk?.type === 'string'
    if (chunk === null || isText) again.push({ k, type: numberType(chunk) })
    if (chunk !== null) found[k] = chunk
  }
  // All at once, so that of several errors the first one in the rows is told.
  const reread = again.length === 0 ? []
    : await read(again.map(({ k }) => columns[k]!), again.map(({ type }) => type))
  for (const [i, { k }] of again.entries()) found[k] = reread[i]!
  return found
}

/** What a column of text was meant to be. */
function numberType(chunk: ColumnChunk | SparseNumbers | null): 'float' | 'date' {
  if (chunk?.type !== 'string') return 'float'
  const { nNumbers, nDates } = countNumberTexts(chunk.dictionary)
  return nDates > nNumbers ? 'date' : 'float'
}

/** null where the data cannot be read in this way. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CoppiceError && error.code === 'DATA') return null
    throw error
  }
}
