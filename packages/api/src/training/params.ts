/** Training parameters as the library takes them: the engine's table in camelCase. */
import {
  findParameter,
  type ParameterName,
  type ParameterValues,
  resolveParams,
} from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { CodeAddress, GivenMetric, GivenObjective } from './custom.js'
import type { StructuredParams } from './structured-params.js'

/** Parameters that say which column is what: options of a `Dataset`, not of a training. */
export const datasetParameters = [
  'header',
  'label_column',
  'weight_column',
  'group_column',
  'position_column',
  'ignore_column',
  'categorical_feature',
] as const satisfies readonly ParameterName[]

type DatasetParameter =
  | 'header'
  | 'labelColumn'
  | 'weightColumn'
  | 'groupColumn'
  | 'positionColumn'
  | 'ignoreColumn'
  | 'categoricalFeature'

/** A list may be given as one value; one of numbers as '1,2' too. */
type Given<V> = V extends readonly (infer Item)[]
  ? V | Item | (Item extends string ? NoMetric : string) : V

/** What stands for no metric at all, which is not the same as none given. */
type NoMetric = 'None'

/**
 * Parameters of a training under the camelCase of LightGBM's names, all optional; `coppice
 * params` lists defaults and ranges. Parameters in LightGBM's own spelling (snake_case, aliases,
 * values as text) go through `paramsFrom`.
 */
export type TrainingParams = {
  readonly [K in Exclude<keyof ParameterValues,
    DatasetParameter | keyof OwnCode | keyof StructuredParams>]?:
    Given<ParameterValues[K]> | undefined
} & OwnCode & StructuredParams

/** Parameters that code of the user's may be given as. */
type OwnCode = {
  /** The name of a loss, or a loss of your own: a `CustomObjective` or its function alone. */
  readonly objective?: ParameterValues['objective'] | GivenObjective | undefined
  /** With `objective: 'custom'`: a module and what it exports, 'loss.mjs#name'. */
  readonly customObjective?: CodeAddress | undefined
  /** Metrics of your own, in modules ('metrics.mjs#name') or objects of this program. */
  readonly customMetrics?: GivenMetric | readonly GivenMetric[] | undefined
}

/** Parameters in any accepted spelling, as a program that reads them from elsewhere has them. */
export type RawParams = Readonly<Record<string, unknown>>

/**
 * Refuses names that no parameter has.
 * @throws CoppiceError 'PARAMETER' with the nearest name
 */
export function checkParameterNames(params: RawParams): void {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new CoppiceError('PARAMETER',
      `parameters must be an object such as {numLeaves: 31}, got ${JSON.stringify(params)}`)
  }
  // Values are left out: only the names are looked at.
  resolveParams(Object.fromEntries(Object.keys(params).map((name) => [name, undefined])))
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue
    const row = findParameter(name)
    if (row !== undefined && datasetParameters.some((other) => other === row.name)) {
      throw new CoppiceError('PARAMETER',
        `${name} is not a parameter of a training here: it says what the columns are; give it ` +
        'to the Dataset (label, weight, group, ignore, categorical, header)')
    }
  }
}

/**
 * The parameters under their canonical camelCase names; null and undefined are left out.
 * @throws CoppiceError 'PARAMETER' when one parameter has different values under two names
 */
export function canonicalParams(params: RawParams): Record<string, unknown> {
  const spellings = new Map<string, string>()
  const canonical: Record<string, unknown> = {}
  for (const [spelling, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue
    const name = findParameter(spelling)?.camelName ?? spelling
    const other = spellings.get(name)
    if (other !== undefined && JSON.stringify(canonical[name]) !== JSON.stringify(value)) {
      throw new CoppiceError('PARAMETER',
        `"${other}" and "${spelling}" are the same parameter, ${name}; give it once`)
    }
    spellings.set(name, spelling)
    canonical[name] = value
  }
  return canonical
}

/**
 * Parameters of a training from a record in any spelling that LightGBM knows: a configuration
 * file, a row of a grid search, what was written for LightGBM. Names become canonical, values
 * stay as they are; `train` checks them.
 *
 * ```ts
 * await train(paramsFrom({ num_leaves: '31', eta: 0.1, n_estimators: 200 }), dataset)
 * ```
 *
 * @throws CoppiceError 'PARAMETER' for an unknown name, with the nearest one, for one that says
 *   what the columns are, and for one parameter with two values
 */
export function paramsFrom(raw: RawParams): TrainingParams {
  checkParameterNames(raw)
  return canonicalParams(raw)
}

/** The value given for a parameter under any of its names, or undefined. */
export function givenValue(params: RawParams, name: ParameterName): unknown {
  const given = Object.entries(params).find(([spelling, value]) =>
    value !== undefined && value !== null && findParameter(spelling)?.name === name)
  return given?.[1]
}
