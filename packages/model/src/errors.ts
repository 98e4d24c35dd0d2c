/**
 * An operating error: something outside the program (a parameter, data, the machine) is not as
 * it must be. The message names the thing, the value, what is legal and what to do.
 */
export class CoppiceError extends Error {
  /** A stable identifier for programs, such as 'PARAMETER' or 'DATA'. */
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CoppiceError'
    this.code = code
  }
}

/** What kind of error a CoppiceError is: what a program can tell apart. */
export type ErrorCode =
  /** A parameter is unknown, of the wrong type, out of range, contradictory or unsupported. */
  | 'PARAMETER'
  /** The data cannot be used as they are: label, weight, type, shape, group, format. */
  | 'DATA'
  /** A file or folder is missing, unreadable, truncated or cannot be written. */
  | 'IO'
  /** The job does not fit the memory that is there. */
  | 'MEMORY'
  /** A model file is damaged or does not fit the data. */
  | 'MODEL'
  /** The caller aborted the work. */
  | 'ABORTED'
  /** A promise of this library was broken: a bug, bad memory or a changed file. */
  | 'INTERNAL'

/** Programmer errors: a condition that holds whenever the code is right. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CoppiceError('INTERNAL', `internal error: ${message}`)
}
