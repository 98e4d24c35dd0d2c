import assert from 'node:assert/strict'
import { rootFinding, roundAnswer } from '../../src/execution/candidates.js'
import { engineRows } from '../../src/execution/engine-rows.js'
import { Exchange } from '../../src/execution/exchange.js'
import { shareFeatures } from '../../src/execution/feature-shares.js'
import { histogramsOf } from '../../src/execution/histograms-of.js'
import { PartitionEngine } from '../../src/execution/partition-engine.js'
import type { EngineRequest, EngineSetup } from '../../src/execution/protocol.js'
import { onlyOneByOne } from '../../src/execution/together.js'
import { mergeMoments } from '../../src/linear/moments.js'
import { mergeSelected } from '../../src/selection/answer.js'
import { Arena } from '../../src/kernels/arena.js'
import type { TrainingJob } from '../../src/training/executor.js'
import type { Dialogue, EngineAnswer } from '../../src/training/iteration.js'

/** Engines of several threads, one after the other in this one. */
export class Lockstep {
  readonly engines: readonly PartitionEngine[]
  readonly #exchange: Exchange
  readonly #setup: EngineSetup
  /** Goes of all rounds. */
  nGoes = 0
  /** Histograms for which all engines handed over rows, all of them sums, or some rows. */
  readonly handedOver = { rows: 0, sums: 0, mixed: 0 }

  /** @param makeArena - gives the memory of each engine */
  constructor(
    { plan, train, evalSets }: TrainingJob, nEngines: number, poolBytes: number,
    makeArena: () => Arena = () => new Arena(),
  ) {
    const table = shareFeatures(plan.engine.features, nEngines)
    const room = Exchange.roomFor(plan.engine.maxExpansions)
    const sizes = Exchange.sizes(table, room, plan.engine)
    const exchange = new Exchange(table, room, {
      sums: new ArrayBuffer(sizes.sums), candidates: new ArrayBuffer(sizes.candidates),
      votes: new ArrayBuffer(sizes.votes),
    })
    this.#setup = plan.engine
    this.#exchange = exchange
    this.engines = Array.from({ length: nEngines }, (_, engine) => new PartitionEngine(
      plan.engine, engineRows(train), evalSets.map(({ data }) => engineRows(data)),
      { engine, nEngines, table, exchange }, poolBytes, makeArena()))
  }

  /** Runs a dialogue to its end; `look` is called after each answer. */
  run<Result>(dialogue: Dialogue<Result>, look: () => void = () => undefined): Result {
    let step = dialogue.next(null)
    while (step.done !== true) {
      const answer = this.answer(step.value)
      look()
      step = dialogue.next(answer)
    }
    return step.value
  }

  /** Counts what is in the exchange, for the first histograms of a request. */
  #count(nHistograms: number): void {
    for (let h = 0; h < Math.min(nHistograms, this.#exchange.room); h++) {
      const nOfRows =
        this.engines.filter((_, engine) => this.#exchange.rowsOf(engine, h) !== null).length
      const kind = nOfRows === 0 ? 'sums' : nOfRows === this.engines.length ? 'rows' : 'mixed'
      this.handedOver[kind]++
    }
  }

  /** What all engines together answer. */
  answer(request: EngineRequest): EngineAnswer {
    const { engines } = this
    switch (request.kind) {
      case 'prepare': return Math.max(...engines.map((engine) => engine.prepare(request)))
      case 'tally': {
        const counts = engines.map((engine) => engine.tally(request))
        return counts[0]!.map((_, i) => counts.reduce((sum, own) => sum + own[i]!, 0))
      }
      case 'gradients':
        for (const engine of engines) engine.computeGradients(request)
        return null
      case 'root': {
        for (const engine of engines) engine.computeRoot(request)
        this.#count(1)
        const totals = engines.map((engine) => engine.reduceRoot(request))
        return {
          totals: totals[0]!, ...rootFinding(this.#exchange, engines.length, this.#setup),
        }
      }
      case 'round': {
        for (let isFirst = true, isDone = false; !isDone; isFirst = false) {
          for (const engine of engines) engine.computeGo(request, isFirst)
          this.#count(histogramsOf(request).length)
          const done: boolean[] = engines.map((engine): boolean => engine.reduceGo(request))
          assert.equal(new Set(done).size, 1, 'all engines cut a round alike')
          isDone = done[0]!
          this.nGoes++
        }
        return roundAnswer(this.#exchange, engines.length, request, this.#setup)
      }
      case 'commit':
        for (const engine of engines) engine.commit(request)
        return null
      case 'evaluate': return engines.flatMap((engine) => engine.evaluate(request))
      case 'select': return mergeSelected(request, engines.map((engine) => engine.select(request)))
      case 'moments':
        return mergeMoments(request, engines.map((engine) => engine.moments(request)))
      case 'together': throw onlyOneByOne()
    }
  }
}
