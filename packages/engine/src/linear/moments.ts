import { CoppiceError } from '../errors.js'
import type { MomentsLeaf, MomentsRequest } from '../execution/protocol.js'

/**
 * Sums of the leaves of a MomentsRequest over some rows, leaf by leaf: the leaf's rows; those of
 * them whose values are all there; then over these, with x the values times 2^-exponent and a 1
 * behind them, the sums of hessian x_m x_j for m <= j, m by m, and of gradient x_j: all in units of
 * 2^coarse, then, in the same order, what is left of them in units of 2^fine.
 *
 * Sums of disjoint rows add up, in any order: no number of a training reaches 2^63.
 */
export type MomentsPart = BigInt64Array

/** Numbers of one answer that are asked for at a time, unless one leaf has more. */
export const MOMENTS_MAX = 262_144

/** Numbers of a leaf before its sums. */
export const LEAF_HEAD = 2

/** Sums of a leaf with so many features, in each of the two units. */
export function nMoments(nFeatures: number): number {
  return (nFeatures + 1) * (nFeatures + 2) / 2 + nFeatures + 1
}

/** Numbers of a leaf. */
export function leafLength(nFeatures: number): number {
  return LEAF_HEAD + 2 * nMoments(nFeatures)
}

/**
 * Takes a leaf's sums out of the two planes of `Kernels.linearMoments`.
 * @returns where the next leaf's numbers go
 */
export function takeMoments(
  cells: BigInt64Array, k: number, part: MomentsPart, start: number,
): number {
  const width = (k + 2) & ~1
  const length = nMoments(k)
  let at = start + LEAF_HEAD
  for (let m = 0; m <= k + 1; m++) {
    for (let j = m > k ? 0 : m; j <= k; j++, at++) {
      part[at] = cells[m * width + j]!
      part[at + length] = cells[(k + 2 + m) * width + j]!
    }
  }
  return at + length
}

/** Numbers of an answer. */
export function momentsLength({ leaves }: MomentsRequest): number {
  return leaves.reduce((sum, { features }) => sum + leafLength(features.length), 0)
}

/** Room that any answer fits in. */
export function momentsRoom(maxFeatures: number): number {
  return Math.max(MOMENTS_MAX, leafLength(maxFeatures))
}

/** The sums of several engines, or stores, together. */
export function joinMoments(parts: readonly MomentsPart[]): MomentsPart {
  if (parts.length === 1) return parts[0]!
  const sums = new BigInt64Array(parts[0]?.length ?? 0)
  for (const part of parts) {
    for (let i = 0; i < sums.length; i++) sums[i]! += part[i]!
  }
  return sums
}

/**
 * `joinMoments` of those who have all rows between them.
 *
 * @throws CoppiceError 'INTERNAL' when the rows are not as many as the request says there are
 */
export function mergeMoments(
  request: MomentsRequest, parts: readonly MomentsPart[],
): MomentsPart {
  const sums = joinMoments(parts)
  let at = 0
  for (const { node, features, count } of request.leaves) {
    if (sums[at] !== BigInt(count)) {
      throw new CoppiceError('INTERNAL',
        `the sums of node ${node} do not add up: ${sums[at] ?? 0n} rows instead of ${count}`)
    }
    at += leafLength(features.length)
  }
  return sums
}

/** What is wrong with an answer of an engine elsewhere, or null. */
export function momentsFault(request: MomentsRequest, part: MomentsPart): string | null {
  if (part.length !== momentsLength(request)) return `${part.length} numbers came`
  let at = 0
  for (const { node, features, count } of request.leaves) {
    const [nRows, nFitted] = [part[at]!, part[at + 1]!]
    if (nFitted < 0n || nFitted > nRows || nRows > BigInt(count)) {
      return `of node ${node} ${nFitted} rows of ${nRows} are fitted`
    }
    at += leafLength(features.length)
  }
  return null
}

/** The leaves in their order, cut so that no answer takes more than the room there is. */
export function momentsBatches(leaves: readonly MomentsLeaf[]): MomentsLeaf[][] {
  const batches: MomentsLeaf[][] = []
  let room = 0
  for (const leaf of leaves) {
    const length = leafLength(leaf.features.length)
    if (length > room) {
      batches.push([])
      room = MOMENTS_MAX
    }
    batches.at(-1)!.push(leaf)
    room -= length
  }
  return batches
}
