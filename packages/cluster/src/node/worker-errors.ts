import { DefiniteError } from '@coppice/data/node'
import type { WireError } from '../protocol/messages.js'
import { mayDifferElsewhere, wireError } from '../protocol/wire-error.js'

/** As `wireError`; memory that the system refuses a worker is told as what it is. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof RangeError && /alloc|array length/i.test(error.message)) {
    return { code: 'MEMORY', message: `there is no memory left (${error.message}); use more ` +
      'workers, or machines with more memory' }
  }
  return wireError(error)
}

/** An error as a worker tells of it. */
export interface Failure {
  readonly error: WireError
  /** No other worker need try. */
  readonly isFinal: boolean
}

/**
 * What became of something that every worker might try. Files of a worker's own disk, its rights,
 * its connections and its memory may be other ones elsewhere; an address that nobody reads, a file
 * that its server has not, and what is wrong with the data are the same for all. What an s3: uri
 * means depends on a worker's environment: endpoint, region, profile.
 */
export function failureOf(error: unknown): Failure {
  const told = wireErrorOf(error)
  return {
    error: told, isFinal: error instanceof DefiniteError || !mayDifferElsewhere(told.code),
  }
}
