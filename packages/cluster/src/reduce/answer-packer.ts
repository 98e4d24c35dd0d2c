import {
  type EngineRequest, histogramsOf, joinSelected, type StoreAnswer, type SumsLayout, type SumsWatch,
} from '@coppice/engine'
import { assert } from '@coppice/model'
import type { AnswerPayload } from '../protocol/messages.js'
import { packMoments } from '../wire/pack-moments.js'
import { packSelection } from '../wire/pack-selection.js'
import { packSums } from '../wire/pack-sums.js'
import { sealed } from '../wire/sealed-numbers.js'
import { type SumChunk, sumChunks } from '../wire/sum-chunks.js'

/** Takes a chunk of an answer; in order. */
export type TakeChunk = (chunk: number, payload: AnswerPayload) => void

/**
 * Makes a store's answer what travels: chunk i is chunk i of what `StarReducer` adds up. Chunks of
 * sums are given out as soon as their histograms are complete. Nothing that is given out is a view
 * of the answer, which the engines' next call overwrites.
 */
export class AnswerPacker implements SumsWatch {
  readonly every: number
  readonly #nHistograms: number
  readonly #nCells: number
  readonly #chunks: readonly SumChunk[]
  readonly #take: TakeChunk
  readonly #request: EngineRequest
  #nPacked = 0

  /** @param layout - of the request, see TravelLayouts */
  constructor(request: EngineRequest, { nCells }: Pick<SumsLayout, 'nCells'>, take: TakeChunk) {
    this.#nHistograms = histogramsOf(request).length
    this.#nCells = nCells
    this.#chunks = this.#nHistograms === 0 ? [] : sumChunks(nCells, this.#nHistograms)
    this.#take = take
    this.#request = request
    const first = this.#chunks[0]
    this.every = first === undefined ? 1 : first.at(-1)!.histogram + 1
  }

  /** The first histograms are complete. */
  take(histograms: readonly Uint8Array[]): void {
    for (; this.#nPacked < this.#chunks.length; this.#nPacked++) {
      const chunk = this.#chunks[this.#nPacked]!
      if (chunk.at(-1)!.histogram >= histograms.length) return
      const bytes = packSums(histograms, this.#nCells, chunk)
      this.#take(this.#nPacked, { kind: 'sums', bytes })
    }
  }

  /** Gives out what is left of the answer; nothing where the request has none. */
  finish(answer: StoreAnswer): void {
    switch (answer.kind) {
      case 'none': return
      case 'maximum':
      case 'counts':
      case 'parts':
        return this.#take(0, sealed(answer))
      case 'selected': {
        const request = this.#request
        assert(request.kind === 'select', 'a selection answers a request for one')
        const part = joinSelected(request, answer.parts)
        return this.#take(0, { kind: 'selected', bytes: packSelection(request, part) })
      }
      case 'moments':
        return this.#take(0, { kind: 'moments', bytes: packMoments(answer.part) })
      case 'sums':
        assert(answer.histograms.length === this.#nHistograms,
          `${answer.histograms.length} histograms answer a request for ${this.#nHistograms}`)
        this.take(answer.histograms)
    }
  }
}
