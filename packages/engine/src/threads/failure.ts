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

/** Room for one failure in shared memory. */
export const FAILURE_BYTES = 2048

/** Leaves word of a failure where a thread that cannot hear messages will look; null: of none. */
export function writeFailure(target: Uint8Array, failure: ThreadFailure | null): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength)
  const text = failure === null ? ''
    : JSON.stringify({ code: failure.code, message: failure.message.slice(0, 500) })
  const bytes = new TextEncoder().encode(text)
  view.setInt32(0, bytes.length, true)
  target.set(bytes, 4)
}

/** Reads what `writeFailure` wrote. */
export function readFailure(source: Uint8Array): ThreadFailure | null {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength)
  const length = view.getInt32(0, true)
  if (length === 0) return null
  const text = new TextDecoder().decode(source.slice(4, 4 + length))
  return { ...JSON.parse(text) as Pick<ThreadFailure, 'code' | 'message'>, stack: undefined }
}
