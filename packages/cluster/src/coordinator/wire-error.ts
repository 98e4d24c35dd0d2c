import { CoppiceError } from '@coppice/model'
import type { WireError } from '../protocol/messages.js'

/** What broke the machine, as the end of its job. */
export function wireError(error: unknown): WireError {
  if (error instanceof CoppiceError) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
}
