/** Who holds which partitions: pure arithmetic. */

/** A worker as far as placing goes. */
export interface Holder {
  readonly name: string
  /** Relative speed: its threads. */
  readonly capacity: number
}

export interface Placed {
  readonly partition: number
  readonly weight: number
}

/** How much more than its share a worker may get of what it is preferred for. */
const PREFERENCE_SLACK = 1.25

/**
 * Deals partitions to workers: largest first, each to its preferred worker unless that has much
 * more than its share already, else to whoever is done with it first (LPT).
 *
 * @param loads - weight that workers hold already, by name
 * @param preferred - by partition, or null
 * @param mayHold - false where a worker has shown that it cannot hold a partition
 * @returns partitions by worker, ascending; those that nobody may hold are left out
 */
export function deal(
  partitions: readonly Placed[], holders: readonly Holder[], loads: ReadonlyMap<string, number>,
  preferred: (partition: number) => string | null,
  mayHold: (worker: string, partition: number) => boolean = () => true,
): Map<string, number[]> {
  const given = new Map<string, number[]>()
  const load = new Map(holders.map(({ name }) => [name, loads.get(name) ?? 0]))
  const total = sum(load.values()) + sum(partitions.map(({ weight }) => weight))
  const capacity = sum(holders.map((holder) => holder.capacity))
  const bySize = [...partitions].sort((a, b) => b.weight - a.weight || a.partition - b.partition)
  for (const { partition, weight } of bySize) {
    const able = holders.filter(({ name }) => mayHold(name, partition))
    const timeWith = ({ name, capacity: own }: Holder): number => (load.get(name)! + weight) / own
    const wish = able.find(({ name }) => name === preferred(partition))
    const share = (total / capacity) * PREFERENCE_SLACK
    const fits = wish !== undefined && timeWith(wish) <= share
    const best = fits ? wish : able.reduce<Holder | null>(
      (least, holder) => (least === null || timeWith(holder) < timeWith(least) ? holder : least),
      null)
    if (best === null) continue
    load.set(best.name, load.get(best.name)! + weight)
    given.set(best.name, [...(given.get(best.name) ?? []), partition])
  }
  for (const list of given.values()) list.sort((a, b) => a - b)
  return given
}

/** A move must shorten the slowest worker's time by this much of it to be worth a rebuild. */
const WORTH_MOVING = 0.1

/**
 * Evens out who holds what with few moves, from the slowest worker to the fastest, one partition
 * at a time. Workers that are not among `holders` (they leave) give all they have.
 *
 * @param current - worker by partition
 * @returns worker by partition
 */
export function rebalance(
  partitions: readonly Placed[], holders: readonly Holder[],
  current: ReadonlyMap<number, string>,
): Map<number, string> {
  const stays = new Map<number, string>()
  const names = new Set(holders.map(({ name }) => name))
  const loads = new Map<string, number>()
  const leaving: Placed[] = []
  for (const placed of partitions) {
    const worker = current.get(placed.partition)
    if (worker === undefined || !names.has(worker)) {
      leaving.push(placed)
      continue
    }
    stays.set(placed.partition, worker)
    loads.set(worker, (loads.get(worker) ?? 0) + placed.weight)
  }
  for (const [worker, taken] of deal(leaving, holders, loads, () => null)) {
    for (const partition of taken) stays.set(partition, worker)
  }
  for (let moves = 0; moves < partitions.length; moves++) {
    const move = bestMove(partitions, holders, stays)
    if (move === null) break
    stays.set(move.partition, move.to)
  }
  return stays
}

/** The move off the slowest worker that leaves the slower of the two soonest done. */
function bestMove(
  partitions: readonly Placed[], holders: readonly Holder[], stays: ReadonlyMap<number, string>,
): { partition: number, to: string } | null {
  const load = new Map(holders.map(({ name }) => [name, 0]))
  for (const { partition, weight } of partitions) {
    const worker = stays.get(partition)
    if (worker !== undefined) load.set(worker, load.get(worker)! + weight)
  }
  const time = ({ name, capacity }: Holder, extra = 0): number =>
    (load.get(name)! + extra) / capacity
  const slowest = extreme(holders, (holder) => -time(holder))
  const fastest = extreme(holders, (holder) => time(holder))
  if (slowest === null || fastest === null || slowest === fastest) return null
  const now = time(slowest)
  let best: { partition: number, to: string, time: number } | null = null
  for (const { partition, weight } of partitions) {
    if (stays.get(partition) !== slowest.name) continue
    const then = Math.max(time(slowest, -weight), time(fastest, weight))
    if (then < now * (1 - WORTH_MOVING) && (best === null || then < best.time)) {
      best = { partition, to: fastest.name, time: then }
    }
  }
  return best
}

function extreme(holders: readonly Holder[], value: (holder: Holder) => number): Holder | null {
  return holders.reduce<Holder | null>(
    (best, holder) => (best === null || value(holder) < value(best) ? holder : best), null)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
