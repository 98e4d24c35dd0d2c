import type { CommittedIteration } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { JournalRecord } from '../journal/record.js'
import type { JobSpec } from '../protocol/client-messages.js'
import { jobSpec } from '../protocol/client-schemas.js'
import { ProtocolError } from '../protocol/error.js'
import { checkValue, count, object } from '../protocol/schema.js'
import { type JobPlan, parseJobPlan } from './job-plan.js'
import { type JournaledEnd, parseEnd } from './outcome.js'

/** What the first record of a journal says of the job. */
export interface JournaledSpec {
  readonly spec: JobSpec
  /** Its place among the jobs of the folder: the order in which they are gone on with. */
  readonly place: number
}

/** A job, as its journal tells it. */
export interface RestoredJob extends JournaledSpec {
  readonly job: string
  readonly plan: JobPlan | null
  readonly iterations: readonly CommittedIteration[]
  readonly end: JournaledEnd | null
}

const journaledSpec = object<JournaledSpec>({ spec: jobSpec, place: count })

/**
 * Puts the records of a journal together.
 *
 * @returns null for a journal without records
 * @throws CoppiceError 'IO' for one that another version wrote
 */
export function restoreJob(records: readonly JournalRecord[]): RestoredJob | null {
  const first = records[0]
  if (first?.kind !== 'job') return null
  let plan: JobPlan | null = null
  let end: JournaledEnd | null = null
  const iterations: CommittedIteration[] = []
  for (const record of records) {
    switch (record.kind) {
      case 'job': break
      case 'plan':
        plan = parseJobPlan(record.plan)
        break
      case 'iteration': {
        const { kind: _, ...iteration } = record
        iterations.push(iteration)
        break
      }
      case 'end':
        end = parseEnd(record.reason)
        if (end === null) throw foreign(`its end "${record.reason}" is not known`)
    }
  }
  return { job: first.job, ...parseSpec(first.spec), plan, iterations, end }
}

function parseSpec(value: unknown): JournaledSpec {
  try {
    return checkValue(journaledSpec, value, 'the job')
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw foreign(error.message)
  }
}

function foreign(why: string): CoppiceError {
  return new CoppiceError('IO', `the journal cannot be used: ${why}; go on with the version of ` +
    'Coppice that wrote it, or start a new job')
}
