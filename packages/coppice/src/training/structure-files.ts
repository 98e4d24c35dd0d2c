/** Parameters that may name a JSON file: here they get what is in the file. */
import { findParameter } from '@coppice/api'
import { readJsonFile } from '../json-file.js'

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
    read[key] = await readJsonFile(path, `the file of ${name}, ${path}`)
  }
  return read
}
