import { hostname } from 'node:os'
import { CoppiceError } from '@coppice/model'

const lengthMax = 64

/** A name for a worker that was given none: of this machine and process, as "host:4711". */
export function defaultWorkerName(): string {
  const suffix = `:${process.pid}`
  const host = hostname().replace(/[^A-Za-z0-9._@-]/g, '-').slice(0, lengthMax - suffix.length)
  return `${host === '' ? 'worker' : host}${suffix}`
}

/**
 * Checks a worker's name as the coordinator will.
 *
 * @throws CoppiceError 'PARAMETER'
 */
export function checkWorkerName(name: string): void {
  if (/^[A-Za-z0-9._:@-]{1,64}$/.test(name)) return
  const shown = JSON.stringify(name.slice(0, 80))
  throw new CoppiceError('PARAMETER', `the worker name ${shown} must be 1 to ${lengthMax} letters, `
    + 'digits and . _ : @ -; give another with --name')
}
