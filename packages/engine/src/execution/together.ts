import { CoppiceError } from '../errors.js'
import type {
  EngineRequest, LanePart, RootRequest, RoundRequest, TogetherRequest,
} from './protocol.js'

/** Requests that are answered with histograms. */
export type SumsRequest = RootRequest | RoundRequest | TogetherRequest

/** Whether a request is answered with histograms. */
export function asksForSums(request: EngineRequest): request is SumsRequest {
  return request.kind === 'root' || request.kind === 'round' || request.kind === 'together'
}

/** What is asked for by lane: a tree that grows alone is in the first one. */
export function partsOf(request: SumsRequest): readonly LanePart[] {
  return request.kind === 'together' ? request.parts : [{ lane: 0, request }]
}

/** For engines whose trees grow one by one: nobody asks them for several. */
export function onlyOneByOne(): CoppiceError {
  return new CoppiceError('INTERNAL', 'internal error: these engines grow one tree at a time')
}
