import { readFile } from 'node:fs/promises'
import { CoppiceError } from '@coppice/api'
import { ioError, parseUniqueJson, RepeatedKeyError } from '@coppice/api/command'

/**
 * Reads JSON that people write.
 *
 * @param what - the file with its path, for messages
 * @throws CoppiceError 'IO' where it cannot be read; 'PARAMETER' for what is not JSON, and for an
 *   object that has a key twice
 */
export async function readJsonFile(path: string, what: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read ${what}`, error)
  }
  try {
    return parseUniqueJson(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : ''
    const isRepeated = cause instanceof RepeatedKeyError
    throw new CoppiceError('PARAMETER', `${what}${isRepeated ? ': ' : ', is not JSON: '}${why}`,
      { cause })
  }
}
