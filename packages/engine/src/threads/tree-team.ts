import { assert } from '../errors.js'
import type { PartitionEngine } from '../execution/partition-engine.js'
import type { BinnedTree, EngineRows } from '../execution/protocol.js'
import { TreeEngine, type TreeRequest } from '../execution/tree-engine.js'
import { TreePlanes, type TreeBuffers } from '../execution/tree-planes.js'
import type { Arena } from '../kernels/arena.js'
import { Booster, changesScores, type IterationTask } from '../training/iteration.js'
import type { TrainingPlan } from '../training/plan.js'
import type { GrownTree } from '../grower/grown-tree.js'
import type { Gate } from './gate.js'
import type { OutputTree } from './packed-trees.js'

/** What a thread brings along. */
export interface TreeTeamStart {
  readonly plan: TrainingPlan
  readonly train: EngineRows
  readonly buffers: TreeBuffers
  /** For the histograms of open leaves of all threads. */
  readonly histogramPoolBytes: number
  readonly thread: number
  readonly nThreads: number
  /** Of the thread's own, for the trees that it grows. */
  readonly arena: Arena
}

/** First of the bytes that tell threads to grow trees; requests begin with other ones. */
const TASK_MARK = 255

/**
 * A thread's part of growing the trees of an iteration apart, each in one thread over all rows:
 * threads meet once before and once after all trees, not twice a round. The decisions are those of
 * the leader's Booster.
 */
export class TreeTeam {
  readonly #gate: Gate
  readonly #planes: TreePlanes
  readonly #booster: Booster
  readonly #rows: PartitionEngine
  /** Null: there are more threads than trees. */
  readonly #engine: TreeEngine | null
  readonly #tell: (trees: readonly OutputTree[]) => void

  /**
   * @param rows - this thread's rows
   * @param tell - takes the trees that this thread grew
   */
  constructor(
    { plan, train, buffers, histogramPoolBytes, thread, nThreads, arena }: TreeTeamStart,
    gate: Gate, rows: PartitionEngine, tell: (trees: readonly OutputTree[]) => void,
  ) {
    const { engine, growth } = plan
    this.#gate = gate
    const { nOutputs, maxLeaves, features } = engine
    this.#planes = new TreePlanes({ nRows: train.nRows, nOutputs, maxLeaves, features }, buffers)
    // nobody is waited for: what runs ahead would only be lost
    this.#booster = new Booster({ ...plan, growth: { ...growth, maxExpansions: 1 } })
    this.#rows = rows
    const nGrowers = Math.min(nThreads, engine.nOutputs)
    this.#engine = thread >= nGrowers ? null
      : new TreeEngine(engine, train, histogramPoolBytes / nGrowers, this.#planes, arena)
    this.#tell = tell
  }

  /** Leader, before the others are told: no tree is taken. */
  reset(): void {
    this.#planes.reset()
  }

  /**
   * Grows trees, while there are some that no thread has begun, and adds all of them to the scores
   * of this thread's rows.
   *
   * @returns false when the training was aborted: nothing was added
   */
  grow(task: IterationTask): boolean {
    const planes = this.#planes
    this.#rows.giveGradients(planes, task.bag)
    this.#gate.barrier()
    if (this.#engine !== null) this.#growTrees(task, this.#engine)
    this.#gate.barrier()
    if (planes.isStopped) return false
    this.#rows.takeTrees(planes)
    return true
  }

  #growTrees(task: IterationTask, engine: TreeEngine): void {
    const planes = this.#planes
    const grown: OutputTree[] = []
    // of all outputs; where each has its own, roots say so
    const { gradient, hessian } = task.scales[0]!
    engine.setScales(gradient, hessian)
    for (let output = planes.take(); output !== null; output = planes.take()) {
      const tree = this.#growTree(task, output, engine)
      if (tree === null) break
      planes.putTree(output, tree.binned)
      grown.push({ output, tree })
    }
    // all at once: who is told of each would wake up each time, and take a thread's core
    this.#tell(grown)
  }

  /** @returns null when the training was aborted */
  #growTree(task: IterationTask, output: number, engine: TreeEngine): GrownTree | null {
    const dialogue = this.#booster.growTree({ ...task, output }, null)
    let step = dialogue.next(null)
    while (step.done !== true) {
      if (this.#gate.isAborted) {
        this.#planes.stop()
        return null
      }
      const request = step.value
      assert(isTreeRequest(request), `a tree does not ask for "${request.kind}"`)
      step = dialogue.next(engine.answer(request))
    }
    const { binned } = step.value
    if (!changesScores(binned)) {
      engine.answer({ kind: 'commit', output, tree: binned, leafNodes: null })
    }
    return step.value
  }

  /** All trees that were grown, by output. */
  trees(): BinnedTree[] {
    return this.#planes.trees()
  }
}

function isTreeRequest(request: { readonly kind: string }): request is TreeRequest {
  return request.kind === 'root' || request.kind === 'round' || request.kind === 'commit'
}

/** Bytes that a task takes at most. */
export function taskBytesMax(nOutputs: number): number {
  return 1024 + 128 * nOutputs
}

/**
 * Writes what to grow trees with into a mailbox of requests.
 * @returns the number of bytes used
 */
export function encodeTask(task: IterationTask, mailbox: Uint8Array): number {
  const bytes = new TextEncoder().encode(JSON.stringify(task))
  assert(bytes.length < taskBytesMax(task.scales.length), 'a task is a few numbers')
  mailbox[0] = TASK_MARK
  mailbox.set(bytes, 1)
  return 1 + bytes.length
}

/** What `encodeTask` wrote; null if it is a request. */
export function decodeTask(bytes: Uint8Array): IterationTask | null {
  if (bytes[0] !== TASK_MARK) return null
  // a copy: text is not decoded from shared memory
  return JSON.parse(new TextDecoder().decode(bytes.slice(1))) as IterationTask
}
