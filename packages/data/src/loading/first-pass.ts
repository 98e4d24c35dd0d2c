/** The first pass over all units: types, bins, dictionaries, classes and query groups. */
import {
  type FeatureBins, featureBins, type FeatureInfo, type NumericBinMapper, sampledOffsets,
  type SampleRule, sampleRule,
} from '@coppice/engine'
import { assert, CoppiceError, type Scalar } from '@coppice/model'
import type { ColumnType, Unit } from '../reader.js'
import { mergeGroups } from './groups.js'
import type { ColumnRole, JobColumn, JobContext, LabelKind, LabelScan } from './job.js'
import { mergeLabels, otherThanBinary } from './labels.js'
import {
  columnsToReadAsText,
  findFeature,
  joinScannedTypes,
  mergeCategories,
  type MergedFeature,
  numericOptions,
  type PlacedScan,
  withTextColumns,
} from './merge.js'
import { refuseNearNumbers } from './near-numbers.js'
import type { DatasetOptions, DatasetReference, SurveyInputs } from './options.js'
import { report } from './progress.js'

/** A unit and the partition it belongs to. */
export interface PlacedUnit {
  readonly partitionIdx: number
  readonly unit: Unit
}

/** What the first pass found. */
export interface Scanned {
  readonly types: readonly ColumnType[]
  readonly features: readonly FeatureInfo[]
  readonly classes: readonly Scalar[] | null
  readonly groupSizes: Uint32Array | null
}

/**
 * Scans all units and puts together what they tell.
 *
 * Throws CoppiceError 'DATA' for values that cannot be used, naming where they stand.
 *
 * @param units - those with rows, in row order
 */
export async function scanDataset(
  inputs: SurveyInputs,
  options: DatasetOptions,
  context: JobContext,
  units: readonly PlacedUnit[],
  nRows: number,
): Promise<Scanned> {
  const { params } = inputs
  const { columns, partitions } = context
  const { reference } = options
  const labelKind =
    reference === undefined ? (options.labelKind ?? null) : referenceLabelKind(reference, options)
  const rule = sampleRule(nRows, params.binConstructSampleCnt, params.dataRandomSeed)
  inputs.runner.setContext({
    ...context,
    scan: { sampleRule: reference === undefined ? rule : null, labelKind },
  })
  const scans = await scanUnits(inputs, options, context, units)
  const types = joinScannedTypes(columns, scans)
  if (reference === undefined) {
    await refuseNearNumbers(inputs.runner, columns, types, units, scans)
  }
  const features = reference?.features ??
    (await findFeatures(inputs, context, types, scans, rule, nRows))
  const named = (role: ColumnRole) => columns.find((column) => column.role === role)?.name ?? ''
  const labels = columns.flatMap(({ role }, i) => (role === 'label' ? [i] : []))
  let classes = reference?.classes ?? null
  for (const [k, i] of reference === undefined && labelKind !== null ? labels.entries() : []) {
    const found = scans.map(({ scan: unit }) => unit.labels[k]!)
    if (labelKind === 'binary') await requireBinary(inputs, context, units, types[i]!, found)
    classes = mergeLabels(labelKind!, columns[i]!.name, types[i]!, found)
  }
  if (named('weight') !== '' && !scans.some(({ scan: unit }) => unit.hasPositiveWeight)) {
    throw new CoppiceError(
      'DATA',
      `weight column '${named('weight')}' is 0 in every row; at least one must be positive`,
    )
  }
  const groups = units.map(({ partitionIdx }, i) => ({
    partition: partitions[partitionIdx]!.name,
    groups: scans[i]!.scan.groups!,
  }))
  const groupSizes = named('group') === '' ? null : mergeGroups(named('group'), groups)
  return { types, features, classes, groupSizes }
}

/**
 * Refuses numbers other than 0 and 1. That there are such is known once a column turns out to hold
 * no texts; then the first unit that has one is read again, for its row.
 */
async function requireBinary(
  { runner }: SurveyInputs, context: JobContext, units: readonly PlacedUnit[], type: ColumnType,
  scans: readonly LabelScan[],
): Promise<void> {
  const others = otherThanBinary(type, scans)
  if (others === null) return
  runner.setContext({ ...context, scan: { sampleRule: null, labelKind: 'zero-or-one' } })
  try {
    await runner.run([{ kind: 'scan', ...units[others.unit]!, asText: null }])
  } catch (error) {
    if (!(error instanceof CoppiceError) || error.code !== 'DATA') throw error
    throw new CoppiceError('DATA', `${error.message}; found ${others.found}`, { cause: error })
  }
}

function referenceLabelKind(
  reference: DatasetReference, { labelKind }: DatasetOptions,
): LabelKind {
  // Which values are legal is known; encoding refuses the others.
  if (reference.classes !== null) return 'class'
  return labelKind === 'bounds' ? labelKind : 'number'
}

/** Scans all units, and again those where a column turned out to be text elsewhere. */
async function scanUnits(
  { runner }: SurveyInputs,
  options: DatasetOptions,
  { columns, partitions }: JobContext,
  units: readonly PlacedUnit[],
): Promise<PlacedScan[]> {
  const tasks = units.map((unit) => ({ kind: 'scan' as const, ...unit, asText: null }))
  const results = await runner.run(tasks, report(options, 'scan', tasks.length))
  const scans = results.map((unit, i) => ({
    partition: partitions[units[i]!.partitionIdx]!.name,
    scan: unit,
  }))
  const types = joinScannedTypes(columns, scans)
  const again = scans.flatMap(({ scan: unit }, i) => {
    const asText = columnsToReadAsText(types, unit)
    return asText.length === 0 ? [] : [{ i, asText }]
  })
  const texts = await runner.run(
    again.map(({ i, asText }) => ({ kind: 'scan' as const, ...units[i]!, asText })),
  )
  for (const [k, { i, asText }] of again.entries()) {
    scans[i] = { ...scans[i]!, scan: withTextColumns(scans[i]!.scan, texts[k]!, asText) }
  }
  return scans
}

/** Features that units give no samples of. */
function columnsOnlyChecked(
  { findBins }: SurveyInputs, columns: readonly JobColumn[], scans: readonly PlacedScan[],
): ReadonlySet<number> {
  return new Set(columns.flatMap(({ role }, i) =>
    findBins !== undefined && role === 'feature' &&
      scans.every(({ scan }) => scan.features[i] === null) ? [i] : []))
}

async function findFeatures(
  inputs: SurveyInputs,
  context: JobContext,
  types: readonly ColumnType[],
  scans: readonly PlacedScan[],
  rule: SampleRule,
  nRows: number,
): Promise<FeatureInfo[]> {
  const { runner, params, pause } = inputs
  const { columns } = context
  const later = columnsOnlyChecked(inputs, columns, scans)
  const found = columns.flatMap((column, i) => {
    if (column.role !== 'feature') return []
    const parts = scans.flatMap(({ scan: { features } }) => features[i] ?? [])
    assert(parts.length === scans.length || later.has(i), 'every unit tells of a feature')
    const isText = types[i] === 'string'
    const isNumeric = !isText && !column.isCategorical
    return [{ column: i, name: column.name, isText, isNumeric, parts }]
  })
  const numeric = found.filter(({ column, isNumeric }) => isNumeric && !later.has(column))
  const merged = await runner.run(
    numeric.map(({ parts }) => ({
      kind: 'merge' as const,
      parts: parts.flatMap((part) => (part.kind === 'values' ? [part.sampled] : [])),
    })),
  )
  const sampledOf = new Map(numeric.map(({ column }, k) => [column, merged[k]!]))
  const bins = featureBins(
    found.map(({ name }) => name),
    params.maxBin,
    params.maxBinByFeature ?? '',
    params.forcedbinsFilename ?? '',
  )
  const mappers = await findLater(inputs, context, rule, nRows,
    found.flatMap(({ column }, f) => later.has(column) ? [{ column, params: bins[f]! }] : []))
  const infos: FeatureInfo[] = []
  // Every feature has seen the same sampled rows.
  let nSampled: number | null = null
  for (const [f, { column, name, isText, isNumeric, parts }] of found.entries()) {
    const mapper = mappers.get(column)
    if (mapper !== undefined) {
      infos.push({ name, mapper, categories: null })
      continue
    }
    const feature: MergedFeature = isNumeric
      ? { kind: 'numeric', name, sampled: sampledOf.get(column)! }
      : { kind: 'categorical', name, merged: mergeCategories(parts, isText) }
    nSampled ??= countSampled(feature)
    infos.push(findFeature(feature, { ...params, ...bins[f]! }, nSampled, nRows))
    await pause?.()
  }
  return infos
}

/** The bins of columns that units have only checked. */
async function findLater(
  { findBins, params }: SurveyInputs,
  { partitions }: JobContext,
  rule: SampleRule,
  nRows: number,
  wanted: readonly { readonly column: number; readonly params: FeatureBins }[],
): Promise<Map<number, NumericBinMapper>> {
  if (wanted.length === 0) return new Map()
  const offsets = sampledOffsets(rule, 0, nRows)
  const nSampled = offsets?.length ?? nRows
  const mappers = await findBins!(wanted.map(({ column, params: own }) => ({
    column: partitions[0]!.columnIdx[column]!,
    options: numericOptions({ ...params, ...own }, nSampled, nRows),
  })), offsets)
  return new Map(wanted.map(({ column }, i) => [column, mappers[i]!]))
}

function countSampled(feature: MergedFeature): number {
  const sum = (counts: Uint32Array) => counts.reduce((total, count) => total + count, 0)
  if (feature.kind === 'numeric') {
    const { counts, zeroCount, nanCount } = feature.sampled
    return sum(counts) + zeroCount + nanCount
  }
  const { counts, missingCount } = feature.merged.sampled
  return sum(counts) + missingCount
}
