import type { EngineRequest, Expansion } from './protocol.js'

/**
 * The nodes whose rows are summed to answer a request, in the order of its histograms: the root,
 * or of each expansion with a child that may be split the smaller child. The larger child's sums
 * are the parent's less those. Or the leaves that features were elected of.
 * Of several trees one after the other: a node's number is its tree's.
 */
export function histogramsOf(request: EngineRequest): readonly number[] {
  switch (request.kind) {
    case 'root': return [0]
    case 'round':
      return request.elected?.map(({ node }) => node) ??
        request.expansions.filter(needsHistogram).map(smallerChild)
    case 'together': return request.parts.flatMap((part) => histogramsOf(part.request))
    case 'prepare':
    case 'gradients':
    case 'tally':
    case 'commit':
    case 'evaluate':
    case 'select':
    case 'moments':
      return []
  }
}

/** Whether one of the children may be split. */
export function needsHistogram(expansion: Expansion): boolean {
  return expansion.leftMask !== null || expansion.rightMask !== null
}

/** The child with fewer rows over all; the left one of two equals. */
export function smallerChild({ left, right, leftTotals, rightTotals }: Expansion): number {
  return leftTotals.count <= rightTotals.count ? left : right
}
