import { CoppiceError, type ErrorCode } from '@coppice/model'
import type { WireError } from './messages.js'

/** An error as it travels. What this project did not throw is a fault of its own. */
export function wireError(error: unknown): WireError {
  if (error instanceof CoppiceError) return { code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'INTERNAL', message: `internal error: ${message}` }
}

/** What cannot be read, held or done on one machine may be on another; data are what they are. */
export function mayDifferElsewhere(code: ErrorCode): boolean {
  return code === 'IO' || code === 'MEMORY' || code === 'INTERNAL'
}
