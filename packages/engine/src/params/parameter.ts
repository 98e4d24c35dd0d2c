/**
 * What the parameter table says about one parameter, and the small functions its rows are
 * written with. The rows are in `constraints.ts`, `core.ts`, `control.ts`, `data.ts`,
 * `objective.ts` and `elsewhere.ts`; `table.ts` joins them.
 */
import type { StructureKind } from './structures.js'

/** The section of the reference page a parameter stands in. */
export type ParameterGroup =
  | 'core'
  | 'control'
  | 'dataset'
  | 'objective'
  | 'metric'
  | 'network'
  | 'predict'
  | 'convert'

/** What happens when a parameter is given. */
export type ParameterStatus =
  /** It does what its text says. */
  | 'supported'
  /** Accepted at any legal value and listed once as "no effect here": performance only. */
  | 'no-effect'
  /** Accepted at its default, which means "off"; refused by name at any other value. */
  | 'unbuilt'

/** How a value is written and checked. */
export type ParameterType =
  | 'int'
  | 'float'
  | 'bool'
  | 'string'
  | 'enum'
  /** A list of enum values. */
  | 'enums'
  | 'ints'
  | 'floats'
  /** A column: its 0-based index or its name. */
  | 'column'
  | 'columns'
  /** More than a list; its value is a JSON text. */
  | 'structure'

/** A resolved value; null means "not given" where a parameter has no default. */
export type ResolvedValue = string | number | boolean | null | readonly (string | number)[]

/** Legal numbers; a missing bound means unbounded. */
export interface NumberRange {
  readonly min?: number
  readonly max?: number
  /** Numbers must be greater than this (instead of `min`). */
  readonly above?: number
  /** Numbers must be less than this (instead of `max`). */
  readonly below?: number
}

/** Names of an enum's values. */
export interface EnumNames {
  /** Names that work, canonical. */
  readonly values: readonly string[]
  /** Other spellings, to a name in `values` or in `unbuiltValues`. */
  readonly valueAliases: Readonly<Record<string, string>>
  /** Legal names in LightGBM that are refused as not built yet. */
  readonly unbuiltValues: readonly string[]
  /** Lists only: names that stand for the empty list. */
  readonly emptyNames: readonly string[]
}

/** One row of the parameter table. V is the type of its resolved value. */
export interface Parameter<
  V extends ResolvedValue = ResolvedValue,
  S extends ParameterStatus = ParameterStatus,
> {
  readonly type: ParameterType
  readonly default: V
  readonly group: ParameterGroup
  readonly status: S
  /** The resolved value is written into the model file, because the model depends on it. */
  readonly affectsModel: boolean
  /** It is left out of the model file at its default, being the business of few objectives. */
  readonly omittedAtDefault: boolean
  readonly aliases: readonly string[]
  readonly range: NumberRange
  /** Numbers at or below this all mean "off" and are resolved to this one value. */
  readonly offAtOrBelow: number | null
  readonly names: EnumNames | null
  /** Of a structure. */
  readonly structure: StructureKind | null
  /** Numbers of a structure have to be whole. */
  readonly isWhole: boolean
  /** What it does, in a sentence or two (Markdown). */
  readonly doc: string
  /** Where an unbuilt parameter is refused: what to do instead, or ''. */
  readonly instead: string
}

/** The optional parts of a row. */
export interface RowOptions extends NumberRange {
  readonly aliases?: readonly string[]
  readonly affectsModel?: boolean
  readonly omittedAtDefault?: boolean
  readonly offAtOrBelow?: number
}

/** The optional parts of an enum's row. */
export interface EnumOptions extends RowOptions {
  readonly valueAliases?: Readonly<Record<string, string>>
  readonly unbuiltValues?: readonly string[]
  readonly emptyNames?: readonly string[]
}

function row<V extends ResolvedValue>(
  type: ParameterType,
  group: ParameterGroup,
  value: V,
  doc: string,
  options: RowOptions,
  names: EnumNames | null = null,
): Parameter<V, 'supported'> {
  const { aliases = [], affectsModel = true, offAtOrBelow = null, ...rest } = options
  const { omittedAtDefault = false } = options
  const { min, max, above, below } = rest
  return {
    type,
    default: value,
    group,
    status: 'supported',
    affectsModel,
    omittedAtDefault,
    aliases,
    range: {
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(above === undefined ? {} : { above }),
      ...(below === undefined ? {} : { below }),
    },
    offAtOrBelow,
    names,
    structure: null,
    isWhole: false,
    doc,
    instead: '',
  }
}

/** A row whose value is an integer. */
export function int(
  group: ParameterGroup,
  value: number,
  doc: string,
  options: RowOptions = {},
): Parameter<number, 'supported'> {
  return row<number>('int', group, value, doc, options)
}

/** A row whose value is an integer or, by default, nothing. */
export function optionalInt(
  group: ParameterGroup,
  doc: string,
  options: RowOptions = {},
): Parameter<number | null, 'supported'> {
  return row<number | null>('int', group, null, doc, options)
}

/** A row whose value is a finite number. */
export function float(
  group: ParameterGroup,
  value: number,
  doc: string,
  options: RowOptions = {},
): Parameter<number, 'supported'> {
  return row<number>('float', group, value, doc, options)
}

/** A row whose value is true or false. */
export function bool(
  group: ParameterGroup,
  value: boolean,
  doc: string,
  options: RowOptions = {},
): Parameter<boolean, 'supported'> {
  return row<boolean>('bool', group, value, doc, options)
}

/** A row whose value is any text. */
export function text(
  group: ParameterGroup,
  value: string,
  doc: string,
  options: RowOptions = {},
): Parameter<string, 'supported'> {
  return row<string>('string', group, value, doc, options)
}

function enumNames(values: readonly string[], options: EnumOptions): EnumNames {
  return {
    values,
    valueAliases: options.valueAliases ?? {},
    unbuiltValues: options.unbuiltValues ?? [],
    emptyNames: options.emptyNames ?? [],
  }
}

/** A row whose value is one of several names; the first one is the default. */
export function oneOf<const V extends string>(
  group: ParameterGroup,
  values: readonly [V, ...V[]],
  doc: string,
  options: EnumOptions = {},
): Parameter<V, 'supported'> {
  return row<V>('enum', group, values[0], doc, options, enumNames(values, options))
}

/** A row whose value is a list of names, by default empty. */
export function someOf<const V extends string>(
  group: ParameterGroup,
  values: readonly V[],
  doc: string,
  options: EnumOptions = {},
): Parameter<readonly V[], 'supported'> {
  return row<readonly V[]>('enums', group, [], doc, options, enumNames(values, options))
}

/** A row whose value is a list of numbers. */
export function numbers(
  type: 'ints' | 'floats',
  group: ParameterGroup,
  value: readonly number[],
  doc: string,
  options: RowOptions = {},
): Parameter<readonly number[], 'supported'> {
  return row<readonly number[]>(type, group, value, doc, options)
}

/** A row that names a column by index or name, by default none. Never written into a model. */
export function column(
  group: ParameterGroup,
  doc: string,
  options: RowOptions = {},
): Parameter<string | number | null, 'supported'> {
  return row<string | number | null>('column', group, null, doc, {
    affectsModel: false,
    ...options,
  })
}

/** A row that names several columns by index or name. Never written into a model. */
export function columns(
  group: ParameterGroup,
  doc: string,
  options: RowOptions = {},
): Parameter<readonly (string | number)[], 'supported'> {
  return row<readonly (string | number)[]>('columns', group, [], doc, {
    affectsModel: false,
    ...options,
  })
}

/** A row whose value is a structure, by default nothing: ''. */
export function structure(
  group: ParameterGroup,
  kind: StructureKind,
  doc: string,
  options: RowOptions & { readonly isWhole?: boolean } = {},
): Parameter<string, 'supported'> {
  const { isWhole = false, ...rest } = options
  return { ...row<string>('structure', group, '', doc, rest), structure: kind, isWhole }
}

/** Marks a row as accepted without effect. */
export function noEffect<V extends ResolvedValue>(
  parameter: Parameter<V, 'supported'>,
): Parameter<V, 'no-effect'> {
  return { ...parameter, status: 'no-effect', affectsModel: false }
}

/** Marks a row as refused at any value but its default. */
export function unbuilt<V extends ResolvedValue>(
  parameter: Parameter<V, 'supported'>,
  instead = '',
): Parameter<V, 'unbuilt'> {
  return { ...parameter, status: 'unbuilt', affectsModel: false, instead }
}
