import type { Model } from '../types.js'
import { CoppiceError } from '../errors.js'
import {
  canonicalEarlier, canonicalFeature, canonicalObjective, canonicalOrigin, canonicalParameters,
  canonicalSeries, canonicalTree,
} from './canonical.js'
import { extendChainOfTexts, startChain } from './chain.js'
import { validateModel } from './validate.js'

/**
 * The model as the text of a model file: equal models give equal bytes.
 *
 * One feature, parameter, tree and evaluation series per line, keys in a fixed order, a newline
 * at the end; see FORMAT.md. Nothing is written that `parseModel` would refuse.
 * @throws CoppiceError 'MODEL' when the model is not valid or its chain hash is not its own
 */
export function serializeModel(model: Model): string {
  validateModel(model)
  const trees = model.trees.map(canonicalTree)
  const { treesPerIteration } = model
  let chain = startChain(model)
  for (let t = 0; t < trees.length; t += treesPerIteration) {
    chain = extendChainOfTexts(chain, trees.slice(t, t + treesPerIteration))
  }
  if (chain !== model.chainHash) {
    throw new CoppiceError('MODEL',
      `model: chainHash must be ${chain}, the hash of this header and these trees, got ` +
      `${model.chainHash}; compute it with chainOf after changing a model`)
  }
  return '{\n' + [
    '"format": "coppice-model"',
    `"formatVersion": ${model.formatVersion}`,
    `"objective": ${canonicalObjective(model.objective)}`,
    `"classes": ${JSON.stringify(model.classes)}`,
    `"features": ${lines('[', model.features.map(canonicalFeature), ']')}`,
    `"treesPerIteration": ${treesPerIteration}`,
    `"baseScores": ${JSON.stringify(model.baseScores)}`,
    `"parameters": ${lines('{', canonicalParameters(model.parameters), '}')}`,
    `"trees": ${lines('[', trees, ']')}`,
    `"bestIteration": ${JSON.stringify(model.bestIteration)}`,
    `"evaluation": ${lines('[', model.evaluation.map(canonicalSeries), ']')}`,
    ...(model.earlier === undefined ? []
      : [`"earlier": ${lines('[', model.earlier.map(canonicalEarlier), ']')}`]),
    ...(model.positionBiases === undefined ? []
      : [`"positionBiases": ${JSON.stringify(model.positionBiases)}`]),
    ...(model.origin === undefined ? [] : [`"origin": ${canonicalOrigin(model.origin)}`]),
    `"chainHash": "${chain}"`,
  ].join(',\n') + '\n}\n'
}

/** A list with one item per line, or just its brackets. */
function lines(open: string, items: readonly string[], close: string): string {
  return items.length === 0 ? open + close : `${open}\n${items.join(',\n')}\n${close}`
}
