import type { DatasetRecipe } from '@coppice/data'
import type { TargetShape } from '@coppice/engine'
import { CoppiceError, type ModelHeader } from '@coppice/model'
import { ProtocolError } from '../protocol/error.js'
import { fromWorker, toWorker } from '../protocol/message-schemas.js'
import type { LoadedPartitionInfo, SourcePartition } from '../protocol/messages.js'
import { modelHeader } from '../protocol/model-schemas.js'
import { checkValue, object, opaque, text } from '../protocol/schema.js'

/**
 * What is fixed of a job before its first iteration: enough to go on with it without a look at
 * the data other than binning them again.
 */
export interface JobPlan {
  /** Hash of what decides bytes (see `Hello.build`). */
  readonly build: string
  /** Training data first, then the evaluation sets. */
  readonly recipes: readonly DatasetRecipe[]
  readonly sources: readonly (readonly SourcePartition[])[]
  readonly shape: TargetShape
  /** Of all partitions, in order. */
  readonly infos: readonly LoadedPartitionInfo[]
  readonly header: ModelHeader
}

const outer = object<Record<keyof JobPlan, unknown>>({
  build: text(256), recipes: opaque, sources: opaque, shape: opaque, infos: opaque,
  header: opaque,
})

/**
 * Reads the plan of a journal.
 *
 * @throws CoppiceError 'IO' where it is of another form: written by another version
 */
export function parseJobPlan(value: unknown): JobPlan {
  try {
    const { build, recipes, sources, shape, infos, header } = checkValue(outer, value, 'the plan')
    // The parts are those of two messages, and are checked as such.
    const job = checkValue(toWorker, { type: 'job', job: '', recipes, sources, shape }, 'the plan')
    const loaded = checkValue(
      fromWorker, { type: 'loaded', job: '', store: 0, partitions: infos }, 'the plan')
    if (job.type !== 'job' || loaded.type !== 'loaded') throw new Error('checked otherwise')
    return {
      build: String(build), recipes: job.recipes, sources: job.sources, shape: job.shape,
      infos: loaded.partitions, header: checkValue(modelHeader, header, 'the plan'),
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new CoppiceError('IO', `the journal's plan cannot be used: ${error.message}; go on ` +
      'with the version of Coppice that wrote it, or start a new job', { cause: error })
  }
}

/** @throws CoppiceError 'IO' when the plan was made by another build: the bytes could differ */
export function requireBuild(plan: JobPlan, build: string): void {
  if (plan.build === build) return
  throw new CoppiceError('IO',
    `the journal was written by build ${plan.build} of Coppice, this is ${build}: the model ` +
    'could become another one; go on with the version that wrote it, or start a new job')
}
