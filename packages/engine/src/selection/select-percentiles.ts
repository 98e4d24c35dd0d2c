import type { SelectedGroup, SelectGroup, SelectRequest } from '../execution/protocol.js'
import { ENTRY } from './answer.js'
import { entriesMax } from './buckets.js'
import { PercentileSearch, type PercentileTarget } from './percentile-search.js'

/** Most numbers of anyone's answer to one request: what threads have room for. */
export const SELECT_NUMBERS_MAX = 786_432

/** Requests to the engines, each resumed with its answer. */
export type Selection<Result> = Generator<SelectRequest, Result, readonly SelectedGroup[]>

/**
 * Finds percentiles of the residuals of several sets of rows at once: in each round all that are
 * not found yet are narrowed down, so that rounds are as many as the slowest needs.
 *
 * @param output - whose scores the residuals are of
 * @returns one per target, in units of the residuals
 */
export function* selectPercentiles(
  output: number, targets: readonly PercentileTarget[],
): Selection<number[]> {
  const searches = targets.map((target) => new PercentileSearch(target))
  const weightScale = targets[0]?.weightScale ?? 0
  for (;;) {
    const open = searches.filter(({ group }) => group !== null)
    if (open.length === 0) return searches.map(({ result }) => result!)
    for (let first = 0; first < open.length;) {
      const groups = fitting(open.slice(first).map(({ group }) => group!))
      const answers = yield { kind: 'select', output, weightScale, groups }
      answers.forEach((answer, i) => open[first + i]!.accept(answer))
      first += groups.length
    }
  }
}

/** As many of the groups as there is room to answer; at least one. */
function fitting(groups: readonly SelectGroup[]): readonly SelectGroup[] {
  let room = SELECT_NUMBERS_MAX
  let n = 0
  for (; n < groups.length; n++) {
    room -= 1 + ENTRY * entriesMax(groups[n]!)
    if (room < 0 && n > 0) break
  }
  return groups.slice(0, n)
}
