import { CoppiceError } from '@coppice/api'
import { UsageError } from './exit-codes.js'

/**
 * What a user reads of an error: one line, then a line for every cause that says something new.
 * Stack traces appear only where COPPICE_DEBUG is set, and for errors that are bugs.
 */
export function describeFailure(prefix: string, error: unknown): string {
  const isExpected = error instanceof UsageError || error instanceof CoppiceError
  const lines = [`${prefix}: ${isExpected ? '' : 'internal error: '}${messageOf(error)}`,
    ...newCauses(error).map((message) => `  caused by: ${message}`)]
  if (error instanceof Error && (process.env['COPPICE_DEBUG'] ?? '') !== '') {
    lines.push(error.stack ?? '')
  } else if (!isExpected) {
    lines.push('  this is a bug: set COPPICE_DEBUG=1 for a stack trace and report it')
  }
  return `${lines.join('\n')}\n`
}

/** The error as a JSON line: {"event": "error", "code": ..., "message": ...}. */
export function failureJson(error: unknown): string {
  const code = error instanceof CoppiceError ? error.code
    : error instanceof UsageError ? 'USAGE' : 'INTERNAL'
  const causes = newCauses(error)
  return `${JSON.stringify({ event: 'error', code, message: messageOf(error),
    ...(causes.length === 0 ? {} : { causes }) })}\n`
}

/** Messages of the causes that say something new. */
function newCauses(error: unknown): string[] {
  const found: string[] = []
  let said = messageOf(error)
  let cause = error instanceof Error ? error.cause : undefined
  for (let depth = 0; cause instanceof Error && depth < 5; depth++, cause = cause.cause) {
    const message = messageOf(cause)
    // Such an error already has the path and the meaning of the system's code.
    const isTold = error instanceof CoppiceError &&
      (error.code === 'IO' || error.code === 'PARAMETER') &&
      typeof (cause as NodeJS.ErrnoException).syscall === 'string'
    if (!isTold && !said.includes(message)) found.push(message)
    said += message
  }
  return found
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replaceAll(/\s*\n\s*/g, ' ')
}
