import {
  type ColumnType, givenTypes, type JobContext, keptTypes, PlannedColumns, type PlannedFile,
  type PredictionPlan, predictionUnits, readingContext, resolveRoles, TypeJoin, wantedColumns,
  wantedTypes,
} from '@coppice/data'
import { type Predictor, sha256, toHex } from '@coppice/model'
import { ClusterTaskRunner } from '../jobs/cluster-task-runner.js'
import { batchRowsMax, cutBatches, type PredictionBatch } from '../jobs/prediction-batches.js'
import type { TaskBook } from '../jobs/task-book.js'
import type { PredictionSpec } from '../protocol/client-messages.js'
import type { SourcePartition } from '../protocol/messages.js'
import { partitionInfo, refuseUnreadHeader, resolveSources, textOptionsOf } from './job-survey.js'

/** What is known of a prediction before a row is predicted. */
export interface PredictionSurvey {
  readonly sources: readonly SourcePartition[]
  readonly nRows: number
  readonly batches: readonly PredictionBatch[]
  /** Of the kept columns, in their order. */
  readonly keptTypes: readonly ColumnType[]
  /** Of the files as they are planned. */
  readonly digest: string
  /** What the tasks share. */
  readonly context: JobContext
}

/**
 * Finds out what there is to predict, by tasks on workers, with the messages of a prediction in
 * one process.
 *
 * @throws CoppiceError for whatever cannot be used
 */
export async function surveyPrediction(
  spec: PredictionSpec, predictor: Predictor, book: TaskBook,
): Promise<PredictionSurvey> {
  const { data, keep } = spec
  const { model } = predictor
  const textOptions = textOptionsOf(data)
  // As where one process predicts, hashes of a manifest are not looked at.
  const sources = (await resolveSources(data, book)).map((found): SourcePartition =>
    ({ ...found, expected: null }))
  refuseUnreadHeader([data], sources)
  const runner = new ClusterTaskRunner(book, { sources, firstSource: 0 }, 1)
  const infos = sources.map(partitionInfo)
  runner.setContext({ textOptions, columns: [], partitions: [], scan: null, prediction: null })
  const plans = await runner.run(infos.map((_, partitionIdx) => ({ kind: 'plan', partitionIdx })))
  const files = plans.map(({ plan, byteLength }, i) => ({ ...infos[i]!, plan, byteLength }))
  const columns = new PlannedColumns(files)
  const { label, weight } = data.roles
  resolveRoles(columns.names, {
    ...(label === undefined ? {} : { label }), ...(weight === undefined ? {} : { weight }),
  })
  const wanted = wantedColumns(model, keep)
  columns.fitTo(model, data.roles, keep)
  for (const name of wanted) columns.indexOf(name)
  // what is no type is refused where a column is read with it
  const schema = (data.schema ?? {}) as Record<string, ColumnType>
  const { types: known, unknown } = columns.knownTypes(keep, givenTypes(model, schema))
  if (unknown.length > 0) {
    runner.setContext(readingContext(files, columns, unknown, textOptions))
    Object.assign(known, await findTypes(runner, files, unknown))
  }
  const kept = keptTypes(model, known)
  const types = wantedTypes(model, schema, kept)
  const prediction: PredictionPlan = {
    model: spec.model,
    modelHash: toHex(sha256(spec.model)),
    iterations: spec.iterations,
    ...(spec.earlyStop === undefined ? {} : { earlyStop: spec.earlyStop }),
    type: spec.type,
    types: wanted.map((name) => types[name] ?? null),
    kept: keep.map((name) => wanted.indexOf(name)),
  }
  return {
    sources,
    nRows: columns.nRows,
    batches: cutBatches(predictionUnits(model, files),
      batchRowsMax(predictor, spec.type, keep.length)),
    keptTypes: keep.map((name) => kept[name]!),
    digest: digestOf(files),
    context: { ...readingContext(files, columns, wanted, textOptions), prediction },
  }
}

/** The types of columns over all rows. */
async function findTypes(
  runner: ClusterTaskRunner, files: readonly PlannedFile[], names: readonly string[],
): Promise<Record<string, ColumnType>> {
  const columns = names.map((_, i) => i)
  const tasks = files.flatMap(({ plan }, partitionIdx) =>
    plan.units.filter(({ nRows }) => nRows > 0).map((unit) =>
      ({ kind: 'types' as const, partitionIdx, unit, columns })))
  const found = await runner.run(tasks)
  const joins = names.map((name) => new TypeJoin(name))
  for (const [i, types] of found.entries()) {
    const { name } = files[tasks[i]!.partitionIdx]!
    for (const [k, type] of types.entries()) joins[k]?.add(type, name)
  }
  return Object.fromEntries(joins.map((join) => [join.column, join.type]))
}

function digestOf(files: readonly PlannedFile[]): string {
  const text = JSON.stringify(files.map(({ name, byteLength, plan: { columns, units } }) =>
    [name, byteLength, columns, units]))
  return toHex(sha256(new TextEncoder().encode(text)))
}
