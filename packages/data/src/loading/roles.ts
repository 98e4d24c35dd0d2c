/** Which columns a job reads: by role, or by name where there is a reference. */
import { CoppiceError } from '@coppice/model'
import type { ColumnType } from '../reader.js'
import { type JointColumns, type PlannedPartition, resolveRoles } from '../schema.js'
import { absentFeatures, implicitLabel, isSparse } from '../sparse-columns-of-files.js'
import { listNames, nearestName, separatorHint } from '../suggest.js'
import type { ColumnRole, JobColumn } from './job.js'
import type { DatasetOptions, DatasetReference } from './options.js'

/**
 * The columns that a job reads, features first, and their indices in the joint columns: -1 for
 * features that are 0 in all rows of files that leave out zeros.
 */
export interface WantedColumns {
  readonly columns: readonly JobColumn[]
  readonly indices: readonly number[]
}

const columnTypes: readonly ColumnType[] = ['bool', 'int', 'float', 'date', 'string']

/**
 * The columns to read.
 *
 * Throws CoppiceError 'DATA' for unknown columns, a label that is not named, no feature at all,
 * and features of the reference that are not there.
 */
export function columnsWithRoles(
  joint: JointColumns,
  options: DatasetOptions,
  partitions: readonly PlannedPartition[],
): WantedColumns {
  const { names } = joint
  const label = options.label ?? implicitLabel(names, partitions)
  if (options.labelKind !== undefined && label === undefined) {
    throw new CoppiceError(
      'DATA',
      `no label column is named; pass label, one of ${listNames(names)}`,
    )
  }
  const group = options.group ?? (isSparse(partitions) && names.includes('qid') ? 'qid' : undefined)
  const roles = resolveRoles(names, { ...options, label, group })
  refuseLabelColumns(roles.labels.map((index) => names[index]!), options)
  const { reference } = options
  const features =
    reference === undefined ? roles.features : referenceFeatures(reference, names, partitions)
  if (features.length === 0) {
    throw new CoppiceError(
      'DATA',
      `no feature column is left: the columns are ${listNames(names)}; name fewer as ignored`,
    )
  }
  refuseBadSchema(options.schema ?? {}, names)
  const columns: JobColumn[] = []
  const indices: number[] = []
  const add = (
    index: number | null, role: ColumnRole, forced: ColumnType | null, absent?: string,
  ) => {
    if (index === null) return
    const name = names[index] ?? absent!
    const isCategorical = role === 'feature' && roles.categorical.has(index)
    const own = options.schema?.[name] ?? null
    const conflict = joint.conflicts.get(name)
    if (conflict !== undefined && (forced ?? own) === null) throw conflict
    const isNumeric = role === 'weight' || role === 'initScore' || role === 'position' ||
      isNumericFeature(reference, name)
    const isDeclaredText = joint.types[index] === 'string'
    columns.push({ name, role, isCategorical, forced: forced ?? own, isNumeric, isDeclaredText })
    indices.push(index)
  }
  for (const [i, index] of features.entries()) {
    add(index, 'feature', reference === undefined ? null : referenceType(reference, i),
      reference?.features[i]!.name)
  }
  const isTextLabel = typeof reference?.classes?.[0] === 'string'
  for (const index of roles.labels) add(index, 'label', isTextLabel ? 'string' : null)
  add(roles.weight, 'weight', null)
  add(roles.group, 'group', null)
  add(roles.position, 'position', null)
  for (const index of roles.initScore) add(index, 'initScore', null)
  return { columns, indices }
}

/** Classes are of one column. */
function refuseLabelColumns(labels: readonly string[], { labelKind }: DatasetOptions): void {
  if (labels.length <= 1 || (labelKind !== 'class' && labelKind !== 'binary')) return
  throw new CoppiceError(
    'DATA',
    `there are ${labels.length} label columns (${listNames(labels)}), and classes are of one; ` +
      'name one, or use objective multi_label (labels of 0 and 1) or multi_regression',
  )
}

function referenceFeatures(
  { features }: DatasetReference,
  names: readonly string[],
  partitions: readonly PlannedPartition[],
): number[] {
  const absent = new Set(!isSparse(partitions) ? []
    : absentFeatures(names, features.map(({ name }) => name)))
  return features.map(({ name }) => {
    const index = names.indexOf(name)
    if (index >= 0 || absent.has(name)) return index
    const nearest = nearestName(name, names)
    const hint = nearest === null ? '' : ` (did you mean '${nearest}'?)`
    throw new CoppiceError(
      'DATA',
      `the feature '${name}' of the training data is not in ${partitions[0]!.name}${hint}; its ` +
        `columns are ${listNames(names)}${separatorHint(names)}`,
    )
  })
}

function isNumericFeature(reference: DatasetReference | undefined, name: string): boolean {
  const feature = reference?.features.find((candidate) => candidate.name === name)
  return feature !== undefined && feature.categories === null
}

/** Texts must be read as text even where they look like numbers. */
function referenceType({ features }: DatasetReference, featureIdx: number): ColumnType | null {
  const { categories, mapper } = features[featureIdx]!
  if (mapper.kind === 'numeric' || categories === null) return null
  return typeof categories[0] === 'number' ? null : 'string'
}

function refuseBadSchema(
  schema: Readonly<Record<string, ColumnType>>,
  names: readonly string[],
): void {
  for (const [name, type] of Object.entries(schema)) {
    if (!names.includes(name)) {
      const nearest = nearestName(name, names)
      const hint = nearest === null ? '' : ` did you mean '${nearest}'?`
      throw new CoppiceError(
        'DATA',
        `schema names the column '${name}', which does not exist;${hint} the columns are ` +
          listNames(names),
      )
    }
    if (!columnTypes.includes(type)) {
      throw new CoppiceError(
        'DATA',
        `schema gives the column '${name}' the type ${JSON.stringify(type)}; legal are ` +
          columnTypes.join(', '),
      )
    }
  }
}
