import { startChain, type Model, type ModelHeader, type Tree } from '@coppice/model'
import { assert, CoppiceError } from '../errors.js'
import { resolveParams } from '../params/index.js'
import { GrowingModel } from './growing-model.js'
import { initialTrees } from './initial-model.js'
import type { CommittedIteration } from './trainer-protocol.js'

/**
 * The model of a training's committed iterations, as `AnnounceRequest.model` gave it after the
 * last of them: for going on with the training, as `resumeFrom`.
 *
 * @param header - as the training's request 'open' had it
 * @param records - of iterations 0, 1, 2, ... without a gap
 * @param initModel - what the training began with, of `initialModel`; null: with nothing
 * @throws CoppiceError 'MODEL' when a record is missing or changed, naming the iteration
 */
export function resumeModel(
  header: ModelHeader, records: readonly CommittedIteration[], initModel: Model | null = null,
): Model {
  assert((header.earlier === undefined) === (initModel === null),
    'who begins with a model has it to go on')
  const initial = initModel === null ? [] : initialTrees(initModel, header.features)
  // all parameters that decide when to stop affect the model, so the header has them
  const growing = new GrowingModel(header, resolveParams(header.parameters), initial)
  for (const [expected, record] of records.entries()) {
    const { iteration, trees, rescale, metrics, positionBiases, chainHash } = record
    if (iteration !== expected) {
      throw new CoppiceError('MODEL',
        `cannot resume: iteration ${expected} is missing from the committed iterations, ` +
        `${iteration} came in its place; resume from a journal without a gap or start anew`)
    }
    if (trees.length !== header.treesPerIteration) {
      throw new CoppiceError('MODEL',
        `cannot resume: iteration ${iteration} has ${trees.length} trees, the model has ` +
        `${header.treesPerIteration} per iteration; resume from the journal as it was written`)
    }
    growing.commit(trees, metrics, rescale, positionBiases)
    if (growing.chainHash !== chainHash) {
      throw new CoppiceError('MODEL',
        `cannot resume: the chain hash after iteration ${iteration} is ${growing.chainHash}, the ` +
        `record says ${chainHash}; the journal was changed or is of another training`)
    }
  }
  return growing.model()
}

/**
 * The trees of a model to be resumed, by iteration, without those of earlier trainings.
 *
 * @param header - of the training that is to go on
 * @throws CoppiceError 'MODEL' when the model is of another training or has too many iterations
 */
export function resumableIterations(
  model: Model, header: ModelHeader, numIterations: number,
): Tree[][] {
  // equal headers mean equal objective, features, dictionaries, base scores and parameters
  if (startChain(model) !== startChain(header)) {
    throw new CoppiceError('MODEL',
      'cannot resume from this model: this training differs in ' +
      `${differences(model, header).join(', ')}; resume with the same data and parameters` +
      (model.earlier === undefined ? '' : ', and the model that it began with'))
  }
  const { trees, treesPerIteration } = model
  const nInitial = initialIterations(model)
  const nIterations = trees.length / treesPerIteration - nInitial
  if (nIterations > numIterations) {
    throw new CoppiceError('MODEL',
      `cannot resume from this model: it has ${nIterations} iterations, num_iterations is ` +
      `${numIterations}`)
  }
  const iterations: Tree[][] = []
  for (let t = nInitial * treesPerIteration; t < trees.length; t += treesPerIteration) {
    iterations.push(trees.slice(t, t + treesPerIteration))
  }
  return iterations
}

/** Iterations of a model that earlier trainings gave it. */
export function initialIterations({ earlier = [] }: Pick<ModelHeader, 'earlier'>): number {
  return earlier.reduce((sum, { iterations }) => sum + iterations, 0)
}

/** Names of the header's parts that differ. */
function differences(model: Model, header: ModelHeader): string[] {
  const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)
  const names: string[] = []
  for (const key of ['objective', 'classes', 'features', 'baseScores'] as const) {
    if (differ(model[key], header[key])) names.push(key)
  }
  if (differ(model.earlier, header.earlier)) names.push('initial model')
  const keys = new Set([...Object.keys(model.parameters), ...Object.keys(header.parameters)])
  for (const key of keys) {
    if (differ(model.parameters[key], header.parameters[key])) names.push(key)
  }
  return names
}
