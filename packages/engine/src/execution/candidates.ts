import { betterCandidate, readCandidate, type SplitCandidate } from '../kernels/candidate.js'
import type { Exchange } from './exchange.js'
import type { RoundRequest } from './protocol.js'

/** The best candidate of a child over the shares of all reducers. */
export function bestOfShares(
  exchange: Exchange, nShares: number, expansion: number, child: number,
): SplitCandidate | null {
  const { features, candidates: { buffer, byteOffset } } = exchange
  const view = new DataView(buffer, byteOffset)
  let best: SplitCandidate | null = null
  for (let share = 0; share < nShares; share++) {
    best = betterCandidate(
      best, readCandidate(view, exchange.candidateAt(share, expansion, child), features))
  }
  return best
}

/** Candidates of all children of a round, and of the leaves that it scans again. */
export function roundAnswer(
  exchange: Exchange, nShares: number, request: RoundRequest,
): (readonly [SplitCandidate | null, SplitCandidate | null])[] {
  const { expansions, rescans = [] } = request
  return [...expansions, ...rescans].map((_, j) => [
    bestOfShares(exchange, nShares, j, 0),
    j < expansions.length ? bestOfShares(exchange, nShares, j, 1) : null,
  ])
}
