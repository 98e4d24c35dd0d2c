/** The message of an error with its code, where the message does not say it already. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Node tries all addresses of a name; the errors of the attempts are inside, the message empty.
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(errorText))].join('; ')
  }
  const code = errorCode(error)
  if (code === null || error.message.includes(code)) return error.message
  return error.message === '' ? code : `${error.message} (${code})`
}

/** The code that Node gives to errors of the system, or null. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}
