import { createHash } from 'node:crypto'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { loadModules } from '../custom/registry.js'
import { assert } from '../errors.js'
import { bytesOfRows } from '../execution/engine-rows.js'
import { Exchange } from '../execution/exchange.js'
import { shareFeatures } from '../execution/feature-shares.js'
import type { EngineRequest } from '../execution/protocol.js'
import { decodeRequest } from '../execution/request-codec.js'
import { StoreEngine } from '../execution/store-engine.js'
import type { SumsRequest } from '../execution/together.js'
import { collectGarbage, WORTH_COLLECTING_BYTES } from './collect-garbage.js'
import { failureOf } from './failure.js'
import { Gate, PeerFailed } from './gate.js'
import { partBuffers } from './part-buffers.js'
import { readRequests } from './request-list.js'
import {
  COMMAND_BYTES, StoreCommand, type FromStoreThread, type StoreBuffers, type StoreThreadStart,
  type ToStoreThread,
} from './store-messages.js'
import { putTally } from './tallies.js'

/**
 * A thread of a StorePool: one engine per store. It waits for calls without ever returning to its
 * event loop. A failure spoils the call and perhaps its store; the thread goes on.
 */
class StoreThread {
  readonly #start: StoreThreadStart
  readonly #gate: Gate
  readonly #maxima: Float64Array
  readonly #engines = new Map<number, StoreEngine>()
  #buffers: StoreBuffers | null = null
  /** A call has left much that is of no more use. */
  #leavesMuch = false

  constructor(start: StoreThreadStart) {
    this.#start = start
    this.#gate = new Gate(start.control, start.nThreads, start.nThreads)
    this.#maxima = new Float64Array(start.maxima)
  }

  /** Serves calls until the thread is terminated. */
  serve(): void {
    for (let seen = 0; ; seen++) {
      this.#gate.awaitPost(seen)
      if (this.#gate.length > 0) this.#obey()
      else this.#read()
      if (this.#gate.finish()) send({ kind: 'done', nReports: this.#gate.nReports })
      if (this.#leavesMuch) collectGarbage()
      this.#leavesMuch = false
    }
  }

  /** A request in the mailbox. */
  #obey(): void {
    const { mailbox } = this.#buffers!
    const [command, store, every] = new Int32Array(mailbox, 0, 3)
    const bytes = new Uint8Array(mailbox, COMMAND_BYTES, this.#gate.length - COMMAND_BYTES)
    this.#carryOut(store!, decodeRequest(bytes), command === StoreCommand.answer, every!)
  }

  /** A message at the port: it was sent before the call was posted. */
  #read(): void {
    const { message } = receiveMessageOnPort(parentPort!) as { message: ToStoreThread }
    switch (message.kind) {
      case 'build': return this.#build(message)
      case 'apply':
        return this.#attempt(() => {
          const engine = this.#engine(message.store)
          for (const request of readRequests(message.requests)) engine.apply(request)
        })
      case 'digest': return this.#digest(message)
      case 'drop':
        return this.#drop(message.store)
    }
  }

  #build(message: Extract<ToStoreThread, { kind: 'build' }>): void {
    const { store, setup, train, evalSets, buffers, batchSize } = message
    const { thread, nThreads } = this.#start
    this.#attempt(() => {
      const table = shareFeatures(setup.features, nThreads)
      const exchange = new Exchange(
        table, batchSize, { sums: buffers.sums, candidates: new ArrayBuffer(0) })
      const place = { engine: thread, nEngines: nThreads, table, exchange }
      this.#engines.set(store, new StoreEngine(setup, train, evalSets, place, batchSize))
    })
    this.#gate.barrier()
    if (this.#gate.isFaulty) this.#drop(store)
    else this.#buffers = buffers
    // the rows that came are copied, and whoever sent them may let them go
    const nBytes = [train, ...evalSets].reduce((sum, rows) => sum + bytesOfRows(rows), 0)
    this.#leavesMuch = nBytes > WORTH_COLLECTING_BYTES
  }

  #drop(store: number): void {
    const memoryBytes = this.#engines.get(store)?.memoryBytes ?? 0
    this.#engines.delete(store)
    if (memoryBytes > WORTH_COLLECTING_BYTES) collectGarbage()
  }

  /** Applies a request, unless that was done before, and answers it. */
  #carryOut(store: number, request: EngineRequest, isApplied: boolean, every: number): void {
    switch (request.kind) {
      case 'root':
      case 'round':
      case 'together':
        return this.#sum(store, request, isApplied, every)
      case 'prepare':
        return this.#attempt(() => {
          this.#maxima[this.#start.thread] = this.#engine(store).prepare(request)
        })
      case 'tally':
        return this.#attempt(() => {
          putTally(this.#start.tallies, this.#start.thread, this.#engine(store).tally(request))
        })
      case 'evaluate':
        return this.#attempt(() => {
          const parts = this.#engine(store).evaluate(request)
          this.#report({ kind: 'parts', parts }, partBuffers(parts))
        })
      case 'select':
        return this.#attempt(() => {
          const part = this.#engine(store).select(request)
          const { thread } = this.#start
          this.#report({ kind: 'selected', thread, part }, [part.buffer as ArrayBuffer])
        })
      case 'moments':
        return this.#attempt(() => {
          const part = this.#engine(store).moments(request)
          this.#report({ kind: 'moments', part }, [part.buffer as ArrayBuffer])
        })
      case 'gradients':
      case 'commit':
        return this.#attempt(() => {
          if (!isApplied) this.#engine(store).apply(request)
        })
    }
  }

  #sum(
    store: number, request: SumsRequest, isApplied: boolean, every: number,
  ): void {
    const engine = this.#engine(store)
    const output = new Uint8Array(this.#buffers!.output)
    const nBatches = engine.nBatches(request)
    let nTold = 0
    for (let batch = 0; batch < nBatches; batch++) {
      if (batch > 0) {
        // the exchange is free again when all have read it
        this.#gate.barrier()
        nTold = this.#tell(batch * engine.batchSize, nTold, every)
      }
      this.#attempt(() => engine.build(request, batch, isApplied))
      this.#gate.barrier()
      // what is not complete is not added up
      if (!this.#gate.isFaulty) this.#attempt(() => engine.finish(request, batch, output))
    }
  }

  /** Tells of the sums that all threads have put into the output. @returns how many were told of */
  #tell(nHistograms: number, nTold: number, every: number): number {
    if (every === 0 || nHistograms - nTold < every || this.#gate.isFaulty) return nTold
    const n = nHistograms - nHistograms % every
    if (this.#start.thread === 0) this.#report({ kind: 'sums', nHistograms: n })
    return n
  }

  /** All threads copy their scores of a chunk of rows, one of them hashes it; and so on. */
  #digest(message: Extract<ToStoreThread, { kind: 'digest' }>): void {
    const { store, set, first, nRows, chunkRows, nOutputs } = message
    const engine = this.#engine(store)
    const scores = new Float64Array(message.scores)
    const hash = createHash('sha256')
    for (let done = 0; done < nRows; done += chunkRows) {
      const n = Math.min(chunkRows, nRows - done)
      engine.copyScores(set, first + done, n, scores)
      this.#gate.barrier()
      if (this.#start.thread === 0) hash.update(new Uint8Array(message.scores, 0, n * nOutputs * 8))
      this.#gate.barrier()
    }
    if (this.#start.thread === 0) this.#report({ kind: 'digest', digest: hash.digest('hex') })
  }

  #engine(store: number): StoreEngine {
    const engine = this.#engines.get(store)
    assert(engine !== undefined, `thread has store ${store}`)
    return engine
  }

  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#gate.markFaulty()
      this.#report({ kind: 'failed', ...failureOf(error) })
    }
  }

  #report(message: FromStoreThread, transfer: ArrayBuffer[] = []): void {
    this.#gate.countReport()
    send(message, transfer)
  }
}

function send(message: FromStoreThread, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer)
}

async function main(start: StoreThreadStart): Promise<void> {
  try {
    if (start.modules.length > 0) await loadModules(start.modules)
    new StoreThread(start).serve()
  } catch (error) {
    new Gate(start.control, start.nThreads).fail()
    // the first failure is told by its thread: uncaught, it ends the thread
    if (!(error instanceof PeerFailed)) throw error
  }
}

await main(workerData as StoreThreadStart)
