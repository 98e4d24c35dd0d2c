import type { ErrorCode, StopReason } from '@coppice/engine'
import type { WireError } from '../protocol/messages.js'

/** How a job ended. */
export type JobOutcome =
  | {
    readonly kind: 'done'
    readonly stoppedBy: StopReason
    /** UTF-8 JSON. */
    readonly model: Uint8Array
  }
  | {
    readonly kind: 'failed'
    readonly error: WireError
    /** Its journal has no end: the same job submitted again goes on from there. */
    readonly mayResume: boolean
  }

/** What a journal says of the end of a job; the model is made of its other records. */
export type JournaledEnd =
  | { readonly kind: 'done', readonly stoppedBy: StopReason }
  | { readonly kind: 'failed', readonly error: WireError }

const stopReasons: Readonly<Record<StopReason, true>> = {
  'completed': true, 'early-stopping': true, 'no-split': true, 'aborted': true, 'callback': true,
}

const errorCodes: Readonly<Record<ErrorCode, true>> = {
  PARAMETER: true, DATA: true, IO: true, MEMORY: true, MODEL: true, ABORTED: true, INTERNAL: true,
}

/** The text of a journal's last record: 'completed', or 'error DATA: ...'. */
export function formatEnd(end: JournaledEnd): string {
  return end.kind === 'done' ? end.stoppedBy : `error ${end.error.code}: ${end.error.message}`
}

/** The inverse of `formatEnd`; null for other texts. */
export function parseEnd(text: string): JournaledEnd | null {
  if (Object.hasOwn(stopReasons, text)) return { kind: 'done', stoppedBy: text as StopReason }
  const [, code, message] = /^error ([A-Z]+): (.*)$/s.exec(text) ?? []
  if (code === undefined || message === undefined || !Object.hasOwn(errorCodes, code)) return null
  return { kind: 'failed', error: { code: code as ErrorCode, message } }
}
