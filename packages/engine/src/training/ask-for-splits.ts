import { assert } from '../errors.js'
import type {
  EngineRequest, RootAnswer, RootRequest, RoundAnswer, RoundRequest, VotesAnswer,
} from '../execution/protocol.js'
import type { ElectedLeaf } from '../execution/elected-leaf.js'
import type { Election } from '../grower/election.js'
import type { SplitCandidate } from '../kernels/candidate.js'

/** Requests for splits, each resumed with its answer. */
type Asking<Result> = Generator<EngineRequest, Result, RootAnswer | RoundAnswer | VotesAnswer>

/** The root's best split; where features are elected, first the votes. */
export function* askForRoot(request: RootRequest, election: Election | null): Asking<RootAnswer> {
  const answer = (yield request) as RootAnswer
  if (election === null) return answer
  const { totals, votes } = answer
  assert(votes !== undefined, 'the answer has votes')
  const elected = election.elect(0, totals, request.mask, votes)
  const [candidate] = yield* splitsOf([elected])
  return { totals, candidate: candidate! }
}

/** The best splits of a round's children; where features are elected, first the votes. */
export function* askForRound(
  request: RoundRequest, election: Election | null,
): Asking<RoundAnswer> {
  const answer = yield request
  if (election === null) return answer as RoundAnswer
  const { votes } = answer as VotesAnswer
  const elected = request.expansions.flatMap((expansion, i) => {
    election.take(expansion)
    const { left, right, leftTotals, rightTotals, leftMask, rightMask } = expansion
    return [
      election.elect(left, leftTotals, leftMask, votes[2 * i]!),
      election.elect(right, rightTotals, rightMask, votes[2 * i + 1]!),
    ]
  })
  const splits = yield* splitsOf(elected)
  return request.expansions.map((_, i) => [splits[2 * i]!, splits[2 * i + 1]!])
}

/** Asks for the splits of leaves by their elected features. Null: of no leaf, and no split. */
function* splitsOf(
  leaves: readonly (ElectedLeaf | null)[],
): Asking<readonly (SplitCandidate | null)[]> {
  const elected = leaves.filter((leaf) => leaf !== null)
  if (elected.length === 0) return leaves.map(() => null)
  const splits = (yield { kind: 'round', expansions: [], released: [], elected }) as RoundAnswer
  let next = 0
  return leaves.map((leaf) => leaf === null ? null : splits[next++]![0])
}
