import type { EngineRequest, StoreAnswer, SumsLayout } from '@coppice/engine'
import type { AnswerPayload } from '../protocol/messages.js'
import { AnswerPacker } from './answer-packer.js'

/** A whole answer as it travels, see `AnswerPacker`. */
export function packAnswer(
  request: EngineRequest, answer: StoreAnswer, layout: Pick<SumsLayout, 'nCells'>,
): AnswerPayload[] {
  const payloads: AnswerPayload[] = []
  new AnswerPacker(request, layout, (_, payload) => payloads.push(payload)).finish(answer)
  return payloads
}
