import { assert } from '../errors.js'
import { histogramsOf } from '../execution/histograms-of.js'
import type {
  CommitRequest, EngineRequest, LanePart, RootAnswer, RoundAnswer, TogetherAnswer,
} from '../execution/protocol.js'
import type { GrownTree } from '../grower/grown-tree.js'

/** What is answered where trees grow. */
type GrowthAnswer = RootAnswer | RoundAnswer | TogetherAnswer | null
/** Requests of growing trees, each resumed with its answer. */
type Growth<Result> = Generator<EngineRequest, Result, GrowthAnswer>

/** A tree on its way. */
interface Growing {
  readonly tree: number
  readonly lane: number
  readonly dialogue: Growth<GrownTree>
  /** What it asks for now; its commit, or null with the tree, when it is grown. */
  request: EngineRequest | null
  grown: GrownTree | null
}

/**
 * Grows trees in lanes: what all of them ask for next is one request. A tree is committed when
 * those before it are, so that the log has them in their order; its lane then has the next one.
 *
 * @param grow - grows a tree in a lane: asks for its root, rounds, and last for its commit, if it
 *   has one
 */
export function* growTogether(
  nTrees: number, nLanes: number, grow: (tree: number, lane: number) => Growth<GrownTree>,
): Growth<GrownTree[]> {
  const trees: GrownTree[] = []
  let nBegun = 0
  const begin = (lane: number): Growing => {
    const tree = nBegun++
    const growing: Growing = {
      tree, lane, dialogue: grow(tree, lane), request: null, grown: null,
    }
    resume(growing, null)
    return growing
  }
  let lanes = Array.from({ length: Math.min(nLanes, nTrees) }, (_, lane) => begin(lane))
  while (lanes.length > 0) {
    const next = lanes.find(({ tree }) => tree === trees.length)!
    if (next.request?.kind === 'commit') resume(next, yield next.request)
    if (next.grown !== null) {
      trees.push(next.grown)
      const rest = lanes.filter((growing) => growing !== next)
      lanes = nBegun < nTrees ? [...rest, begin(next.lane)] : rest
      continue
    }
    yield* ask(lanes)
  }
  return trees
}

/** One round of all trees that are not grown. */
function* ask(lanes: readonly Growing[]): Growth<void> {
  const asking = lanes.flatMap((growing) => {
    const part = partOf(growing)
    return part === null ? [] : [{ growing, part }]
  })
  // what needs no histogram needs nobody's answer: those trees are nearer to their next request
  const silent = asking.filter(({ part }) => histogramsOf(part.request).length === 0)
  const now = silent.length > 0 ? silent : asking
  const answers = (yield {
    kind: 'together', parts: now.map(({ part }) => part),
  }) as TogetherAnswer
  now.forEach(({ growing }, i) => resume(growing, answers[i]!))
}

function partOf({ lane, request }: Growing): LanePart | null {
  return request?.kind === 'root' || request?.kind === 'round' ? { lane, request } : null
}

function resume(growing: Growing, answer: GrowthAnswer): void {
  const step = growing.dialogue.next(answer)
  growing.request = step.done === true ? null : step.value
  growing.grown = step.done === true ? step.value : null
  const { request } = growing
  assert(request === null || isCommit(request) || partOf(growing) !== null,
    'trees that grow together ask for sums only')
}

function isCommit(request: EngineRequest): request is CommitRequest {
  return request.kind === 'commit'
}
