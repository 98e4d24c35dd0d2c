import { CoppiceError, parseUniqueJson, RepeatedKeyError } from '@coppice/model'

function fail(message: string, cause?: unknown): never {
  throw new CoppiceError('PARAMETER', message, { cause })
}

function unquote(text: string): string {
  const trimmed = text.trim()
  const first = trimmed[0]
  const opens = first === '"' || first === "'"
  const isQuoted = opens && trimmed.length >= 2 && trimmed.endsWith(first)
  return isQuoted ? trimmed.slice(1, -1) : trimmed
}

function parseJson(text: string, name: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = parseUniqueJson(text)
  } catch (error) {
    if (error instanceof RepeatedKeyError) fail(`${name}: ${error.message}`, error)
    fail(`${name} is not valid JSON: ${error instanceof Error ? error.message : ''}`, error)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    fail(`${name} must hold one JSON object with a parameter per key`)
  }
  return parsed as Record<string, unknown>
}

/**
 * Reads a configuration file: LightGBM's `key = value` lines with `#` comments, or, when the
 * first character is `{`, a JSON object. Names and values are checked by `resolveParams`.
 *
 * @param name - of the file, for messages
 * @returns raw parameters; values of the line format are text, in the order of the file
 * @throws CoppiceError 'PARAMETER' with the line number for a line without `=` or name and for a
 *   name that comes twice
 */
export function parseConfigText(text: string, name = 'configuration'): Record<string, unknown> {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  if (body.trimStart().startsWith('{')) return parseJson(body, name)
  const lineOf = new Map<string, number>()
  const values: [string, string][] = []
  for (const [index, line] of body.split(/\r\n|\r|\n/).entries()) {
    const content = line.split('#', 1)[0]!.trim()
    if (content === '') continue
    const where = `${name}, line ${index + 1}`
    const equals = content.indexOf('=')
    if (equals < 0) fail(`${where}: "${content}" is not of the form key = value`)
    const key = unquote(content.slice(0, equals))
    if (key === '') fail(`${where}: "${content}" has no name before "="`)
    const earlier = lineOf.get(key)
    if (earlier !== undefined) fail(`${where}: "${key}" was already set in line ${earlier}`)
    lineOf.set(key, index + 1)
    const value = unquote(content.slice(equals + 1))
    // `key =` is how LightGBM's own files leave a parameter at its default.
    if (value !== '') values.push([key, value])
  }
  return Object.fromEntries(values)
}
