/** Columns of text that should be, or look as if they should be, numbers. */
import { CoppiceError } from '@coppice/model'
import { countNumberTexts } from '../formats/coerce.js'
import type { ColumnType, StringChunk, Unit } from '../reader.js'
import type { JobColumn, UnitPlace } from './job.js'
import type { PlacedScan } from './merge.js'
import type { TaskRunner } from './options.js'
import { describeRow } from './place.js'

/**
 * Refuses text that was inferred for a feature of which at least half of the distinct values are
 * numbers (or dates): one bad value must not turn numbers into categories unnoticed. Text that
 * was declared, by the user or by the files, is what it is said to be.
 *
 * @param units - where the scans come from
 * @throws CoppiceError 'DATA' naming the first value that is no number, where it stands, and the
 *   ways out
 */
export async function refuseNearNumbers(
  runner: TaskRunner,
  columns: readonly JobColumn[],
  types: readonly ColumnType[],
  units: readonly { readonly partitionIdx: number; readonly unit: Unit }[],
  scans: readonly PlacedScan[],
): Promise<void> {
  for (const [i, column] of columns.entries()) {
    const isInferred = !column.isCategorical && !column.isDeclaredText && column.forced === null
    if (column.role !== 'feature' || types[i] !== 'string' || !isInferred) continue
    const mix = findMix(distinctTexts(scans, i))
    if (mix === null) continue
    const { type } = mix
    const parse = runner.run(
      units.map((unit) => ({ kind: 'parse' as const, ...unit, column: i, type })),
    )
    throw await mixError('feature column', column.name, mix, parse)
  }
}

/** Texts of which too many are numbers or dates to be there by chance. */
export interface Mix {
  /** What the others should be. */
  readonly type: 'float' | 'date'
  readonly nFound: number
  readonly nTexts: number
}

/** The mix that distinct texts are; null where less than half of them are numbers or dates. */
export function findMix(texts: ReadonlySet<string>): Mix | null {
  const { nNumbers, nDates } = countNumberTexts(texts)
  const nFound = Math.max(nNumbers, nDates)
  if (2 * nFound < texts.size) return null
  return { type: nDates > nNumbers ? 'date' : 'float', nFound, nTexts: texts.size }
}

/**
 * The error for a mix.
 *
 * @param what - 'feature column', or 'column' where roles are not known
 * @param parse - the column being read with the type of the mix, for the value that is not of it
 */
export async function mixError(
  what: string,
  column: string,
  { type, nFound, nTexts }: Mix,
  parse: Promise<unknown>,
): Promise<CoppiceError> {
  const kind = type === 'date' ? 'dates' : 'numbers'
  const culprit = (await reasonOf(parse)) ?? 'some of them are stored as text'
  return new CoppiceError(
    'DATA',
    `${what} '${column}' mixes ${kind} and text: ${nFound} of its ${nTexts} distinct values are ` +
      `${kind}, but ${culprit}; mend it, add it to the missing values (--missing-values) or, if ` +
      `the column is to be categorical, declare it (--categorical ${column}, or categorical: ` +
      `['${column}'])`,
  )
}

/**
 * The error for text in a column that must hold numbers.
 *
 * @param parse - the column being read as numbers, for the value that is none
 */
export async function textError(
  { role, name }: JobColumn,
  place: UnitPlace,
  chunk: StringChunk,
  parse: Promise<unknown>,
): Promise<CoppiceError> {
  const row = chunk.codes.findIndex((code) => code >= 0)
  const first = `'${chunk.dictionary[chunk.codes[row] ?? -1]}' in ${describeRow(place, row)}`
  const culprit = (await reasonOf(parse)) ?? `${first} is stored as text`
  const others = role === 'label' ? 'classify (objective binary or multiclass)'
    : 'name another column'
  return new CoppiceError(
    'DATA',
    `${role} column '${name}' must hold numbers but holds text: ${culprit}; ` +
      `correct it, add it to the missing values, or ${others}`,
  )
}

function distinctTexts(scans: readonly PlacedScan[], column: number): Set<string> {
  const texts = new Set<string>()
  for (const { scan } of scans) {
    const feature = scan.features[column]
    if (feature?.kind !== 'categories') continue
    for (const value of feature.values) texts.add(String(value))
  }
  return texts
}

/** What a read says is wrong, without the way out that follows; null where nothing is. */
async function reasonOf(read: Promise<unknown>): Promise<string | null> {
  try {
    await read
    return null
  } catch (error) {
    if (!(error instanceof CoppiceError && error.code === 'DATA')) throw error
    const end = error.message.lastIndexOf('; ')
    return end < 0 ? error.message : error.message.slice(0, end)
  }
}
