/**
 * What is in files beside a file of rows, as LightGBM has them: `x.csv.weight` and `x.csv.position`
 * with a number per line, `x.csv.init` with a number per line, or one per class between tabs,
 * `x.csv.query` with the number of rows of a query in each line.
 * (LightGBM, src/io/metadata.cpp: LoadWeights, LoadInitialScore, LoadPositions,
 * LoadQueryBoundaries.)
 */
import { readFile, stat } from 'node:fs/promises'
import { isPosition, POSITION_MAX } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { ioError } from './file-source.js'
import { isLocalUri, localPath } from './uri.js'

/** The endings of files beside a file of rows. */
export const sideEndings = ['weight', 'init', 'query', 'position'] as const
export type SideEnding = (typeof sideEndings)[number]

/** Of files with numbers for each row. */
type NumberEnding = Exclude<SideEnding, 'query'>

/** Which files are beside each of these; files elsewhere have none. */
export async function findSideFiles(
  paths: readonly string[], ending: SideEnding,
): Promise<readonly (string | null)[]> {
  const found: (string | null)[] = []
  for (const path of paths) {
    const side = isLocalUri(path) ? `${localPath(path)}.${ending}` : null
    const isFile = side !== null &&
      await stat(side).then((entry) => entry.isFile(), () => false)
    found.push(isFile ? side : null)
  }
  return found
}

/** A file of rows, with the number of them. */
export interface RowFile {
  readonly path: string
  readonly nRows: number
}

/**
 * Numbers beside all rows, or null where no file has any.
 *
 * @param files - in the order of the rows
 * @returns row-major; `nColumns` numbers per row, the same in all files
 * @throws CoppiceError 'DATA' for files of which only some have numbers, for what is no number and
 *   for another number of lines than of rows; 'IO' for what cannot be read
 */
export async function readSideNumbers(
  files: readonly RowFile[], ending: NumberEnding,
): Promise<{ readonly values: Float64Array, readonly nColumns: number } | null> {
  const paths = await findAll(files, ending)
  if (paths === null) return null
  const parts: Float64Array[] = []
  let nColumns = 0
  for (const [i, { nRows }] of files.entries()) {
    if (nRows === 0) continue
    const { values, width } = parseSide(await readText(paths[i]!), paths[i]!, nRows, ending)
    if (nColumns !== 0 && width !== nColumns) {
      throw new CoppiceError('DATA', `${paths[i]} has ${width} numbers in a line, but the files ` +
        `before it have ${nColumns}; all must have one per class`)
    }
    nColumns = width
    parts.push(values)
  }
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  if (ending === 'weight' && all.length > 0 && !all.some((weight) => weight > 0)) {
    throw new CoppiceError('DATA', `all weights of ${paths[0]} are 0; at least one must ` +
      'be positive')
  }
  return { values: all, nColumns }
}

/**
 * Row counts of the queries of all rows, or null where no file has any. A query is within a file.
 *
 * @param files - in the order of the rows
 * @throws CoppiceError as `readSideNumbers`
 */
export async function readSideQueries(files: readonly RowFile[]): Promise<Uint32Array | null> {
  const paths = await findAll(files, 'query')
  if (paths === null) return null
  const sizes: number[] = []
  for (const [i, { nRows }] of files.entries()) {
    const own = parseQueries(await readText(paths[i]!), paths[i]!)
    const sum = own.reduce((total, size) => total + size, 0)
    if (sum !== nRows) {
      throw new CoppiceError('DATA', `the queries of ${paths[i]} have ${sum} rows in all, but ` +
        `the data beside it have ${nRows}; the numbers of rows must add up`)
    }
    for (const size of own) sizes.push(size)
  }
  return Uint32Array.from(sizes)
}

/** The file beside each, or null where none has one. @throws CoppiceError 'DATA' if only some do */
async function findAll(
  files: readonly RowFile[], ending: SideEnding,
): Promise<readonly string[] | null> {
  const paths = await findSideFiles(files.map(({ path }) => path), ending)
  const found = paths.find((path) => path !== null)
  if (found === undefined) return null
  const without = paths.indexOf(null)
  if (without < 0) return paths as readonly string[]
  throw new CoppiceError('DATA', `there is ${found}, but no ` +
    `${files[without]!.path}.${ending}; give every file of the data one, or none`)
}

function parseQueries(text: string, path: string): number[] {
  const sizes: number[] = []
  for (const [i, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue
    const size = numberOf(line)
    if (!(Number.isSafeInteger(size) && size >= 1)) {
      throw new CoppiceError('DATA', `${path}, line ${i + 1}: ` +
        `${JSON.stringify(line.slice(0, 60))} is not the number of a query's rows, 1 or more`)
    }
    sizes.push(size)
  }
  return sizes
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read ${path}`, error)
  }
}

/** Blank lines do not count, as in LightGBM. */
function parseSide(
  text: string, path: string, nRows: number, ending: NumberEnding,
): { readonly values: Float64Array, readonly width: number } {
  const lines = text.split(/\r\n|\n|\r/)
  const width = ending !== 'init' ? 1
    : (lines.find((line) => line.trim() !== '') ?? '').trim().split('\t').length
  const values = new Float64Array(nRows * width)
  let row = 0
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const fields = width === 1 ? [line] : line.trim().split('\t')
    const numbers = fields.map((field) => numberOf(field))
    const isLegal = numbers.length === width &&
      numbers.every((value) => isLegalNumber(value, ending))
    if (!isLegal) {
      const legal = ending === 'weight' ? 'a finite number >= 0'
        : ending === 'position' ? `a position, a whole number from 0 to ${POSITION_MAX}`
        : width === 1 ? 'a finite number' : `${width} finite numbers between tabs`
      throw new CoppiceError('DATA',
        `${path}, line ${i + 1}: ${JSON.stringify(line.slice(0, 60))} is not ${legal}`)
    }
    if (row < nRows) values.set(numbers, row * width)
    row++
  }
  if (row === nRows) return { values, width }
  throw new CoppiceError('DATA', `${path} has ${row} lines for ${nRows} rows of the data; it ` +
    'must have one for each')
}

function isLegalNumber(value: number, ending: NumberEnding): boolean {
  return ending === 'position' ? isPosition(value)
    : Number.isFinite(value) && (ending !== 'weight' || value >= 0)
}

function numberOf(text: string): number {
  const trimmed = text.trim()
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN
}
