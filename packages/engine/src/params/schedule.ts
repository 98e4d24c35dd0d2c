import { CoppiceError, parseUniqueJson, RepeatedKeyError } from '@coppice/model'

/** Parameters that may be another from iteration to iteration, as LightGBM's reset_parameter. */
export const scheduledNames = [
  'learning_rate', 'num_leaves', 'max_depth', 'min_data_in_leaf', 'min_sum_hessian_in_leaf',
  'lambda_l1', 'lambda_l2', 'min_gain_to_split', 'max_delta_step', 'cat_smooth', 'cat_l2',
  'min_data_per_group', 'max_cat_threshold', 'feature_fraction', 'feature_fraction_bynode',
  'bagging_fraction', 'pos_bagging_fraction', 'neg_bagging_fraction',
] as const

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}` : S

/** Their names in `ParameterValues`. */
export type ScheduledName = Camel<(typeof scheduledNames)[number]>

/** Values of the first iterations, by name; those after them have the parameter's own. */
export type Schedule = { readonly [K in ScheduledName]?: readonly number[] }

/** Values of one iteration, where they are not the parameter's own. */
export type ScheduledValues = { readonly [K in ScheduledName]?: number }

/** What a schedule must be, in words. */
export const scheduleNoun = 'an object of lists of numbers, one for each of the first ' +
  `iterations, by the name of a parameter: ${scheduledNames.join(', ')}`

/**
 * The fixed text of a given schedule, '' for an empty one; null for what is none. Throws
 * CoppiceError 'PARAMETER' for a parameter in two spellings.
 *
 * @param given - an object, or JSON
 * @param parse - the canonical name of a parameter, and its value; throws where they are not legal
 */
export function scheduleText(
  given: unknown, parse: (name: string, value: unknown) => readonly [string, number],
): string | null {
  const value = typeof given === 'string' ? parsed(given) : given
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const lists: [string, number[]][] = []
  for (const [key, list] of Object.entries(value as Record<string, unknown>)) {
    if (list === undefined) continue
    const items = ArrayBuffer.isView(list) ? [...list as unknown as Iterable<unknown>] : list
    if (!Array.isArray(items)) return null
    const own = (items as unknown[]).map((item) => parse(key, item))
    const [first] = own
    if (first === undefined) continue
    lists.push([first[0], own.map(([, item]) => item)])
  }
  const names = lists.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) {
    throw new CoppiceError('PARAMETER',
      `parameter_schedule has ${twice} twice, in two spellings; give it once`)
  }
  return lists.length === 0 ? ''
    : JSON.stringify(Object.fromEntries(lists.sort(([a], [b]) => a < b ? -1 : 1)))
}

function parsed(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return parseUniqueJson(text)
  } catch (error) {
    if (error instanceof RepeatedKeyError) throw error
    return null
  }
}

/** The schedule of a training; null where there is none. */
export function scheduleOf(
  { parameterSchedule, learningRateSchedule }: {
    readonly parameterSchedule: string, readonly learningRateSchedule: readonly number[],
  },
): Schedule | null {
  const lists = parameterSchedule === '' ? {}
    : JSON.parse(parameterSchedule) as Readonly<Record<string, readonly number[]>>
  const entries = Object.entries(lists).map(([name, list]) =>
    [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), list] as const)
  if (learningRateSchedule.length > 0) entries.push(['learningRate', learningRateSchedule])
  return entries.length === 0 ? null : Object.fromEntries(entries) as Schedule
}

/** The values of an iteration that are not the parameters' own. */
export function scheduledValues(schedule: Schedule, iteration: number): ScheduledValues {
  return Object.fromEntries(Object.entries(schedule).flatMap(([name, list]) =>
    iteration < list.length ? [[name, list[iteration]!]] : [])) as ScheduledValues
}

/** Iterations that a schedule has values for. */
export function scheduleLength(schedule: Schedule): number {
  return Math.max(0, ...Object.values(schedule).map((list) => list.length))
}
