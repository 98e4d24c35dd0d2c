import { CoppiceError } from '@coppice/model'

/**
 * A file that no machine can read, however often it tries: its address alone says so, or its
 * server. Code 'IO'.
 */
export class DefiniteError extends CoppiceError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('IO', message, options)
  }
}
