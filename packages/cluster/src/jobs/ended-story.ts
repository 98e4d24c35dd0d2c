import { initialIterations, resumeModel } from '@coppice/engine'
import { assert, serializeModel } from '@coppice/model'
import { checkSpec } from './check-spec.js'
import { JobStory } from './job-story.js'
import type { JobOutcome } from './outcome.js'
import type { RestoredJob } from './restored-job.js'

/** The story of a job that ended, as its journal tells it: the model is made of the records. */
export function endedStory({ job, spec, plan, iterations, end }: RestoredJob): JobStory {
  assert(end !== null, `job "${job}" has ended`)
  const nIterations = Number(plan?.header.parameters['num_iterations'] ?? 0)
  const story = new JobStory(job, nIterations)
  if (plan !== null) {
    story.opened(plan.header)
    story.resumed(iterations)
  }
  if (end.kind === 'failed') {
    story.ended({ ...end, mayResume: false })
    return story
  }
  assert(plan !== null, `the journal of job "${job}" has a plan`)
  const { initModel } = checkSpec(spec)
  const model = resumeModel(plan.header, iterations, initModel)
  const outcome: JobOutcome = {
    ...end, model: new TextEncoder().encode(serializeModel(model)),
  }
  story.told({
    kind: 'stopped', reason: end.stoppedBy,
    nIterations: initialIterations(model) + iterations.length,
    bestIteration: model.bestIteration,
  })
  story.ended(outcome)
  return story
}
