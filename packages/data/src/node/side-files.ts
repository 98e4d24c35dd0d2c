/**
 * Weights and init scores in files beside a file of rows, as LightGBM has them: `x.csv.weight` with
 * a number per line, `x.csv.init` with a number per line, or one per class between tabs.
 * (LightGBM, src/io/metadata.cpp: LoadWeights, LoadInitialScore.)
 */
import { readFile, stat } from 'node:fs/promises'
import { CoppiceError } from '@coppice/model'
import { ioError } from './file-source.js'
import { isLocalUri, localPath } from './uri.js'

/** The endings of files beside a file of rows. */
export const sideEndings = ['weight', 'init', 'query', 'position'] as const
export type SideEnding = (typeof sideEndings)[number]

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
  files: readonly RowFile[], ending: 'weight' | 'init',
): Promise<{ readonly values: Float64Array, readonly nColumns: number } | null> {
  const paths = await findSideFiles(files.map(({ path }) => path), ending)
  const withSide = paths.findIndex((path) => path !== null)
  if (withSide < 0) return null
  const without = paths.indexOf(null)
  if (without >= 0) {
    throw new CoppiceError('DATA', `there is ${paths[withSide]}, but no ` +
      `${files[without]!.path}.${ending}; give every file of the data one, or none`)
  }
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
    throw new CoppiceError('DATA', `all weights of ${paths[withSide]} are 0; at least one must ` +
      'be positive')
  }
  return { values: all, nColumns }
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
  text: string, path: string, nRows: number, ending: 'weight' | 'init',
): { readonly values: Float64Array, readonly width: number } {
  const lines = text.split(/\r\n|\n|\r/)
  const width = ending === 'weight' ? 1
    : (lines.find((line) => line.trim() !== '') ?? '').trim().split('\t').length
  const values = new Float64Array(nRows * width)
  let row = 0
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const fields = width === 1 ? [line] : line.trim().split('\t')
    const numbers = fields.map((field) => numberOf(field))
    const isLegal = numbers.length === width && numbers.every((value) =>
      Number.isFinite(value) && (ending !== 'weight' || value >= 0))
    if (!isLegal) {
      const legal = ending === 'weight' ? 'a finite number >= 0'
        : width === 1 ? 'a finite number' : `${width} finite numbers between tabs`
      throw new CoppiceError('DATA',
        `${path}, line ${i + 1}: ${JSON.stringify(line.slice(0, 60))} is not ${legal}`)
    }
    if (row < nRows) values.set(numbers, row * width)
    row++
  }
  if (row === nRows) return { values, width }
  throw new CoppiceError('DATA', `${path} has ${row} lines for ${nRows} rows of the data; it must ` +
    'have one for each')
}

function numberOf(text: string): number {
  const trimmed = text.trim()
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN
}
