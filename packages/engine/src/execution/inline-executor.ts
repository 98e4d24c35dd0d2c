import { CoppiceError } from '../errors.js'
import { Booster, type Dialogue, type EngineAnswer, type IterationRecord }
  from '../training/iteration.js'
import type { Arena } from '../kernels/arena.js'
import { keepArenas, takeArena } from '../kernels/kept-arenas.js'
import type { Executor, TrainingJob } from '../training/executor.js'
import { mergeMoments } from '../linear/moments.js'
import { mergeSelected } from '../selection/answer.js'
import { engineRows } from './engine-rows.js'
import { Exchange } from './exchange.js'
import { rootFinding, roundAnswer } from './candidates.js'
import { shareFeatures } from './feature-shares.js'
import { onlyOneByOne } from './together.js'
import { PartitionEngine } from './partition-engine.js'
import type { BinnedTree, EngineRequest, EngineSetup } from './protocol.js'

/**
 * Trains in the calling thread: small data, browsers. It yields to the event loop between trees,
 * so an abort, Ctrl-C or a server's requests get their turn.
 */
export class InlineExecutor implements Executor {
  readonly nThreads = 1
  #engine: PartitionEngine | null = null
  #arena: Arena | null = null
  #booster: Booster | null = null
  #exchange: Exchange | null = null
  #setup: EngineSetup | null = null

  async open({ plan, train, evalSets, histogramPoolBytes }: TrainingJob): Promise<void> {
    const table = shareFeatures(plan.engine.features, 1)
    const room = Exchange.roomFor(plan.engine.maxExpansions)
    const sizes = Exchange.sizes(table, room, plan.engine)
    this.#setup = plan.engine
    this.#exchange = new Exchange(table, room, {
      sums: new ArrayBuffer(sizes.sums), candidates: new ArrayBuffer(sizes.candidates),
      votes: new ArrayBuffer(sizes.votes),
    })
    this.#arena = takeArena()
    this.#engine = new PartitionEngine(
      plan.engine, engineRows(train), evalSets.map(({ data }) => engineRows(data)),
      { engine: 0, nEngines: 1, table, exchange: this.#exchange }, histogramPoolBytes,
      this.#arena)
    this.#booster = new Booster(plan)
    await yieldToEventLoop()
  }

  center(signal?: AbortSignal): Promise<readonly number[]> {
    return this.#run(this.#booster!.center(), signal)
  }

  async replay(
    iterations: readonly (readonly BinnedTree[])[], signal?: AbortSignal,
  ): Promise<void> {
    for (const trees of iterations) {
      await this.#run(this.#booster!.replay(trees))
      await pause(signal)
    }
  }

  iterate(iteration: number, evaluates: boolean, signal?: AbortSignal): Promise<IterationRecord> {
    return this.#run(this.#booster!.iterate(iteration, evaluates), signal)
  }

  async #run<Result>(dialogue: Dialogue<Result>, signal?: AbortSignal): Promise<Result> {
    let step = dialogue.next(null)
    while (step.done !== true) {
      const request = step.value
      const answer = this.#answer(request)
      if (request.kind === 'root') {
        await pause(signal)
      }
      step = dialogue.next(answer)
    }
    return step.value
  }

  #answer(request: EngineRequest): EngineAnswer {
    const engine = this.#engine
    if (engine === null) throw new CoppiceError('ABORTED', 'the executor was closed')
    switch (request.kind) {
      case 'prepare': return engine.prepare(request)
      case 'gradients': {
        engine.computeGradients(request)
        return null
      }
      case 'tally': return engine.tally(request)
      case 'root': {
        engine.computeRoot(request)
        const totals = engine.reduceRoot(request)!
        return { totals, ...rootFinding(this.#exchange!, 1, this.#setup!) }
      }
      case 'round': {
        for (let isFirst = true, isDone = false; !isDone; isFirst = false) {
          engine.computeGo(request, isFirst)
          isDone = engine.reduceGo(request)
        }
        return roundAnswer(this.#exchange!, 1, request, this.#setup!)
      }
      case 'commit': {
        engine.commit(request)
        return null
      }
      case 'evaluate': return engine.evaluate(request)
      case 'select': return mergeSelected(request, [engine.select(request)])
      case 'moments': return mergeMoments(request, [engine.moments(request)])
      case 'together': throw onlyOneByOne()
    }
  }

  async close(): Promise<void> {
    this.#engine = null
    if (this.#arena !== null) keepArenas([this.#arena])
    this.#arena = null
    await Promise.resolve()
  }
}

/** Lets an abort happen, and ends the training where it did. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await yieldToEventLoop()
  if (signal?.aborted === true) throw new CoppiceError('ABORTED', 'training was aborted')
}

/** Lets timers, I/O and other promises run: a macrotask, in Node and browsers alike. */
function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
