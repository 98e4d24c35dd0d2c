import { customLinks } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import type {
  CodeRef, CustomMetric, CustomObjective, MetricDefinition, ObjectiveDefinition,
} from './types.js'

const objectiveKeys = ['name', 'gradients', 'numClass', 'link', 'baseScore', 'scoreScale']
const metricKeys = ['name', 'higherIsBetter', 'losses', 'transform', 'value']

/** "file.mjs#name", for messages. */
export function placeOf({ file, export: name }: CodeRef): string {
  return file === '' ? name : `${file}#${name}`
}

/** A function is an objective with nothing but its name. */
export function asObjective(value: unknown, code: CodeRef): CustomObjective {
  if (typeof value === 'function') {
    const gradients = value as CustomObjective['gradients']
    return { name: gradients.name === '' || gradients.name === 'default' ? 'custom'
      : gradients.name, gradients }
  }
  requireMembers(value, objectiveKeys, `the objective ${placeOf(code)}`)
  return value as unknown as CustomObjective
}

/**
 * What is known of a custom objective.
 *
 * @param value - a function, or a CustomObjective, perhaps of plain JavaScript
 * @throws CoppiceError 'PARAMETER' naming the member and what is legal
 */
export function defineObjective(value: unknown, code: CodeRef): ObjectiveDefinition {
  const what = `the objective ${placeOf(code)}`
  const given = asObjective(value, code)
  const { name, gradients, numClass = 0, baseScore = 0, scoreScale } = given
  requireThat(typeof name === 'string' && /^[^\r\n]{1,200}$/.test(name), what, 'name', name,
    'a text of one line')
  requireThat(typeof gradients === 'function', what, 'gradients', gradients,
    'a function (rows, gradients, hessians)')
  requireThat(Number.isInteger(numClass) && numClass >= 0 && numClass !== 1 && numClass <= 10_000,
    what, 'numClass', numClass, '0 for labels that are numbers, or at least 2')
  const links = customLinks(numClass)
  const { link = links[0]! } = given
  requireThat(links.includes(link), what, 'link', link, `one of ${links.join(', ')}`)
  requireThat(baseScore === 'mean' || Number.isFinite(baseScore), what, 'baseScore', baseScore,
    "a finite number or 'mean'")
  requireThat(scoreScale === undefined || (scoreScale >= 1e-90 && scoreScale <= 1e90), what,
    'scoreScale', scoreScale, 'a number from 1e-90 to 1e90')
  const { key, file, export: exported } = code
  return {
    key, file, export: exported, name, link, numClass, baseScore, scoreScale: scoreScale ?? null,
  }
}

/**
 * What is known of a custom metric.
 * @throws CoppiceError 'PARAMETER' naming the member and what is legal
 */
export function defineMetric(value: unknown, code: CodeRef): MetricDefinition {
  const what = `the metric ${placeOf(code)}`
  requireMembers(value, metricKeys, what)
  const metric = value as unknown as CustomMetric
  const { name, higherIsBetter = false, losses, transform = 'none', value: whole } = metric
  requireThat(typeof name === 'string' && /^[A-Za-z][\w.-]{0,99}$/.test(name), what, 'name', name,
    'a text of letters, digits, - . and _ that begins with a letter')
  requireThat(typeof higherIsBetter === 'boolean', what, 'higherIsBetter', higherIsBetter,
    'true or false')
  requireThat(transform === 'none' || transform === 'sqrt', what, 'transform', transform,
    "'none' or 'sqrt'")
  const isWhole = losses === undefined
  requireThat(typeof (losses ?? whole) === 'function' && (isWhole || whole === undefined), what,
    'losses', losses, 'a function (rows, losses); or give value, a function (rows), instead')
  requireThat(!isWhole || transform === 'none', what, 'transform', transform,
    "'none' where value is given")
  const { key, file, export: exported } = code
  return { key, file, export: exported, name, higherIsBetter, transform, isWhole }
}

function requireMembers(value: unknown, legal: readonly string[], what: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new CoppiceError('PARAMETER',
      `${what} must be an object with ${legal.join(', ')}, got ${typeof value}`)
  }
  const unknown = Object.keys(value).find((key) => !legal.includes(key))
  if (unknown === undefined) return
  throw new CoppiceError('PARAMETER',
    `${what} has a member "${unknown}"; it may have ${legal.join(', ')}`)
}

function requireThat(
  holds: boolean, what: string, key: string, value: unknown, legal: string,
): void {
  if (holds) return
  const shown = typeof value === 'function' ? 'a function' : JSON.stringify(value) ?? 'nothing'
  throw new CoppiceError('PARAMETER', `${key} of ${what} must be ${legal}; got ${shown}`)
}
