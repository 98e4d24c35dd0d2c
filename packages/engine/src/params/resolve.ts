import { CoppiceError, type ParameterValue } from '@coppice/model'
import { checkContradictions } from './contradictions.js'
import { deriveValues, type MutableValues } from './derive.js'
import { suggestion } from './nearest.js'
import { scheduledValues, scheduleLength, scheduleOf } from './schedule.js'
import type { ResolvedValue } from './parameter.js'
import { parseValue, sameValue, show, spelled } from './parse-value.js'
import {
  findParameter,
  parameterSpellings,
  parameterTable,
  type ParameterInfo,
  type ParameterName,
  type ParameterValues,
} from './table.js'

/** Every supported parameter with its value, and what the user said. */
export interface ResolvedParams extends ParameterValues {
  /** Canonical names of the parameters that were given (with a value other than null). */
  readonly explicit: ReadonlySet<ParameterName>
  /** Canonical names of given parameters that have no effect here, in the table's order. */
  readonly noEffect: readonly ParameterName[]
}

interface GivenValue {
  readonly info: ParameterInfo
  /** The name as the user spelled it. */
  readonly key: string
  readonly written: unknown
  readonly value: ResolvedValue
}

/**
 * Parses a value; one of an unbuilt parameter is refused for that, before any talk of its form.
 */
function parseGiven(info: ParameterInfo, key: string, written: unknown): ResolvedValue {
  if (info.status !== 'unbuilt') return parseValue(info, key, written)
  const wayOut = info.instead === '' ? 'it is not built yet' : info.instead
  const refusal =
    `${spelled(info, key)} = ${show(written)} cannot be used: ${wayOut}; ` +
    `leave it out (or at ${show(info.default)})`
  try {
    const value = parseValue(info, key, written)
    if (sameValue(value, info.default)) return value
  } catch (cause) {
    throw new CoppiceError('PARAMETER', refusal, { cause })
  }
  throw new CoppiceError('PARAMETER', refusal)
}

function readGiven(raw: Readonly<Record<string, unknown>>): Map<ParameterName, GivenValue> {
  const given = new Map<ParameterName, GivenValue>()
  for (const [key, written] of Object.entries(raw)) {
    const info = findParameter(key)
    if (info === undefined) {
      throw new CoppiceError(
        'PARAMETER',
        `unknown parameter "${key}"${suggestion(key, parameterSpellings())}`,
      )
    }
    if (written === undefined || written === null) continue
    const value = parseGiven(info, key, written)
    const other = given.get(info.name)
    if (other !== undefined && !sameValue(other.value, value)) {
      throw new CoppiceError(
        'PARAMETER',
        `"${other.key}" and "${key}" are the same parameter, ${info.name}, and have different ` +
          `values, ${show(other.written)} and ${show(written)}; give it once`,
      )
    }
    if (other === undefined) given.set(info.name, { info, key, written, value })
  }
  return given
}

/**
 * Validates raw parameters and fills in the rest.
 *
 * Names may be canonical or any LightGBM alias, in snake_case or camelCase. Values may be text as
 * in a configuration file: '31', 'true', '+', '-', '1,2,3'. undefined and null mean "not given".
 * A parameter that is given twice under two names must have the same value both times.
 *
 * An explicit `num_leaves` above 2^max_depth is accepted: both are upper limits, and the tree
 * ends at the first that is reached.
 *
 * @throws CoppiceError 'PARAMETER' for unknown names, wrong types, values out of range,
 *   contradictions and whatever is not built yet
 */
export function resolveParams(raw: Readonly<Record<string, unknown>>): ResolvedParams {
  const given = readGiven(raw)
  const values: Record<string, ResolvedValue> = {}
  for (const info of parameterTable) {
    if (info.status !== 'supported') continue
    values[info.camelName] = given.get(info.name)?.value ?? info.default
  }
  // The keys of the loop above are those of ParameterValues by construction of the table.
  const typed = values as unknown as MutableValues
  const explicit: ReadonlySet<ParameterName> = new Set(given.keys())
  deriveValues(typed, explicit)
  checkContradictions(typed)
  checkIterations(typed)
  const noEffect = parameterTable
    .filter(info => given.has(info.name) && (
      info.status === 'no-effect' ||
      // where a training runs is decided elsewhere
      (info.name === 'tree_learner' && typed.treeLearner !== 'voting')))
    .map(info => info.name)
  return { ...typed, explicit, noEffect }
}

/** What is not to be together is not in any iteration. @throws CoppiceError 'PARAMETER' */
function checkIterations(values: ParameterValues): void {
  const schedule = scheduleOf(values)
  if (values.parameterSchedule === '' || schedule === null) return
  const plain = { ...values, parameterSchedule: '', learningRateSchedule: [] }
  for (let iteration = 0; iteration < scheduleLength(schedule); iteration++) {
    try {
      checkContradictions({ ...plain, ...scheduledValues(schedule, iteration) })
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error
      throw new CoppiceError('PARAMETER',
        `parameter_schedule, iteration ${iteration}: ${error.message}`, { cause: error })
    }
  }
}

/**
 * What a model file records: the supported parameters that the model depends on, defaults and
 * derived values included, under canonical snake_case names in ascending order. Those of few
 * objectives are left out at their defaults.
 */
export function modelParameters(params: ParameterValues): Record<string, ParameterValue> {
  const values = params as unknown as Readonly<Record<string, ParameterValue>>
  const rows = parameterTable
    .filter(info => info.status === 'supported' && info.affectsModel)
    .filter(info => !info.omittedAtDefault || !sameValue(values[info.camelName]!, info.default))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return Object.fromEntries(rows.map(info => [info.name, values[info.camelName]!]))
}
