import { readFile } from 'node:fs/promises'
import { ioError } from '@coppice/data/node'

/** The text of a file, or null where there is none. @throws CoppiceError 'IO' naming the path */
export async function readTextFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw ioError(`cannot read ${path}`, error)
  }
}
