import { stat } from 'node:fs/promises'
import { CoppiceError } from '@coppice/api'
import { ioError, openAtomicFile } from '@coppice/api/command'

/**
 * Finds out before the work whether its result can be written; folders are made.
 * @throws CoppiceError 'IO' naming the path and what to do
 */
export async function requireWritable(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw ioError(`cannot write ${path}`, error)
  })
  if (found !== null && !found.isFile()) {
    // A whole file takes the place of what is there: a folder or a device must not be replaced.
    throw new CoppiceError('IO', `cannot write ${path}: it is ` +
      `${found.isDirectory() ? 'a folder' : 'no regular file'}; name a file`)
  }
  const file = await openAtomicFile(path)
  await file.discard()
}
