import { CentralReducer } from './central-reducer.js'
import { histogramsOf } from './histograms-of.js'
import type {
  EngineSetup, LanePart, RootAnswer, RootRequest, RoundAnswer, RoundRequest, TogetherAnswer,
  TogetherRequest, VotesAnswer,
} from './protocol.js'
import { partsOf, type SumsRequest } from './together.js'

/** A part of a request, and which of the request's histograms are its. */
interface PlacedPart extends LanePart {
  readonly first: number
  readonly nHistograms: number
}

/**
 * The coordinator's reducers of the trees that grow at the same time: one for each lane, which
 * knows of one tree at a time (see CentralReducer). Trees that grow one by one have the first.
 *
 * What failed to finish may be begun again from the trees' roots.
 */
export class LaneReducers {
  readonly #lanes: readonly CentralReducer[]
  #parts: readonly PlacedPart[] = []

  /** Lanes take memory as their trees grow. */
  constructor(setup: ConstructorParameters<typeof CentralReducer>[0] & Pick<EngineSetup, 'lanes'>) {
    this.#lanes = Array.from({ length: setup.lanes ?? 1 }, () => new CentralReducer(setup))
  }

  /** The scales of the gradients request: powers of two. */
  setUnits(gradientScale: number, hessianScale: number): void {
    for (const reducer of this.#lanes) reducer.setUnits(gradientScale, hessianScale)
  }

  /** As CentralReducer. */
  begin(request: SumsRequest): void {
    let first = 0
    this.#parts = partsOf(request).map((part) => {
      this.#lanes[part.lane]!.begin(part.request)
      const nHistograms = histogramsOf(part.request).length
      first += nHistograms
      return { ...part, first: first - nHistograms, nHistograms }
    })
  }

  /** As CentralReducer. @param histogram - its number in `histogramsOf(request)` */
  add(histogram: number, firstCell: number, sums: Uint8Array): void {
    const { lane, first } = this.#parts.findLast((part) =>
      part.first <= histogram && part.nHistograms > 0)!
    this.#lanes[lane]!.add(histogram - first, firstCell, sums)
  }

  /** As CentralReducer. @param nHistograms - of all trees, in the order of the request */
  advance(nHistograms: number): void {
    for (const { lane, request, ...part } of this.#parts) {
      const n = Math.min(part.nHistograms, nHistograms - part.first)
      if (n > 0 && request.kind === 'round') this.#lanes[lane]!.advance(request, n)
    }
  }

  /** As CentralReducer. */
  finishRoot(request: RootRequest): RootAnswer {
    return this.#lanes[0]!.finishRoot(request)
  }

  /** As CentralReducer. */
  finishRound(request: RoundRequest): RoundAnswer | VotesAnswer {
    return this.#lanes[0]!.finishRound(request)
  }

  /** @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals */
  finishTogether({ parts }: TogetherRequest): TogetherAnswer {
    return parts.map(({ lane, request }) => {
      const reducer = this.#lanes[lane]!
      // no features are elected where trees grow together
      return request.kind === 'root' ? reducer.finishRoot(request)
        : reducer.finishRound(request) as RoundAnswer
    })
  }
}
