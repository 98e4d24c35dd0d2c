import type { EngineRequest, StoreAnswer, SumsLayout } from '@coppice/engine'
import type { AnswerPayload } from '../../src/protocol/messages.js'
import { AnswerPacker } from '../../src/reduce/index.js'

/** A whole answer as it travels: payload i is chunk i. */
export function packAnswer(
  request: EngineRequest, answer: StoreAnswer, layout: Pick<SumsLayout, 'nCells'>,
): AnswerPayload[] {
  const payloads: AnswerPayload[] = []
  new AnswerPacker(request, layout, (_, payload) => payloads.push(payload)).finish(answer)
  return payloads
}
