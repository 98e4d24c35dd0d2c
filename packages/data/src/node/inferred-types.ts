import { findMix, mixError } from '../loading/near-numbers.js'
import type { ColumnChunk, ColumnType } from '../reader.js'
import type { RawTable } from './read-raw.js'

/** Whether a column is a mix is told from so many of its distinct texts, the first there are. */
const textsMax = 1_000_000

/**
 * The type of each column over all rows. Text that was inferred for a column of which at least
 * half of the distinct values are numbers (or dates) is refused, as training refuses it: files
 * that declare it as text would make it categories unnoticed.
 *
 * Rejects with CoppiceError 'DATA' naming the first value that is no number and where it stands.
 *
 * @param schema - types by column name that are not inferred
 * @param mayMix - columns that are what they are
 */
export async function findInferredTypes(
  raw: RawTable,
  schema: Readonly<Record<string, ColumnType>>,
  mayMix: ReadonlySet<string>,
): Promise<Record<string, ColumnType>> {
  const textsOf = new Map<string, Texts>()
  for (const name of raw.names) {
    const isInferred = schema[name] === undefined && raw.declaredType(name) === null
    if (isInferred && !mayMix.has(name)) textsOf.set(name, new Texts())
  }
  const types = await raw.findTypes(raw.names, schema, (name, chunk) =>
    textsOf.get(name)?.add(chunk),
  )
  for (const [name, seen] of textsOf) {
    if (types[name] !== 'string') continue
    const texts = seen.hasNumbers ? await readTexts(raw, name) : seen.distinct
    const mix = findMix(texts)
    if (mix !== null) throw await mixError('column', name, mix, readAs(raw, name, mix.type))
  }
  return types
}

/** The distinct texts of a column, as far as it was read as text. */
class Texts {
  readonly distinct = new Set<string>()
  /** Some unit held nothing but numbers, and was not read as text. */
  hasNumbers = false

  add(chunk: ColumnChunk): void {
    if (chunk.type !== 'string') {
      this.hasNumbers ||= chunk.type !== 'empty'
      return
    }
    for (const text of chunk.dictionary) {
      if (this.distinct.size >= textsMax) return
      this.distinct.add(text)
    }
  }
}

async function readTexts(raw: RawTable, name: string): Promise<ReadonlySet<string>> {
  const texts = new Texts()
  for await (const { columns } of raw.units([name], { [name]: 'string' })) texts.add(columns[0]!)
  return texts.distinct
}

async function readAs(raw: RawTable, name: string, type: ColumnType): Promise<void> {
  for await (const unit of raw.units([name], { [name]: type })) void unit
}
