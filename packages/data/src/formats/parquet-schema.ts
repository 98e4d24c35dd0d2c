import type { SchemaElement, SchemaTree } from 'hyparquet'
import type { ColumnType } from '../reader.js'

/** How stored values become numbers or strings. Times are milliseconds. */
export type Conversion =
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float'
  | 'double'
  | 'float16'
  | 'decimal'
  | 'days'
  | 'seconds'
  | 'millis'
  | 'micros'
  | 'nanos'
  | 'int96'
  | 'text'
  | 'uuid'

/** A top-level column of a Parquet file: what it holds and how to read it. Plain data. */
export interface ParquetColumn {
  readonly name: string
  readonly physical: NonNullable<SchemaElement['type']> | null
  /** null when the column cannot be read: see `unsupported`. */
  readonly conversion: Conversion | null
  /** Why the column cannot be read, such as 'a list'; null when it can. */
  readonly unsupported: string | null
  readonly type: ColumnType | null
  readonly nullable: boolean
  /** Bytes of a fixed-length value, else 0. */
  readonly typeLength: number
  /** Digits after the point of a decimal, else 0. */
  readonly scale: number
}

/** What a duration is counted in. */
export type DurationUnit = 'seconds' | 'millis' | 'micros' | 'nanos'

/**
 * Describes one child of a Parquet schema's root.
 *
 * @param duration - what an integer counts that is a duration, for which Parquet has no type
 */
export function describeColumn(node: SchemaTree, duration?: DurationUnit): ParquetColumn {
  const { element } = node
  const unsupported = findUnsupported(node)
  const plain = unsupported === null ? findConversion(element) : null
  const isDuration = duration !== undefined && plain === 'int64'
  const conversion = isDuration ? duration : plain
  return {
    name: element.name,
    physical: element.type ?? null,
    conversion,
    unsupported: conversion === null ? (unsupported ?? describeUnknown(element)) : null,
    type: plain === null ? null : isDuration ? 'duration' : columnType(plain, element),
    nullable: element.repetition_type === 'OPTIONAL',
    typeLength: element.type_length ?? 0,
    scale: decimalScale(element),
  }
}

function findUnsupported({ element, children }: SchemaTree): string | null {
  const logical = element.logical_type?.type
  const { converted_type: converted, repetition_type: repetition } = element
  if (converted === 'LIST' || logical === 'LIST' || repetition === 'REPEATED') return 'a list'
  if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical === 'MAP') return 'a map'
  if (logical === 'VARIANT') return 'a variant'
  if (children.length > 0 || element.type === undefined) return 'a struct'
  if (converted === 'INTERVAL' || logical === 'INTERVAL') return 'an interval'
  if (converted === 'BSON' || logical === 'BSON') return 'BSON'
  if (logical === 'GEOMETRY' || logical === 'GEOGRAPHY') return 'a geometry'
  return null
}

function describeUnknown(element: SchemaElement): string {
  return element.type === 'FIXED_LEN_BYTE_ARRAY' ? 'binary' : `of type ${element.type}`
}

function findConversion(element: SchemaElement): Conversion | null {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return 'decimal'
  switch (type) {
    case 'BOOLEAN':
      return 'bool'
    case 'FLOAT':
      return 'float'
    case 'DOUBLE':
      return 'double'
    case 'INT96':
      return 'int96'
    case 'BYTE_ARRAY':
      return 'text'
    case 'FIXED_LEN_BYTE_ARRAY':
      if (logical?.type === 'UUID') return 'uuid'
      return logical?.type === 'FLOAT16' ? 'float16' : null
    case 'INT32':
    case 'INT64':
      return findIntegerConversion(element)
    default:
      return null
  }
}

function findIntegerConversion(element: SchemaElement): Conversion {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'DATE' || logical?.type === 'DATE') return 'days'
  if (logical?.type === 'TIMESTAMP' || logical?.type === 'TIME') {
    if (logical.unit === 'NANOS') return 'nanos'
    return logical.unit === 'MICROS' ? 'micros' : 'millis'
  }
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIME_MILLIS') return 'millis'
  if (converted === 'TIMESTAMP_MICROS' || converted === 'TIME_MICROS') return 'micros'
  const isUnsigned =
    (logical?.type === 'INTEGER' && !logical.isSigned) || (converted?.startsWith('UINT') ?? false)
  if (type === 'INT32') return isUnsigned ? 'uint32' : 'int32'
  return isUnsigned ? 'uint64' : 'int64'
}

function columnType(conversion: Conversion, element: SchemaElement): ColumnType {
  // Arrow's null type: a column in which every value is missing.
  if (element.logical_type?.type === 'NULL') return 'empty'
  switch (conversion) {
    case 'bool':
      return 'bool'
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return 'int'
    case 'float':
    case 'double':
    case 'float16':
      return 'float'
    case 'decimal':
      return decimalScale(element) > 0 ? 'float' : 'int'
    case 'days':
    case 'int96':
      return 'date'
    case 'seconds':
    case 'millis':
    case 'micros':
    case 'nanos':
      // A time of day is a count of milliseconds, not a date.
      return isTimeOfDay(element) ? 'int' : 'date'
    case 'text':
    case 'uuid':
      return 'string'
  }
}

function isTimeOfDay({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === 'TIME' || converted === 'TIME_MILLIS' || converted === 'TIME_MICROS'
}

function decimalScale({ scale, logical_type: logical }: SchemaElement): number {
  if (scale !== undefined) return scale
  return logical?.type === 'DECIMAL' ? logical.scale : 0
}
