import { CoppiceError, type ErrorCode } from '../errors.js'

/** An error on its way out of a thread. */
export interface ThreadFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly stack: string | undefined
}

/** What a thread tells of an error. Memory that the system refuses is told as what it is. */
export function failureOf(error: unknown): ThreadFailure {
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? error.stack : undefined
  if (error instanceof CoppiceError) return { code: error.code, message, stack }
  if (isMemoryRefusal(error)) {
    return { code: 'MEMORY', message: `${outOfMemory} (${message})`, stack }
  }
  return { code: 'INTERNAL', message, stack }
}

/** The error that the caller sees. */
export function errorOf({ code, message, stack }: ThreadFailure): CoppiceError {
  return new CoppiceError(code, message, stack === undefined ? {} : { cause: stack })
}

const outOfMemory = 'a compute thread ran out of memory; use fewer rows or features, a smaller ' +
  'num_leaves, or a machine with more memory'

/** V8 refuses buffers and WebAssembly memories with a RangeError that says so. */
function isMemoryRefusal(error: unknown): boolean {
  return error instanceof RangeError && /memory|allocation failed/i.test(error.message)
}

/** An error event of a worker: one that the engine ran out of memory for is told as such. */
export function asOperatingError(error: Error & { readonly code?: string }): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new CoppiceError('MEMORY', outOfMemory, { cause: error })
}
