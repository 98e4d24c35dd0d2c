import type { WireError } from '../protocol/messages.js'

/**
 * What could not be read as whoever started the job has to understand it: a path that is there on
 * their machine may not be on those that read.
 *
 * @param workers - names of all that tried
 */
export function onWorkers({ code, message }: WireError, workers: Iterable<string>): WireError {
  const names = [...workers].sort()
  const where = `on ${names.length === 1 ? 'worker' : 'workers'} ${names.join(', ')}`
  // addresses are the same for everybody
  const isPath = !/\b(https?|s3):\/\//.test(message)
  return {
    code, message: `${message} (${where}${isPath ? '; paths are those of the workers' : ''})`,
  }
}
