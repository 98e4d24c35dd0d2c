import { findParameter, parseValue } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'

/** The key under which a parameter is given, whatever its spelling. */
function keyOf(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.keys(params).find((key) => findParameter(key)?.name === name)
}

/**
 * The parameters with lists in the place of the functions of `parameterSchedule`: a function is
 * asked for the values of all iterations, before the first of them.
 *
 * @param raw - in any spelling
 * @throws CoppiceError 'PARAMETER' for a number of iterations that is none, and for functions that
 *   throw or give no number
 */
export function withScheduleLists(
  raw: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const key = keyOf(raw, 'parameter_schedule')
  const given = key === undefined ? undefined : raw[key]
  if (typeof given !== 'object' || given === null) return { ...raw }
  const entries = Object.entries(given as Record<string, unknown>)
  if (!entries.some(([, values]) => typeof values === 'function')) return { ...raw }
  const info = findParameter('num_iterations')!
  const named = keyOf(raw, 'num_iterations')
  const nIterations = named === undefined || raw[named] === undefined ? info.default
    : parseValue(info, named, raw[named])
  const listOf = (name: string, values: unknown): unknown => {
    if (typeof values !== 'function') return values
    const valueAt = values as (iteration: number) => unknown
    return Array.from({ length: Number(nIterations) }, (_, iteration) => {
      const value = valueOf(name, valueAt, iteration)
      if (typeof value === 'number' && Number.isFinite(value)) return value
      const shown = typeof value === 'number' ? value : typeof value
      throw new CoppiceError('PARAMETER', `parameterSchedule.${name} gives ${shown} for ` +
        `iteration ${iteration}; it must give a finite number for each of them`)
    })
  }
  return { ...raw, [key!]: Object.fromEntries(
    entries.map(([name, values]) => [name, listOf(name, values)])) }
}

/** What a function says of an iteration. @throws CoppiceError 'PARAMETER' where it throws */
function valueOf(
  name: string, valueAt: (iteration: number) => unknown, iteration: number,
): unknown {
  try {
    return valueAt(iteration)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CoppiceError('PARAMETER', `parameterSchedule.${name} throws for iteration ` +
      `${iteration}: ${reason}; it must give a finite number for each of them`, { cause })
  }
}
