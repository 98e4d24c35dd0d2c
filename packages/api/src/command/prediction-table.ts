/** Predictions of files as a table, batch by batch. */
import {
  type ByteSink, type ColumnChunk, type ColumnType, createTableWriter, givenTypes, keptTypes,
  type OutputColumn, type OutputFormat, type PredictionType, unpackPrediction, wantedColumns,
  wantedTypes,
} from '@coppice/data'
import { openRaw, openTableFile, predictFiles, predictionThreads } from '@coppice/data/node'
import {
  CoppiceError, isBinary, type IterationRange, type Model, type Predictor, type Scalar,
} from '@coppice/model'
import { type Cluster, requireCluster } from '../cluster/cluster.js'
import { Dataset } from '../data/dataset.js'
import type { FileOptions } from '../data/files.js'
import type { Booster } from '../model/booster.js'
import { earlyStopOf, type GivenEarlyStop } from '../scoring/early-stop.js'
import { requireClasses } from '../scoring/predict.js'

/** What to predict and where to write it. */
export interface PredictionJob {
  readonly booster: Booster
  readonly inputs: string | readonly string[]
  readonly fileOptions?: FileOptions
  /** A path whose ending says the format, or a sink that gets CSV. */
  readonly out: string | ByteSink
  /** The format of the output, whatever the ending says. */
  readonly outFormat?: OutputFormat | undefined
  readonly type: PredictionType
  /** Of contributions: names of the features to write; those that the model lacks add 0. */
  readonly features?: readonly string[] | undefined
  /** Columns of the data to write before the predictions. */
  readonly keep?: readonly string[]
  readonly iterations?: IterationRange | undefined
  /** When the later trees of a row are left out, where they are at all. */
  readonly earlyStop?: GivenEarlyStop | undefined
  /** Threads in this process; default 0: all cores, where that pays. The file is the same. */
  readonly numThreads?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Where to predict, if not in this process: its workers read the inputs. */
  readonly cluster?: Cluster | undefined
  /** Hears what a person should know of the cluster. */
  readonly onNotice?: ((text: string) => void) | undefined
  readonly onProgress?: (nRows: number, nRowsTotal: number) => void
}

/**
 * Predicts files and writes a table: the kept columns, then one column per output. One unit of
 * the input per thread is in memory at a time, and those that wait for their turn; the file, which
 * is the same wherever its rows are predicted, appears when it is whole.
 *
 * @returns the number of rows
 * @throws CoppiceError 'DATA', 'IO', 'PARAMETER' for kept columns that clash, or 'ABORTED' by the
 *   signal
 */
export async function writePredictions(job: PredictionJob): Promise<number> {
  requireClasses(job.booster.model, job.type)
  const earlyStop = earlyStopOf(job.earlyStop, job.type)
  const predictor = job.booster.predictor(job.iterations, earlyStop)
  const { cluster } = job
  return cluster === undefined ? predictHere(job, predictor)
    : predictThere(job, predictor, requireCluster(cluster))
}

async function predictHere(job: PredictionJob, predictor: Predictor): Promise<number> {
  const { type, keep = [], fileOptions = {}, signal } = job
  const { model } = predictor
  const raw = await openRaw(job.inputs, fileOptions)
  try {
    requireOnce(keep)
    const wanted = wantedColumns(model, keep)
    raw.fitTo(model, fileOptions, keep)
    for (const name of wanted) raw.indexOf(name)
    const schema = fileOptions.schema ?? {}
    const kept = keptTypes(model, await raw.findTypes(keep, givenTypes(model, schema)))
    const columns = tableColumns(predictor, job, keep.map((name) =>
      ({ name, type: kept[name]! })))
    const types = wantedTypes(model, schema, kept)
    const file = await openOutput(job, columns, raw.nRows)
    try {
      let nRows = 0
      const nThreads = predictionThreads(job.numThreads ?? 0,
        { nRows: raw.nRows, nColumns: wanted.length, nTrees: predictor.nTrees, type })
      const parts = predictFiles(raw,
        { predictor, type, wanted, types, kept: keep.map((name) => wanted.indexOf(name)) },
        nThreads)
      for await (const part of parts) {
        throwIfAborted(signal)
        const predictions = unpackPrediction(model, type, part.predictions)
        await file.write([...part.kept,
          ...chunksOf(withAbsent(predictions, predictor, job), part.nRows,
            columns.slice(keep.length))])
        nRows += part.nRows
        job.onProgress?.(nRows, raw.nRows)
      }
      throwIfAborted(signal)
      await file.commit()
      return nRows
    } catch (error) {
      await file.discard()
      throw error
    }
  } finally {
    await raw.close()
  }
}

async function predictThere(
  job: PredictionJob, predictor: Predictor, cluster: Cluster,
): Promise<number> {
  const { type, keep = [], fileOptions = {}, signal, onNotice } = job
  const { model } = predictor
  requireOnce(keep)
  let file: Output | null = null
  let columns: readonly OutputColumn[] = []
  let nRowsTotal = 0
  let nRows = 0
  /** What is under way with the file: an abort does not wait for it. */
  let work: Promise<void> = Promise.resolve()
  const open = async (keptTypesFound: readonly ColumnType[]): Promise<void> => {
    columns = tableColumns(predictor, job, keep.map((name, i) =>
      ({ name, type: keptTypesFound[i]! })))
    file = await openOutput(job, columns, nRowsTotal)
  }
  try {
    await cluster.predict({
      model, dataset: Dataset.remote(job.inputs, fileOptions), type, keep, signal, onNotice,
      iterations: job.iterations,
      earlyStop: predictor.earlyStop ?? undefined,
      onPlanned: (outline) => {
        nRowsTotal = outline.nRows
        return work = open(outline.keptTypes)
      },
      onBatch: async (batch) => {
        const predictions = unpackPrediction(model, type, batch.predictions)
        work = file!.write([...batch.kept,
          ...chunksOf(withAbsent(predictions, predictor, job), batch.nRows,
            columns.slice(keep.length))])
        await work
        nRows += batch.nRows
        job.onProgress?.(nRows, nRowsTotal)
      },
    })
    throwIfAborted(signal)
    await file!.commit()
    return nRows
  } catch (error) {
    await work.catch(() => undefined)
    await (file as Output | null)?.discard()
    throw error
  }
}

/** The columns of the table. @throws CoppiceError 'PARAMETER' where names clash */
function tableColumns(
  predictor: Predictor, { type, features }: Pick<PredictionJob, 'type' | 'features'>,
  kept: readonly OutputColumn[],
): readonly OutputColumn[] {
  return requireUnique(kept, type === 'contribution'
    ? contributionColumns(predictor.model, features)
    : outputColumns(predictor.model, type, predictor.nTrees))
}

/** Of several scores: class, quantile, or number of the label column. */
function outputNames({ objective, classes, treesPerIteration }: Model): readonly Scalar[] {
  return classes ?? (objective.name === 'multi_quantile' ? objective.quantiles
    : Array.from({ length: treesPerIteration }, (_, k) => k))
}

/** For each output the features and, last, what they are added to. */
function contributionColumns(
  model: Model, names: readonly string[] = model.features.map(({ name }) => name),
): OutputColumn[] {
  const { treesPerIteration } = model
  return Array.from({ length: treesPerIteration }, (_, k) => {
    const of = treesPerIteration > 1 ? `_${String(outputNames(model)[k])}` : ''
    return [...names.map((name) => `contribution${of}_${name}`), `expected_value${of}`]
      .map((name): OutputColumn => ({ name, type: 'float' }))
  }).flat()
}

/** Contributions with 0 for features that the model lacks; other predictions as they are. */
function withAbsent(
  predictions: ArrayLike<Scalar>, { model: { features } }: Predictor,
  { type, features: names }: Pick<PredictionJob, 'type' | 'features'>,
): ArrayLike<Scalar> {
  if (type !== 'contribution' || names === undefined) return predictions
  const own = predictions as Float64Array
  const placeOf = new Map(features.map(({ name }, f) => [name, f]))
  const places = [...names.map((name) => placeOf.get(name) ?? -1), features.length]
  const width = features.length + 1
  const nBlocks = own.length / width
  const all = new Float64Array(nBlocks * places.length)
  for (let block = 0, to = 0; block < nBlocks; block++) {
    for (const place of places) all[to++] = place < 0 ? 0 : own[block * width + place]!
  }
  return all
}

/**
 * Columns of the predictions: binary probabilities are one column, that of the second class.
 * Several scores are named by class, quantile, or number of the label column.
 */
function outputColumns(
  model: Model, type: Exclude<PredictionType, 'contribution'>, nTrees: number,
): OutputColumn[] {
  const { objective, classes, treesPerIteration } = model
  const perOutput = (prefix: string): OutputColumn[] => outputNames(model).map((value) =>
    ({ name: `${prefix}_${String(value)}`, type: 'float' }))
  switch (type) {
    case 'leaf': return Array.from({ length: nTrees }, (_, t) =>
      ({ name: `leaf_${t}`, type: 'int' }))
    case 'class': return [{ name: 'prediction', type: classType(classes) }]
    case 'raw': return treesPerIteration > 1 ? perOutput('raw')
      : [{ name: 'raw', type: 'float' }]
    case 'probability':
      if (treesPerIteration > 1) {
        const isProbability = classes !== null || objective.name === 'multi_label'
        return perOutput(isProbability ? 'probability' : 'prediction')
      }
      return [{ name: isBinary(objective) ? 'probability' : 'prediction', type: 'float' }]
  }
}

function classType(classes: readonly Scalar[] | null): ColumnType {
  switch (typeof classes?.[0]) {
    case 'string': return 'string'
    case 'boolean': return 'bool'
    default: return 'int'
  }
}

function requireOnce(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return
  throw new CoppiceError('PARAMETER', `keep names '${twice}' twice; name each column once`)
}

/** @throws CoppiceError 'PARAMETER' where a kept column has the name of a prediction */
function requireUnique(
  kept: readonly OutputColumn[], predicted: readonly OutputColumn[],
): readonly OutputColumn[] {
  const names = kept.map(({ name }) => name)
  const clash = predicted.find(({ name }) => names.includes(name))
  if (clash === undefined) return [...kept, ...predicted]
  throw new CoppiceError('PARAMETER', `the kept column '${clash.name}' and the prediction column ` +
    `'${clash.name}' would have one name; leave it out of keep, or rename it in the data`)
}

/** Row-major predictions as columns; of the two probabilities of a row the second. */
function chunksOf(
  predictions: ArrayLike<Scalar>, nRows: number, columns: readonly OutputColumn[],
): ColumnChunk[] {
  const stride = predictions.length / Math.max(1, nRows)
  return columns.map(({ type }, column): ColumnChunk => {
    const at = stride - columns.length + column
    if (type === 'string') return textChunk(predictions as ArrayLike<string>)
    const values = new Float64Array(nRows)
    for (let row = 0; row < nRows; row++) values[row] = Number(predictions[row * stride + at])
    return { type: type as 'int' | 'float' | 'bool', values }
  })
}

function textChunk(texts: ArrayLike<string>): ColumnChunk {
  const dictionary = [...new Set(Array.from(texts))]
  const codeOf = new Map(dictionary.map((text, code) => [text, code]))
  const codes = Int32Array.from({ length: texts.length }, (_, row) => codeOf.get(texts[row]!)!)
  return { type: 'string', codes, dictionary }
}

/** The part of a table file that is written to. */
type Output = Awaited<ReturnType<typeof openTableFile>>

async function openOutput(
  { out, outFormat }: PredictionJob, columns: readonly OutputColumn[], nRows: number,
): Promise<Output> {
  if (typeof out === 'string') return openTableFile(out, columns, nRows, outFormat)
  const writer = await createTableWriter(outFormat ?? 'csv', out, columns, nRows)
  return {
    write: (chunks) => writer.write(chunks),
    commit: () => writer.finish(),
    discard: () => Promise.resolve(),
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new CoppiceError('ABORTED', 'prediction was aborted', { cause: signal.reason })
}
