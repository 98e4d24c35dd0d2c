/** Values of fields: every one is checked, and the error names line and field. */

import { CoppiceError } from '../errors.js'
import { damaged, type Field, type Section } from './sections.js'

/** @throws CoppiceError 'MODEL' where the section has no such field */
export function field({ line, fields }: Section, key: string): Field {
  const found = fields.get(key)
  if (found !== undefined) return found
  throw new CoppiceError('MODEL', `LightGBM model: the section that begins in line ${line} lacks ` +
    `the field ${key}; the file is damaged or was not written by LightGBM`)
}

/** Words between spaces. */
export function words(value: string): string[] {
  return value.split(/[ \t]+/).filter((word) => word !== '')
}

/** A decimal number, "inf" or "nan", as the standard library of C writes them. */
export function numberOf(text: string, { key, line }: Field): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text)
  if (/^\+?inf(inity)?$/i.test(text)) return Infinity
  if (/^-inf(inity)?$/i.test(text)) return -Infinity
  if (/^[+-]?nan$/i.test(text)) return NaN
  throw damaged(line, key, 'a number', text)
}

/** An integer in [low, high]. */
export function integerOf(
  text: string, { key, line }: Field, low: number, high = Number.MAX_SAFE_INTEGER,
): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
  if (value >= low && value <= high) return value + 0
  throw damaged(line, key, `an integer in [${low}, ${high}]`, text)
}

/** The one integer of a field. */
export function readInteger(section: Section, key: string, low: number, high?: number): number {
  const own = field(section, key)
  return integerOf(own.value.trim(), own, low, high)
}

/** All words of a field, as many as there must be. */
function readWords(section: Section, key: string, length: number): string[] {
  const own = field(section, key)
  const found = words(own.value)
  if (found.length === length) return found
  throw damaged(own.line, key, `${length} values`, `${found.length} values`)
}

/** As many integers in [low, high] as there must be. */
export function readIntegers(
  section: Section, key: string, length: number, [low, high]: readonly [number, number],
): number[] {
  const own = section.fields.get(key)
  return readWords(section, key, length).map((word) => integerOf(word, own!, low, high))
}

/** As many finite numbers as there must be. */
export function readFinite(section: Section, key: string, length: number): number[] {
  const own = section.fields.get(key)
  return readWords(section, key, length).map((word) => {
    const value = numberOf(word, own!)
    if (!Number.isFinite(value)) throw damaged(own!.line, key, 'finite numbers', word)
    return value
  })
}

/** As many numbers as there must be, of any kind. */
export function readNumbers(section: Section, key: string, length: number): number[] {
  const own = section.fields.get(key)
  return readWords(section, key, length).map((word) => numberOf(word, own!))
}

/**
 * Numbers that no prediction depends on: zeros where the field is absent or empty; what is not
 * finite as LightGBM puts it in JSON, infinities as 1e300 and NaN as 0.
 */
export function readNotes(section: Section, key: string, length: number): number[] {
  if (isBlank(section, key)) return new Array<number>(length).fill(0)
  return readNumbers(section, key, length).map((value) =>
    Number.isNaN(value) ? 0 : Math.min(Math.max(value, -1e300), 1e300))
}

/** Whether a field is absent or has no words. */
export function isBlank(section: Section, key: string): boolean {
  return words(section.fields.get(key)?.value ?? '').length === 0
}
