/** The header of a file of sparse rows, checked. */
import type { ColumnType } from '../reader.js'
import { type CsrHeader, type PlainColumn, VERSION } from './csr-layout.js'
import { FEATURES_MAX } from './libsvm-plan.js'

/** Beside the sparse columns there are labels, weights and the like. */
const COLUMNS_MAX = FEATURES_MAX + 100_000
const columnTypes: readonly ColumnType[] =
  ['empty', 'bool', 'int', 'float', 'date', 'duration', 'string']

type Fields = Readonly<Record<string, unknown>>

/** The header that some bytes are, or null. */
export function parseHeader(bytes: Uint8Array): CsrHeader | null {
  const header = parseJson(bytes)
  if (!isObject(header) || header['version'] !== VERSION) return null
  const { nColumns, names, type, plain, units } = header
  const isWhole = isCount(nColumns) && nColumns <= COLUMNS_MAX &&
    (type === 'int' || type === 'float') && areNames(names, nColumns) &&
    arePlain(plain, nColumns) && Array.isArray(units) && units.every(isUnit) &&
    units.reduce((sum, { nRows }) => sum + nRows, 0) <= 0x7fff_ffff
  return isWhole ? { version: VERSION, nColumns, names, type, plain, units } : null
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function areNames(names: unknown, nColumns: number): names is readonly string[] | null {
  return names === null || (Array.isArray(names) && names.length === nColumns &&
    names.every((name) => typeof name === 'string'))
}

function arePlain(plain: unknown, nColumns: number): plain is readonly PlainColumn[] {
  return Array.isArray(plain) && plain.every((column: unknown, i) => {
    if (!isObject(column)) return false
    const { index, type } = column
    const before = (plain[i - 1] as PlainColumn | undefined)?.index ?? -1
    return isCount(index) && index > before && index < nColumns &&
      columnTypes.includes(type as ColumnType)
  })
}

function isUnit(unit: unknown): unit is CsrHeader['units'][number] {
  return isObject(unit) && isCount(unit['nRows']) && unit['nRows'] > 0 && isCount(unit['nBytes'])
}
