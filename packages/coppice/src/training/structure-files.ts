/** Parameters that may name a JSON file: here they get what is in the file. */
import { readFile } from 'node:fs/promises'
import { CoppiceError, findParameter } from '@coppice/api'
import { ioError, parseUniqueJson, RepeatedKeyError } from '@coppice/api/command'

const fileParameters: readonly string[] =
  ['forcedsplits_filename', 'forcedbins_filename', 'parameter_schedule']

/**
 * The parameters with files replaced by what they hold. What is JSON already stays.
 *
 * @throws CoppiceError 'IO' or 'PARAMETER' naming the parameter and the file
 */
export async function withFilesRead(
  params: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const read: Record<string, unknown> = { ...params }
  for (const [key, value] of Object.entries(params)) {
    const name = findParameter(key)?.name ?? key
    if (!fileParameters.includes(name) || typeof value !== 'string') continue
    const path = value.trim()
    if (path === '' || /^[[{]/.test(path)) continue
    read[key] = await readJson(path, name)
  }
  return read
}

async function readJson(path: string, name: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read the file of ${name}, ${path}`, error)
  }
  try {
    return parseUniqueJson(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : ''
    const what = cause instanceof RepeatedKeyError ? '' : ' is not JSON:'
    throw new CoppiceError(
      'PARAMETER', `the file of ${name}, ${path},${what} ${why}`, { cause })
  }
}
