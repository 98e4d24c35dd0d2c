import {
  type EngineRequest, histogramsOf, type StoreAnswer, type SumsLayout,
} from '@coppice/engine'
import { assert } from '@coppice/model'
import type { AnswerPayload } from '../protocol/messages.js'
import { packSums } from '../wire/pack-sums.js'
import { sumChunks } from '../wire/sum-chunks.js'

/**
 * A store's answer as it travels: payload i is chunk i of what `StarReducer` adds up. Nothing of
 * it is a view of the answer, which the engines' next call overwrites. Empty where the request
 * has no answer.
 *
 * @param layout - `sumsLayout` of the features
 */
export function packAnswer(
  request: EngineRequest, answer: StoreAnswer, { nCells }: Pick<SumsLayout, 'nCells'>,
): AnswerPayload[] {
  switch (answer.kind) {
    case 'none': return []
    case 'maximum':
    case 'parts':
      return [answer]
    case 'sums': {
      const { histograms } = answer
      const nHistograms = histogramsOf(request).length
      assert(histograms.length === nHistograms,
        `${histograms.length} histograms answer a request for ${nHistograms}`)
      return sumChunks(nCells, nHistograms).map((chunk) => ({
        kind: 'sums', bytes: packSums(histograms, nCells, chunk),
      }))
    }
  }
}
