import { joinBytes } from '@coppice/data'
import type { MetricPart } from '@coppice/engine'
import { ProtocolError } from '../protocol/error.js'
import type { AnswerPayload } from '../protocol/messages.js'
import { referenceChecksum } from './sum-checksum.js'

/** Answers that travel as they are, with a checksum beside them. */
type SealedPayload = Extract<AnswerPayload, { readonly kind: 'maximum' | 'counts' | 'parts' }>

type Unsealed<Payload> = Payload extends SealedPayload ? Omit<Payload, 'checksum'> : never

/** The same, before they have one. */
export type PlainPayload = Unsealed<SealedPayload>

/** Adds the checksum that `requireSealed` looks for. O(numbers). */
export function sealed(payload: PlainPayload): SealedPayload {
  return { ...payload, checksum: checksumOf(payload) }
}

/** @throws ProtocolError where an answer is not what was sealed: it was changed on its way */
export function requireSealed(payload: SealedPayload): void {
  if (checksumOf(payload) === payload.checksum) return
  throw new ProtocolError('damaged', `an answer of ${payload.kind}: the checksum is wrong`)
}

/** 16 hex digits, of all that an answer says. */
function checksumOf(payload: PlainPayload): string {
  const bytes = joinBytes(bytesOf(payload))
  return referenceChecksum(bytes).toString(16).padStart(16, '0')
}

function bytesOf(payload: PlainPayload): Uint8Array[] {
  switch (payload.kind) {
    case 'maximum': return [doubles([payload.value])]
    case 'counts': return [doubles(payload.values)]
    case 'parts': return payload.parts.flatMap(bytesOfPart)
  }
}

function bytesOfPart(part: MetricPart): Uint8Array[] {
  const { dataset, metric, sum, ranked, pair = -1, timed, ...rest } = part
  // the compiler tells of a member that is left out
  const nothing: Readonly<Record<string, never>> = rest
  const name = new TextEncoder().encode(metric)
  // behind lengths, so that nothing can move from one to the next
  const all = [
    sum, ranked?.negatives, ranked?.positives, ranked?.negativeWeights, ranked?.positiveWeights,
    timed?.scores, timed?.lower, timed?.upper, timed?.weights,
  ]
  const lengths = all.map((numbers) => numbers?.length ?? -1)
  return [
    doubles([dataset, pair, name.length, ...lengths, Object.keys(nothing).length]), name,
    ...all.map((numbers) => doubles(numbers ?? [])),
  ]
}

/** Eight bytes each, little-endian. -0 is 0: messages do not tell them apart in lists. */
function doubles(numbers: readonly number[] | Float64Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = numbers instanceof Float64Array ? numbers
    : Float64Array.from(numbers, (value) => value + 0)
  return new Uint8Array(buffer, byteOffset, byteLength)
}
