import { CoppiceError } from '@coppice/api'

/** What the status of the command says. */
export const ExitCode = {
  ok: 0,
  /** Data, a model, a file or the cluster cannot be used, or the memory does not suffice. */
  failure: 1,
  /** A flag, parameter or configuration is wrong. */
  usage: 2,
  /** Ctrl-C or SIGTERM; where --checkpoint asked for it, the trees so far are saved. */
  interrupted: 3,
  /** A bug in Coppice, or bad memory. */
  internal: 70,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** For the end of the help page. */
export const exitCodesText = `Exit status:
  0   done
  1   data, a model, a file or the cluster cannot be used
  2   a flag, a parameter or the configuration is wrong
  3   interrupted (Ctrl-C, SIGTERM); with --checkpoint the trees so far are saved
  70  an internal error: please report it`

/** A wrong command line: unknown flag, missing value, contradiction. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** A cluster gave the work up ('ABORTED'), for want of workers for example: no signal did. */
export class GivenUpError extends CoppiceError {}

/**
 * What a command that hears signals ends with: an error 'ABORTED' without a signal is one of the
 * cluster's.
 */
export function endedBy(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || !(error instanceof CoppiceError) || error.code !== 'ABORTED') return error
  return new GivenUpError(error.code, error.message, { cause: error.cause })
}

/** The status that tells of an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return ExitCode.usage
  if (error instanceof GivenUpError) return ExitCode.failure
  if (!(error instanceof CoppiceError)) return ExitCode.internal
  switch (error.code) {
    case 'PARAMETER': return ExitCode.usage
    case 'ABORTED': return ExitCode.interrupted
    case 'INTERNAL': return ExitCode.internal
    case 'DATA':
    case 'IO':
    case 'MEMORY':
    case 'MODEL': return ExitCode.failure
  }
}
