import type { FromClient, ToClient } from './client-messages.js'
import { fromClient, toClient } from './client-schemas.js'
import { ProtocolError } from './error.js'
import { fromWorker, toWorker } from './message-schemas.js'
import type { AnswerPayload, FromWorker, ToWorker } from './messages.js'
import { checkValue, type Schema } from './schema.js'
import { decodeValue, encodeValue, encodeValueBefore } from './value-codec.js'

/** Which way a message travels: what it may be. */
export type Direction = 'to-worker' | 'from-worker' | 'to-client' | 'from-client'

interface MessageOf {
  'to-worker': ToWorker
  'from-worker': FromWorker
  'to-client': ToClient
  'from-client': FromClient
}

const schemas: { readonly [D in Direction]: Schema<MessageOf[D]> } = {
  'to-worker': toWorker, 'from-worker': fromWorker, 'to-client': toClient,
  'from-client': fromClient,
}

type Answer = Extract<FromWorker, { type: 'answer' }>
type Sums = Extract<AnswerPayload, { kind: 'sums' }>

/**
 * Writes a message.
 *
 * @throws CoppiceError 'MEMORY' when it is larger than a message may be (see `limits.ts`),
 *   'INTERNAL' when it holds something that is no plain data
 */
export function encodeMessage(
  message: ToWorker | FromWorker | ToClient | FromClient,
): Uint8Array {
  if (message.type === 'answer' && message.payload.kind === 'sums') {
    return encodeSums(message, message.payload)
  }
  return encodeValue(message)
}

/** The same bytes, with the sums where they are if there is room in front of them. */
function encodeSums(message: Answer, { kind, bytes }: Sums): Uint8Array {
  const { type, job, store, iteration, seq, mark, chunk } = message
  return encodeValueBefore(bytes, (last) =>
    ({ type, job, store, iteration, seq, mark, chunk, payload: { kind, bytes: last } }))
}

/**
 * Reads a message. Total: whatever the bytes are, it returns a message whose members all have
 * their types and are in range, or throws.
 *
 * Long Uint8Arrays of what workers say (sums) are views of `bytes`, which must not be changed
 * afterwards; nothing else is.
 *
 * @throws ProtocolError
 */
export function decodeMessage<D extends Direction>(bytes: Uint8Array, direction: D): MessageOf[D] {
  const value = decodeValue(bytes, { sharesBytes: direction === 'from-worker' })
  return checkValue<MessageOf[D]>(schemas[direction], value, nameOf(value))
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) throw notAMessage(typeof value)
  const type: unknown = 'type' in value ? value.type : undefined
  return typeof type === 'string' && type.length <= 32
    ? `message ${JSON.stringify(type)}` : 'a message of unknown type'
}

function notAMessage(what: string): ProtocolError {
  return new ProtocolError('invalid', `a value of type ${what} is not a message`)
}
