import { TestRandom } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { resolveParams } from '../../src/params/index.js'
import { localTraits, type ExecutorTraits } from '../../src/training/executor-traits.js'
import { targetShape } from '../../src/training/make-plan.js'
import { mergeSummaries, summarizeRows } from '../../src/training/summary.js'
import type { TargetShape } from '../../src/training/check-data.js'
import { trainingDialogue } from '../../src/training/trainer.js'
import type {
  TrainerAnswer, TrainerRequest, TrainingData, TrainingInputs,
} from '../../src/training/trainer-protocol.js'
import type { TrainOptions, TrainResult } from '../../src/training/types.js'

/** What a trainer knows of rows that lie in parts somewhere: no row is in it. */
export function dataInParts(data: BinnedDataset, shape: TargetShape, seed: number): TrainingData {
  const random = new TestRandom(seed)
  const { nRows, features, classes, label, weight, initScore } = data
  const bounds = [0, ...Array.from({ length: 5 }, () => random.below(nRows + 1)), nRows]
    .sort((a, b) => a - b)
  const summaries = bounds.slice(1).map((last, i) => {
    const first = bounds[i]!
    const part = (values: Float64Array | null, width: number): Float64Array | null =>
      values === null ? null : values.slice(first * width, last * width)
    return summarizeRows({
      nRows: last - first, label: part(label, 1), weight: part(weight, 1),
      initScore: part(initScore, shape.nOutputs),
    }, shape, '')
  })
  return { nRows, features, classes, summary: mergeSummaries(summaries.reverse()) }
}

/** The inputs of the dialogue that trains what `train` would. */
export function inputsFor(
  { params: raw, train, evalSets = [], resumeFrom }: TrainOptions,
  executor: ExecutorTraits = localTraits(1),
): TrainingInputs {
  const params = resolveParams(raw)
  const shape = targetShape(params)
  return {
    params,
    train: dataInParts(train, shape, 1),
    evalSets: evalSets.map(({ name, data }, i) =>
      ({ name, data: dataInParts(data, shape, i + 2) })),
    executor,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
  }
}

/** An answer to give in place of the engines', or undefined to let them answer. */
export type Intercept = (request: TrainerRequest) => TrainerAnswer | undefined

/** Drives a dialogue by hand. @returns its result and all requests */
export async function drive(
  inputs: TrainingInputs, { train, evalSets = [] }: TrainOptions,
  intercept: Intercept = () => undefined,
): Promise<TrainResult & { requests: TrainerRequest[] }> {
  const engines = new InlineExecutor()
  let isOpen = false
  const carryOut = async (request: TrainerRequest): Promise<TrainerAnswer> => {
    switch (request.kind) {
      case 'center':
        isOpen = true
        await engines.open({ plan: request.plan, train, evalSets })
        return engines.center()
      case 'open':
        if (isOpen) return null
        await engines.open({ plan: request.plan, train, evalSets })
        return null
      case 'replay':
        await engines.replay(request.iterations)
        return null
      case 'iterate': return engines.iterate(request.iteration, request.evaluates)
      case 'tell': return null
      case 'announce': return 'go'
    }
  }
  const requests: TrainerRequest[] = []
  const dialogue = trainingDialogue(inputs)
  let step = dialogue.next()
  while (step.done !== true) {
    requests.push(step.value)
    step = dialogue.next(intercept(step.value) ?? await carryOut(step.value))
  }
  await engines.close()
  return { ...step.value, requests }
}
