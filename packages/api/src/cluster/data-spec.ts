import type { DataSpec } from '@coppice/cluster/node'
import {
  absoluteInputs, findSideFiles, type InputPartition, resolveInputs, sideEndings,
} from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'
import { memoryColumns, memoryFeatureNames, UnfitRows } from './memory-columns.js'
import { type Upload, uploadRows } from './upload-rows.js'
import { allRowsOf, type Dataset } from '../data/dataset.js'
import { type FileOptions, FileSource } from '../data/files.js'
import { MemorySource } from '../data/memory.js'
import { SelectedSource } from '../data/selected-rows.js'
import type { RowSource } from '../data/source.js'

/** How a data set is brought to where workers can read it. */
export interface DataPlace {
  readonly upload: Upload
  readonly signal: AbortSignal | undefined
  /** Rejects with the error that a training in this process would end with. */
  readonly check: () => Promise<void>
}

/**
 * A data set as workers are to read it. Files are named by absolute paths and by the uris they
 * have; rows in memory are sent to the coordinator.
 *
 * @param training - the training data, for an evaluation set; rows without names take theirs
 */
export async function dataSpec(
  { source }: Pick<Dataset, 'source'>, place: DataPlace, training: Dataset | null,
): Promise<DataSpec> {
  if (source instanceof SelectedSource) {
    return { ...await dataSpec(source.base, place, training), rows: source.bits }
  }
  if (source instanceof FileSource) return fileSpec(source)
  if (source instanceof MemorySource) {
    const names = training === null ? null : () => featureNames(allRowsOf(training).source)
    return memorySpec(source, place, names)
  }
  throw new CoppiceError('DATA', 'this data set is of a kind that cannot be sent to a cluster; ' +
    'make it with Dataset.open or Dataset.from')
}

/** Files as workers are to read them. */
export async function fileSpec({ inputs, options }: FileSource): Promise<DataSpec> {
  if (options.sideFiles !== undefined) await refuseSideFiles(inputs, options)
  const { format, header, missingValues, unnamed, schema, label, weight, group, position, initScore,
    ignore, categorical } = options
  const roles = { label, weight, group, position, initScore, ignore, categorical }
  return {
    inputs: await absoluteInputs(inputs),
    format: format ?? null,
    header: header ?? 'auto',
    missingValues: missingValues ?? null,
    ...(unnamed === undefined ? {} : { unnamed }),
    roles: Object.fromEntries(Object.entries(roles).filter(([, value]) => value !== undefined)),
    schema: schema ?? null,
    rows: null,
  }
}

const sideRoles = {
  weight: { role: 'weight', name: 'weight' },
  init: { role: 'initScore', name: 'init score' },
  query: { role: 'group', name: 'group' },
  position: { role: 'position', name: 'position' },
} as const

/**
 * Workers read files one by one, without those beside them.
 * @throws CoppiceError 'PARAMETER' naming one that is here; what is not here has none
 */
async function refuseSideFiles(
  inputs: string | readonly string[], options: FileOptions,
): Promise<void> {
  const { sideFiles } = options
  const files = await resolveInputs(inputs, options.format).catch((): InputPartition[] => [])
  for (const ending of sideEndings) {
    const { role, name } = sideRoles[ending]
    const isUsed = typeof sideFiles === 'object' ? sideFiles.includes(ending) : sideFiles === true
    if (!isUsed || options[role] !== undefined) continue
    const found = (await findSideFiles(files.map(({ path }) => path), ending))
      .find((path) => path !== null)
    if (found === undefined || found === null) continue
    throw new CoppiceError('PARAMETER', `a cluster cannot use ${found}: its workers read the ` +
      `data alone; make it a column of the data, and name that as ${name}`)
  }
}

async function memorySpec(
  source: MemorySource, { upload, signal, check }: DataPlace,
  knownNames: (() => Promise<readonly string[]>) | null,
): Promise<DataSpec> {
  const columns = await memoryColumns(source, knownNames).catch(async (error: unknown) => {
    if (error instanceof UnfitRows) await check()
    throw error
  })
  if (columns.isDoubtful) await check()
  return {
    inputs: [await uploadRows(columns, upload, signal)],
    format: null,
    header: 'auto',
    missingValues: null,
    roles: columns.roles,
    schema: source.options.schema ?? null,
    rows: null,
  }
}

function featureNames(source: RowSource): Promise<readonly string[]> {
  return source instanceof FileSource ? source.featureNames()
    : memoryFeatureNames(source as MemorySource)
}
