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
  const { mask, rules } = request
  const elected = election.elect({ node: 0, totals, mask, votes, rules })
  const [candidate] = yield* splitsOf([elected], election.leavesMax)
  return { totals, candidate: candidate! }
}

/**
 * The best splits of a round's children, and of the leaves that it scans again; where features are
 * elected, first the votes on the children.
 */
export function* askForRound(
  request: RoundRequest, election: Election | null,
): Asking<RoundAnswer> {
  if (election === null) return (yield request) as RoundAnswer
  const { rescans = [], ...round } = request
  const { expansions } = round
  const { votes } = expansions.length + round.released.length === 0 ? { votes: [] }
    : (yield round) as VotesAnswer
  const elected = expansions.flatMap((expansion, i) => {
    election.take(expansion)
    const { left, right, leftTotals, rightTotals, leftMask, rightMask, rules } = expansion
    return [
      election.elect({ node: left, totals: leftTotals, mask: leftMask, votes: votes[2 * i]!,
        rules: rules?.[0] }),
      election.elect({ node: right, totals: rightTotals, mask: rightMask,
        votes: votes[2 * i + 1]!, rules: rules?.[1] }),
    ]
  })
  const again = rescans.map((leaf) => election.again(leaf))
  const splits = yield* splitsOf([...elected, ...again], election.leavesMax)
  return [
    ...expansions.map((_, i) => [splits[2 * i]!, splits[2 * i + 1]!] as const),
    ...again.map((_, i) => [splits[elected.length + i]!, null] as const),
  ]
}

/**
 * Asks for the splits of leaves by their elected features. Null: of no leaf, and no split.
 *
 * @param most - leaves of one request
 */
function* splitsOf(
  leaves: readonly (ElectedLeaf | null)[], most: number,
): Asking<readonly (SplitCandidate | null)[]> {
  const all = leaves.filter((leaf) => leaf !== null)
  const splits: (SplitCandidate | null)[] = []
  for (let i = 0; i < all.length; i += most) {
    const elected = all.slice(i, i + most)
    const answer = (yield { kind: 'round', expansions: [], released: [], elected }) as RoundAnswer
    splits.push(...answer.map(([candidate]) => candidate))
  }
  let next = 0
  return leaves.map((leaf) => leaf === null ? null : splits[next++]!)
}
