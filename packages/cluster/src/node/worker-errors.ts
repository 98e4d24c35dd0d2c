import type { WireError } from '../protocol/messages.js'
import { wireError } from '../protocol/wire-error.js'

/** As `wireError`; memory that the system refuses a worker is told as what it is. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof RangeError && /alloc|array length/i.test(error.message)) {
    return { code: 'MEMORY', message: `there is no memory left (${error.message}); use more ` +
      'workers, or machines with more memory' }
  }
  return wireError(error)
}
