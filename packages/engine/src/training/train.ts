import { isRanking } from '@coppice/model'
import { type BinnedDataset, releaseRows } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { histogramPoolBytes } from '../execution/histogram-pool.js'
import { hasPercentileLeaves, labelColumns, scoresPerRow } from '../objectives/families.js'
import { resolveParams, type ResolvedParams } from '../params/index.js'
import { perFeature } from '../params/structures.js'
import { checkRowCount, type TargetShape } from './check-data.js'
import { checkEvalSets } from './check-sets.js'
import { localTraits } from './executor-traits.js'
import type { Executor, TrainingJob } from './executor.js'
import { targetShape } from './make-plan.js'
import { paysToGrowApart } from './growing-apart.js'
import { requireTrainingMemory, storedColumns, type TrainingSize } from './memory-estimate.js'
import { askedFeatures } from './row-costs.js'
import { drawsRows } from './settings-of-iteration.js'
import type { TrainingPlan } from './plan.js'
import { summarizeRows, withExtents } from './summary.js'
import { trainingDialogue } from './trainer.js'
import type {
  AnnounceRequest, TrainerAnswer, TrainerRequest, TrainingData, TrainingInputs,
} from './trainer-protocol.js'
import type { TrainOptions, TrainResult } from './types.js'

/**
 * Trains a model on rows of this process, whatever the executor. Closes the executor.
 *
 * @returns the model of all committed iterations; after an abort too
 * @throws CoppiceError 'PARAMETER' or 'DATA' before anything is trained; 'MODEL' when the model
 *   to resume from is of another training
 */
export async function train(options: TrainOptions, executor: Executor): Promise<TrainResult> {
  try {
    const params = resolveParams(options.params)
    checkEvalSets(options.train, options.evalSets ?? [], params)
    checkMemory(options, params, executor.nThreads)
    // threads start while labels are looked at
    executor.prepare?.()
    const inputs = localInputs(options, params, executor.nThreads)
    const dialogue = trainingDialogue(inputs)
    const job = {
      train: options.train,
      evalSets: options.evalSets ?? [],
      histogramPoolBytes: poolBytes(params, options),
      growsApart: isApart(options, params, executor.nThreads),
      ...(options.releasesRows === undefined ? {} : { releasesRows: options.releasesRows }),
    }
    const state = { ...job, isOpen: false }
    let step = dialogue.next()
    while (step.done !== true) {
      step = dialogue.next(await answerTo(step.value, options, executor, state))
    }
    return step.value
  } finally {
    await executor.close()
  }
}

/** What the trainer is to know of the rows. */
function localInputs(
  options: TrainOptions, params: ResolvedParams, nThreads: number,
): TrainingInputs {
  const { train: data, evalSets = [], resumeFrom, initModel } = options
  const shape = targetShape(params)
  const summarized = evalSets.map(({ name, data: set }) => {
    if (set.label === null) {
      throw new CoppiceError('DATA', `evaluation set "${name}" has no label`)
    }
    return { name, data: trainingData(set, shape, ` of evaluation set "${name}"`) }
  })
  if (data.label === null) {
    throw new CoppiceError('DATA', 'the training data have no label; name the label column')
  }
  return {
    params,
    train: trainingData(data, shape, ''),
    evalSets: summarized,
    executor: localTraits(nThreads),
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    ...(initModel === undefined ? {} : { initModel }),
  }
}

function trainingData(data: BinnedDataset, shape: TargetShape, where: string): TrainingData {
  const { nRows, features, classes } = data
  const summary = withExtents(summarizeRows(data, shape, where), data.blocks)
  return { nRows, features, classes, summary }
}

function checkMemory(
  options: TrainOptions, params: ResolvedParams, nThreads: number,
): void {
  // no number of threads would do for more
  checkRowCount(options.train.nRows, '')
  requireTrainingMemory(
    trainingSize(options, params, nThreads), options.memoryLimitBytes ?? Infinity)
}

function isApart(
  options: TrainOptions, params: ResolvedParams, nThreads: number,
): boolean {
  const { memoryLimitBytes = Infinity } = options
  return options.growsApart ??
    paysToGrowApart(trainingSize(options, params, nThreads), memoryLimitBytes)
}

function trainingSize(
  options: TrainOptions, params: ResolvedParams, nThreads: number,
): TrainingSize {
  const { train: data, evalSets = [] } = options
  return {
    nRows: data.nRows,
    nFeatures: data.features.length,
    nColumns: storedColumns(data),
    nEvalRows: evalSets.reduce((sum, set) => sum + set.data.nRows, 0),
    nOutputs: scoresPerRow(params),
    numLeaves: params.numLeaves,
    nThreads,
    speculation: params.speculation,
    nBins: data.features.reduce((sum, { mapper }) => sum + mapper.nBins, 0),
    usesBagging: drawsRows(params, data.nRows),
    widestBins: data.features.reduce((most, { mapper }) => Math.max(most, mapper.nBins), 0),
    hasWeight: data.weight !== null,
    nLabels: labelColumns(params),
    keepsResiduals: hasPercentileLeaves(params.objective),
    ranks: isRanking({ name: params.objective }) || params.objective === 'cox',
    hasPositions: data.shownAt != null,
    marksLeaves: params.linearTree,
    nAsked: askedFeatures(perFeature(params.cegbPenaltyFeatureLazy,
      data.features.map(({ name }) => name), 0, 'cegb_penalty_feature_lazy')).length,
    histogramPoolBytes: poolBytes(params, options),
  }
}

function poolBytes(
  { histogramPoolSize }: ResolvedParams, { memoryLimitBytes }: TrainOptions,
): number {
  return histogramPoolBytes(histogramPoolSize, memoryLimitBytes)
}

/** Does what the trainer asks for. */
async function answerTo(
  request: TrainerRequest, options: TrainOptions, executor: Executor,
  job: Omit<TrainingJob, 'plan'> & { isOpen: boolean },
): Promise<TrainerAnswer> {
  const { signal, onEvent } = options
  switch (request.kind) {
    case 'center':
      await open(request.plan, options, executor, job)
      return orAborted(() => executor.center(signal))
    case 'open':
      if (!job.isOpen) await open(request.plan, options, executor, job)
      return null
    case 'replay':
      return orAborted(async () => {
        await executor.replay(request.iterations, signal)
        return null
      })
    case 'tell':
      onEvent?.(request.event)
      return null
    case 'iterate': {
      if (signal?.aborted === true) return 'aborted'
      const { iteration, evaluates, next } = request
      return orAborted(() => executor.iterate(iteration, evaluates, signal, next))
    }
    case 'announce':
      return announce(request, options)
  }
}

async function open(
  plan: TrainingPlan, { signal, releasesRows }: TrainOptions, executor: Executor,
  job: Omit<TrainingJob, 'plan'> & { isOpen: boolean },
): Promise<void> {
  throwIfAborted(signal)
  job.isOpen = true
  const { isOpen: _isOpen, ...rest } = job
  await executor.open({ plan, ...rest })
  if (releasesRows !== true) return
  for (const set of [job.train, ...job.evalSets.map(({ data }) => data)]) releaseRows(set)
}

async function orAborted(work: () => Promise<TrainerAnswer>): Promise<TrainerAnswer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CoppiceError && error.code === 'ABORTED') return 'aborted'
    throw error
  }
}

async function announce(
  { event, model }: AnnounceRequest, { onEvent, callbacks = [] }: TrainOptions,
): Promise<'go' | 'stop'> {
  onEvent?.(event)
  let stops = false
  for (const callback of callbacks) {
    const asked = await callback(event, { model })
    stops ||= asked === 'stop'
  }
  return stops ? 'stop' : 'go'
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new CoppiceError('ABORTED', 'training was aborted before it began')
  }
}
