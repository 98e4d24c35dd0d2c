import { assert } from '../errors.js'
import { Heap } from '../grower/heap.js'
import { SUM_BYTES } from '../kernels/api.js'
import type { ShareTable } from './feature-shares.js'

/** What leaves' histograms may take where nobody says otherwise: of all threads together. */
export const HISTOGRAM_POOL_BYTES = 1_073_741_824
/** The same, as a share of the memory that there is for a training. */
const MEMORY_SHARE = 0.25

/**
 * Bytes for the histograms of open leaves, in all threads together.
 *
 * @param sizeMb - the parameter `histogram_pool_size`; 0 or less: 1 GiB, or less where memory is
 *   short
 * @param memoryBytes - what there is for the training, if that is known
 */
export function histogramPoolBytes(sizeMb: number, memoryBytes = Infinity): number {
  if (sizeMb > 0) return sizeMb * 1_048_576
  return Math.min(HISTOGRAM_POOL_BYTES, Math.max(0, memoryBytes) * MEMORY_SHARE)
}

/** A round needs the histograms of two children at once. */
const SLOTS_MIN = 2

/**
 * Histograms of all features that fit so many bytes; at least 2. The same in all threads: each
 * holds its share of every one of them.
 */
export function histogramSlots({ shares }: ShareTable, poolBytes: number): number {
  const nCells = shares.reduce((sum, share) => sum + share.nCells, 0)
  return Math.max(SLOTS_MIN, Math.floor(poolBytes / Math.max(1, nCells * SUM_BYTES)))
}

interface Holding {
  readonly node: number
  readonly slot: number
  /** What it would cost to have the histogram again. */
  readonly rows: number
  isHeld: boolean
}

/**
 * Which nodes have a histogram, and in which of a limited number of slots. When all are taken, the
 * node with the fewest rows loses its own: it is the cheapest to sum again, should it be split.
 * What happens depends on the calls alone, not on rows of this thread or on time, so that the
 * threads of a training, which are told the same, do the same.
 */
export class HistogramPool {
  readonly slotsMax: number
  readonly #held = new Map<number, Holding>()
  readonly #free: number[] = []
  /**
   * By what is lost first; those that are not held any more are left in it until they come up.
   * Null until one has to be lost, which most trees never come to.
   */
  #order: Heap<Holding> | null = null
  /** Nodes in use, a few: they are not lost. */
  #pinned: number[] = []
  /** Gives nodes that are lost only when there is no other. */
  #wanted: () => readonly number[] = () => []
  #nSlots = 0

  /** @param slotsMax - >= 2; Infinity for as many as there are nodes */
  constructor(slotsMax: number) {
    assert(slotsMax >= SLOTS_MIN, `a pool of at least ${SLOTS_MIN} histograms, not ${slotsMax}`)
    this.slotsMax = slotsMax
  }

  /** Slots that were ever taken: 0 .. nSlots - 1, at most `slotsMax`. */
  get nSlots(): number {
    return this.#nSlots
  }

  /** The node's slot, or undefined where it has none, or not any more. */
  slotOf(node: number): number | undefined {
    return this.#held.get(node)?.slot
  }

  /** Forgets all nodes. */
  reset(): void {
    for (const { slot } of this.#held.values()) this.#free.push(slot)
    this.#held.clear()
    this.#order = null
    this.unpin()
    this.#wanted = () => []
  }

  /**
   * Gives a node a slot, if it has none; another node may lose its own for it.
   *
   * @param rows - of the node, over all threads
   */
  take(node: number, rows: number): number {
    const slot = this.slotOf(node)
    if (slot !== undefined) return slot
    const free = this.#free.pop()
    if (free !== undefined) return this.#hold(node, rows, free)
    return this.#hold(node, rows, this.#nSlots < this.slotsMax ? this.#nSlots++ : this.#evict())
  }

  /** Frees a node's slot, if it has one. */
  release(node: number): void {
    const slot = this.#drop(node)
    if (slot !== undefined) this.#free.push(slot)
  }

  /** Gives one node's slot, with what is in it, to another. */
  move(from: number, to: number, rows: number): void {
    const slot = this.#drop(from)
    assert(slot !== undefined, `no histogram for node ${from}`)
    this.#pinned.forEach((node, i) => {
      if (node === from) this.#pinned[i] = to
    })
    this.#hold(to, rows, slot)
  }

  /** Keeps the node's histogram, if it has one, until `unpin`. */
  pin(node: number): void {
    this.#pinned.push(node)
  }

  unpin(): void {
    this.#pinned = []
  }

  /**
   * Other nodes lose their histograms before these do; replaces those of the last call.
   *
   * @param nodes - called when a node has to lose its own
   */
  want(nodes: () => readonly number[]): void {
    this.#wanted = nodes
  }

  #hold(node: number, rows: number, slot: number): number {
    const holding = { node, slot, rows, isHeld: true }
    this.#held.set(node, holding)
    this.#order?.push(holding)
    return slot
  }

  #drop(node: number): number | undefined {
    const holding = this.#held.get(node)
    if (holding === undefined) return undefined
    holding.isHeld = false
    this.#held.delete(node)
    return holding.slot
  }

  #evict(): number {
    const order = this.#order ??= this.#ordered()
    const wanted = new Set(this.#wanted())
    const kept: Holding[] = []
    let victim: Holding | undefined
    for (let next = order.pop(); next !== undefined; next = order.pop()) {
      if (!next.isHeld) continue
      if (!this.#pinned.includes(next.node) && !wanted.has(next.node)) {
        victim = next
        break
      }
      kept.push(next)
    }
    victim ??= kept.find(({ node }) => !this.#pinned.includes(node))
    assert(victim !== undefined, 'a histogram that is not in use')
    for (const holding of kept) if (holding !== victim) order.push(holding)
    this.#drop(victim.node)
    return victim.slot
  }

  #ordered(): Heap<Holding> {
    const order = new Heap<Holding>(losesFirst)
    for (const holding of this.#held.values()) order.push(holding)
    return order
  }
}

/** Fewer rows, then the older node. */
function losesFirst(a: Holding, b: Holding): boolean {
  return a.rows !== b.rows ? a.rows < b.rows : a.node < b.node
}
