import { createHash } from 'node:crypto'
import {
  type CodeModule, type EngineRows, type EngineSetup, joinRows, TravelLayouts,
} from '@coppice/engine'
import { StorePool } from '@coppice/engine/threads'
import { assert, CoppiceError } from '@coppice/model'
import { AnswerPacker, type TakeChunk } from '../reduce/answer-packer.js'
import type { EngineWork } from '../worker/events.js'
import type { HeldPartition } from './worker-partitions.js'

/** Where the rows of a store's partitions are among its rows. */
interface StorePlaces {
  readonly layouts: TravelLayouts
  readonly places: ReadonlyMap<number, {
    readonly set: number, readonly first: number, readonly nRows: number, readonly hash: string,
  }>
}

type Run = Extract<EngineWork, { kind: 'run' }>

/**
 * The engines of a job's stores, on threads of their own, which start with the first store. One
 * call at a time.
 */
export class WorkerStores {
  readonly #nThreads: number
  readonly #modules: readonly CodeModule[]
  readonly #stores = new Map<number, StorePlaces>()
  #pool: StorePool | null = null
  #isClosed = false

  /** @param modules - of users', that trainings may run here */
  constructor(nThreads: number, modules: readonly CodeModule[] = []) {
    this.#nThreads = nThreads
    this.#modules = modules
  }

  /**
   * Builds a store of partitions, whose rows are not needed after that.
   *
   * @param held - ascending; rows are in this order within their data set
   * @param rowBytes - of each data set, the bytes of a row that is not packed
   * @throws CoppiceError 'MEMORY' when the rows do not fit; then there is no such store
   */
  async open(
    store: number, setup: EngineSetup, held: readonly HeldPartition[],
    rowBytes: readonly number[],
  ): Promise<void> {
    const places = new Map<number, { set: number, first: number, nRows: number, hash: string }>()
    const sets = rowBytes.map((n, set): EngineRows => {
      const own = held.filter(({ dataset }) => dataset === set)
      let first = 0
      for (const partition of own) {
        const { nRows, hash } = partition.rows
        places.set(partition.partition, { set, first, nRows, hash })
        first += nRows
      }
      return joinRows(own.map(({ rows: {
        nRows, blocks, label, weight, initScore, groupSizes, shownAt = null,
      } }) => {
        assert(label !== null, 'rows that are trained on have labels')
        return { nRows, blocks, label, weight, initScore, groupSizes, shownAt }
      }), n)
    })
    await this.#requirePool().build(store, setup, sets[0]!, sets.slice(1))
    this.#stores.set(store, { layouts: new TravelLayouts(setup), places })
  }

  /**
   * Carries requests out.
   *
   * @param take - is given the answer to the last one, if there is to be one, chunk by chunk, the
   *   first while the threads work at the others
   */
  async run({ store, apply, answer, isApplied }: Run, take: TakeChunk): Promise<void> {
    const pool = this.#requirePool()
    if (apply.length > 0) await pool.apply(store, apply)
    if (answer === null) return
    const packer = new AnswerPacker(answer, this.#stores.get(store)!.layouts.of(answer), take)
    packer.finish(isApplied ? await pool.answer(store, answer, packer)
      : await pool.carryOut(store, answer, packer))
  }

  /** SHA-256 of a partition's hash and the digest of its scores, both in hex. */
  async digest(store: number, partition: number): Promise<string> {
    const { set, first, nRows, hash } = this.#stores.get(store)!.places.get(partition)!
    const scores = await this.#requirePool().scoreDigest(store, first, nRows, set)
    return createHash('sha256').update(hash).update(scores).digest('hex')
  }

  async drop(store: number): Promise<void> {
    if (this.#stores.delete(store)) await this.#requirePool().drop(store)
  }

  /** Ends the threads; whatever is under way is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stores.clear()
    await this.#pool?.close()
  }

  #requirePool(): StorePool {
    if (this.#isClosed) throw new CoppiceError('ABORTED', 'the stores were closed')
    this.#pool ??= new StorePool(this.#nThreads, undefined, this.#modules)
    return this.#pool
  }
}
