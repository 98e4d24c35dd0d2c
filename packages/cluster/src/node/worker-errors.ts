import { CoppiceError } from '@coppice/model'
import type { WireError } from '../protocol/messages.js'

/** An error as it travels. What this project did not throw is a fault of its own. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof CoppiceError) return { code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RangeError && /alloc|array length/i.test(message)) {
    return { code: 'MEMORY', message: `there is no memory left (${message}); use more workers, or `
      + 'machines with more memory' }
  }
  return { code: 'INTERNAL', message: `internal error: ${message}` }
}
