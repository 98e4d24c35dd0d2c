import {
  type DatasetRecipe, type DatasetReference, type DatasetSurvey, defaultTextOptions, type Format,
  labelColumnsOf, type LoadProgress, type PartitionInfo, surveyDataset, type TextOptions,
  withLocalMerges,
} from '@coppice/data'
import { displayUri, refuseUnreadTextOptions } from '@coppice/data/node'
import {
  checkEvalSets, fitInitialModel, fitRows, requireClassCount, requireLabelCount,
  type ResolvedParams, resolveParams, withInferred,
} from '@coppice/engine'
import { assert, CoppiceError, type Model } from '@coppice/model'
import { ClusterTaskRunner } from '../jobs/cluster-task-runner.js'
import type { TaskBook } from '../jobs/task-book.js'
import { nRowsOf, requireReducerMemory, type SurveyedJob } from '../jobs/training-order.js'
import type { DataSpec, JobSpec } from '../protocol/client-messages.js'
import { format as formatSchema } from '../protocol/data-schemas.js'
import type { SourcePartition } from '../protocol/messages.js'
import { checkValue } from '../protocol/schema.js'
import { ProtocolError } from '../protocol/error.js'

/** What a survey needs beside the specification. */
export interface SurveyPort {
  readonly book: TaskBook
  /** As far as they are known without the data. */
  readonly params: ResolvedParams
  /** What the training begins with. */
  readonly initModel: Model | null
  /** Threads of all workers now. */
  readonly nThreads: () => number
  /** Bytes of memory of this coordinator. */
  readonly memoryBytes: number
  readonly signal: AbortSignal
  readonly onProgress: (dataset: string, progress: LoadProgress) => void
}

/** The data sets of a job, and the parameters that they decide. */
export interface JobSurvey extends SurveyedJob {
  readonly params: ResolvedParams
}

/**
 * Finds out all that must be known of a job's data sets before their rows are binned, and checks
 * the job against it, as a training in one process does, with the same messages.
 *
 * @throws CoppiceError for whatever cannot be used
 */
export async function surveyJob(spec: JobSpec, port: SurveyPort): Promise<JobSurvey> {
  const sources: (readonly SourcePartition[])[] = []
  const recipes: DatasetRecipe[] = []
  const add = async (name: string, data: DataSpec, reference?: DatasetReference): Promise<void> => {
    const firstSource = sources.reduce((sum, list) => sum + list.length, 0)
    const found = await resolveSources(data, port.book)
    const named = { name, sources: found, firstSource }
    const survey = await surveySet(spec, data, named, port, reference)
    sources.push(found)
    requireNoInitScores(survey.recipe, port.initModel, name)
    recipes.push(withRows(survey.recipe, data, name))
  }
  await add('training', spec.train)
  const { features, classes, nRows } = recipes[0]!
  if (port.initModel !== null) fitInitialModel(port.initModel, features)
  const nLabels = labelColumnsOf(recipes[0]!)
  const params = resolveParams(withInferred(spec.params, spec.inferred, classes, nLabels))
  requireLabelCount(nLabels, params)
  requireClassCount(classes, params)
  requireReducerMemory(features, nRowsOf(recipes[0]!), params, port.memoryBytes)
  for (const { name, data } of spec.evalSets) await add(name, data, { features, classes })
  refuseUnreadHeader([spec.train, ...spec.evalSets.map(({ data }) => data)], sources.flat())
  const evalSets = spec.evalSets.map(({ name }, i) =>
    ({ name, data: { features, nRows: nRowsOf(recipes[i + 1]!) } }))
  checkEvalSets({ nRows, features }, evalSets, params)
  return { recipes, sources, params }
}

/**
 * Refuses a line of names where no file of any data set has lines. Which texts are missing values
 * is not looked at: clients say it of all files, as LightGBM's configurations want it.
 *
 * @throws CoppiceError 'PARAMETER'
 */
export function refuseUnreadHeader(
  specs: readonly Pick<DataSpec, 'header'>[], sources: readonly SourcePartition[],
): void {
  if (!specs.some(({ header }) => header === true)) return
  refuseUnreadTextOptions(sources.map(partitionInfo), { header: true })
}

/** @throws CoppiceError 'DATA' for rows that are told twice where their scores begin */
function requireNoInitScores(
  { columns }: DatasetRecipe, initModel: Model | null, name: string,
): void {
  if (initModel === null || !columns.some(({ role }) => role === 'initScore')) return
  const where = name === 'training' ? 'the training data' : `evaluation set "${name}"`
  throw new CoppiceError('DATA', `${where} has init scores, and initModel says where scores ` +
    'begin, too; leave one of them out')
}

/** The recipe of the rows that the specification selects. @throws CoppiceError 'DATA' */
function withRows(recipe: DatasetRecipe, { rows }: DataSpec, name: string): DatasetRecipe {
  if (rows === null) return recipe
  return { ...recipe, rows: fitRows(rows, recipe.nRows, `data set "${name}"`) }
}

interface NamedSources {
  readonly name: string
  readonly sources: readonly SourcePartition[]
  readonly firstSource: number
}

async function surveySet(
  spec: JobSpec, data: DataSpec, { name, sources, firstSource }: NamedSources, port: SurveyPort,
  reference: DatasetReference | undefined,
): Promise<DatasetSurvey> {
  const { signal, params, book } = port
  const runner = new ClusterTaskRunner(book, { sources, firstSource }, port.nThreads())
  return surveyDataset({
    partitions: sources.map(partitionInfo),
    textOptions: textOptionsOf(data),
    params,
    runner: withLocalMerges(runner, pause, signal),
    memory: null,
    pause,
  }, {
    ...data.roles,
    labelKind: spec.labelKind,
    // what is no type is refused where the columns are known
    schema: data.schema === null ? undefined : data.schema as Record<string, 'int'>,
    reference,
    signal,
    onProgress: (progress) => port.onProgress(name, progress),
  })
}

export function textOptionsOf({ header, missingValues, unnamed }: DataSpec): TextOptions {
  return {
    header,
    missingValues: missingValues ?? defaultTextOptions.missingValues,
    ...(unnamed === undefined ? {} : { unnamed }),
  }
}

/** Lets messages of workers and clients through. */
function pause(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}

/** Files, folders and patterns to partitions, by a worker: it sees what the workers see. */
export async function resolveSources(
  { inputs, format }: DataSpec, book: TaskBook,
): Promise<readonly SourcePartition[]> {
  const [result] = await book.run([
    { context: 0, source: null, body: { kind: 'resolve', inputs, format } },
  ])
  assert(result?.kind === 'resolve', 'a "resolve" task is answered with partitions')
  return result.partitions
}

/** A partition by the name that messages have for it. */
export function partitionInfo({ uri, format, expected }: SourcePartition): PartitionInfo {
  return { name: displayUri(uri), format: requireFormat(uri, format), expected }
}

function requireFormat(uri: string, name: string): Format {
  try {
    return checkValue(formatSchema, name, 'format')
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new CoppiceError('DATA', `${displayUri(uri)} cannot be read: ${error.message}`,
      { cause: error })
  }
}
