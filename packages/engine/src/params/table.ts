/**
 * The one table of parameters: validation, TypeScript types, command-line flags, configuration
 * files and the reference page are derived from it. Names, defaults, ranges and aliases are those
 * of LightGBM 4.6 (docs/Parameters.rst, src/io/config.cpp), so that its users can bring theirs.
 */
import { constraintParameters } from './constraints.js'
import { controlParameters } from './control.js'
import { coreParameters } from './core.js'
import { dataParameters } from './data.js'
import { elsewhereParameters } from './elsewhere.js'
import { objectiveParameters } from './objective.js'
import type { Parameter, ParameterGroup } from './parameter.js'

/** Every row by canonical snake_case name. */
export const parameters = {
  ...coreParameters,
  ...controlParameters,
  ...constraintParameters,
  ...dataParameters,
  ...objectiveParameters,
  ...elsewhereParameters,
}

/** A canonical snake_case name. */
export type ParameterName = keyof typeof parameters

/** `num_leaves` to `numLeaves`. */
export type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

type SupportedName = {
  [K in ParameterName]: (typeof parameters)[K]['status'] extends 'supported' ? K : never
}[ParameterName]

/** Resolved values of the supported parameters under their camelCase names. */
export type ParameterValues = {
  readonly [K in SupportedName as CamelCase<K>]: (typeof parameters)[K]['default']
}

/** A row with its names, for loops over the table. */
export interface ParameterInfo extends Parameter {
  readonly name: ParameterName
  /** The key in `ParameterValues` and in the library's options. */
  readonly camelName: string
}

/** `num_leaves` to `numLeaves`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** Groups in the order of the reference page. */
export const parameterGroups: readonly ParameterGroup[] = [
  'core',
  'control',
  'dataset',
  'objective',
  'metric',
  'network',
  'predict',
  'convert',
]

/** The table as a list, by group and within a group in the order of the source. */
export const parameterTable: readonly ParameterInfo[] = parameterGroups.flatMap(group =>
  (Object.keys(parameters) as ParameterName[])
    .filter(name => parameters[name].group === group)
    .map(name => ({ ...(parameters[name] as Parameter), name, camelName: camelCase(name) })),
)

/** Rows by every accepted spelling: canonical names and aliases, in snake_case and camelCase. */
const rowBySpelling: ReadonlyMap<string, ParameterInfo> = new Map(
  parameterTable.flatMap(info =>
    [info.name, ...info.aliases].flatMap(name => [
      [name, info] as const,
      [camelCase(name), info] as const,
    ]),
  ),
)

/** The row of a name in any accepted spelling, or undefined. */
export function findParameter(name: string): ParameterInfo | undefined {
  return rowBySpelling.get(name)
}

/** Every accepted spelling. */
export function parameterSpellings(): string[] {
  return [...rowBySpelling.keys()]
}
