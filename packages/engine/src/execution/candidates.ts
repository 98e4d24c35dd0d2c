import { betterCandidate, readCandidate, type SplitCandidate } from '../kernels/candidate.js'
import type { Exchange } from './exchange.js'
import type { EngineSetup, RoundAnswer, RoundRequest, VotesAnswer } from './protocol.js'

/** The best candidate of a child over the shares of all reducers. */
export function bestOfShares(
  exchange: Exchange, nShares: number, expansion: number, child: number,
): SplitCandidate | null {
  const { features, candidateView: view } = exchange
  let best: SplitCandidate | null = null
  for (let share = 0; share < nShares; share++) {
    best = betterCandidate(
      best, readCandidate(view, exchange.candidateAt(share, expansion, child), features))
  }
  return best
}

/** What is found of the root: its best split, or votes. */
export function rootFinding(
  exchange: Exchange, nShares: number, { voting }: Pick<EngineSetup, 'voting'>,
): { readonly candidate: SplitCandidate | null, readonly votes?: Float64Array } {
  return voting === undefined ? { candidate: bestOfShares(exchange, nShares, 0, 0) }
    : { candidate: null, votes: exchange.votesOn(0, 0).slice() }
}

/**
 * Candidates of all children of a round, and of the leaves that it scans again; or where features
 * are elected, the votes on the children.
 */
export function roundAnswer(
  exchange: Exchange, nShares: number, request: RoundRequest,
  { voting }: Pick<EngineSetup, 'voting'>,
): RoundAnswer | VotesAnswer {
  const { expansions, elected, rescans = elected ?? [] } = request
  if (voting !== undefined && elected === undefined) {
    return { votes: expansions.flatMap((_, j) =>
      [exchange.votesOn(j, 0).slice(), exchange.votesOn(j, 1).slice()]) }
  }
  return [...expansions, ...rescans].map((_, j) => [
    bestOfShares(exchange, nShares, j, 0),
    j < expansions.length ? bestOfShares(exchange, nShares, j, 1) : null,
  ])
}
