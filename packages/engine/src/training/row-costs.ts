import { assert } from '../errors.js'
import { smallerChild } from '../execution/histograms-of.js'
import type { Expansion } from '../execution/protocol.js'
import { TALLY_COUNTS, type AskedTally } from '../execution/tally-request.js'

/** Requests for counts of rows, each resumed with its answer. */
export type Counting<Result> = Generator<AskedTally, Result, Float64Array>

/**
 * What splits of one tree cost where every row pays for a feature once, when it is first asked for
 * it (cegb_penalty_feature_lazy): a leaf's split by it costs as much for each of the leaf's rows
 * that neither a committed tree nor a node above has asked. Counts are asked of those who hold the
 * rows: of the root and of the smaller children; the larger ones' follow.
 */
export class RowCosts {
  /** By feature. */
  readonly #costs: readonly number[]
  /** Features that cost something, ascending. */
  readonly #asked: readonly number[]
  /** By node: of each of those the rows that no committed tree has asked. */
  readonly #counts = new Map<number, Float64Array>()
  /** By node: those of the features that split the nodes above. */
  readonly #paths = new Map<number, ReadonlySet<number>>([[0, new Set()]])

  /** @param costs - of each feature, for a row */
  constructor(costs: readonly number[]) {
    this.#costs = costs
    this.#asked = askedFeatures(costs)
  }

  /** Learns of the root. */
  *takeRoot(): Counting<void> {
    this.#counts.set(0, yield* this.#ask(0))
  }

  /** Learns of the children of a round's expansions. */
  *take(expansions: readonly Expansion[]): Counting<void> {
    for (const expansion of expansions) {
      const { parent, left, right, feature, leftMask, rightMask } = expansion
      // leaves for good
      if (leftMask === null && rightMask === null) continue
      const path = new Set([...this.#paths.get(parent)!, feature])
      const smaller = smallerChild(expansion)
      const counts = yield* this.#ask(smaller)
      const ofParent = this.#counts.get(parent)!
      assert(counts.every((count, i) => count <= ofParent[i]!), 'children have the parent\'s rows')
      for (const child of [left, right]) {
        this.#paths.set(child, path)
        this.#counts.set(child, child === smaller ? counts
          : ofParent.map((count, i) => count - counts[i]!))
      }
    }
  }

  *#ask(node: number): Counting<Float64Array> {
    const counts = new Float64Array(this.#asked.length)
    for (let first = 0; first < counts.length; first += TALLY_COUNTS) {
      const some = yield { kind: 'tally', of: 'asked', node, first }
      counts.set(some.subarray(0, counts.length - first), first)
    }
    return counts
  }

  /** What splitting a node by each feature costs. */
  readonly of = (node: number): Float64Array => {
    const counts = this.#counts.get(node)
    const path = this.#paths.get(node)
    assert(counts !== undefined && path !== undefined, `the rows of node ${node} were counted`)
    const costs = new Float64Array(this.#costs.length)
    this.#asked.forEach((f, i) => {
      if (!path.has(f)) costs[f] = this.#costs[f]! * counts[i]!
    })
    return costs
  }
}

/** Features that cost something, ascending. */
export function askedFeatures(costs: readonly number[]): number[] {
  return [...costs.keys()].filter((f) => costs[f]! > 0)
}
