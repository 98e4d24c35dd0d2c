/**
 * The chain hash of a model: SHA-256 over the header, then over each iteration in turn.
 *
 *     h0 = sha256("coppice-model 1\n" + canonical header)         or 2, the formatVersion
 *     h1 = sha256(h0 + canonical trees of iteration 0)        "+" on bytes, UTF-8
 *     h2 = sha256(h1 + canonical trees of iteration 1)  ...
 *
 * So the chain of a checkpoint after k iterations is on the way to the chain of the whole
 * model, and two trainings that disagree show the first iteration in which they do.
 */

import { isForest } from '../objective.js'
import type { Model, Tree } from '../types.js'
import { fromHex, Sha256, sha256, toHex } from '../sha256.js'
import { canonicalHeader, canonicalTree, type ModelHeader } from './canonical.js'

const encoder = new TextEncoder()

/** The least version of the format that has all that a model with this header needs. */
export function formatVersionOf(
  { origin, earlier, objective, parameters }: ModelHeader,
): 1 | 2 {
  return origin === undefined && earlier === undefined && !isForest(objective) &&
    !hasLinearTrees(parameters) ? 1 : 2
}

/** Whether a model that was trained here may have linear leaves: its parameters say so. */
export function hasLinearTrees(parameters: Model['parameters']): boolean {
  return parameters['linear_tree'] === true
}

/** The hash of a model without trees: 64 hexadecimal digits. */
export function startChain(header: ModelHeader): string {
  const version = formatVersionOf(header)
  return toHex(sha256(encoder.encode(`coppice-model ${version}\n${canonicalHeader(header)}`)))
}

/**
 * The hash after one more iteration.
 * @param hash - the hash before it, from `startChain` or `extendChain`
 * @param trees - the trees of the iteration, `treesPerIteration` of them in class order
 */
export function extendChain(hash: string, trees: readonly Tree[]): string {
  return extendChainOfTexts(hash, trees.map(canonicalTree))
}

/** `extendChain` for trees that are canonical JSON already. */
export function extendChainOfTexts(hash: string, trees: readonly string[]): string {
  const sum = new Sha256().update(fromHex(hash))
  return toHex(sum.update(encoder.encode(`[${trees.join(',')}]`)).digest())
}

/** The hash of all iterations, computed from the model; its `chainHash` is not read. */
export function chainOf(model: Omit<Model, 'chainHash'>): string {
  const { trees, treesPerIteration } = model
  let hash = startChain(model)
  for (let t = 0; t < trees.length; t += treesPerIteration) {
    hash = extendChain(hash, trees.slice(t, t + treesPerIteration))
  }
  return hash
}
