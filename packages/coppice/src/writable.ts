import { openAtomicFile } from '@coppice/api/command'

/**
 * Finds out before the work whether its result can be written; folders are made.
 * @throws CoppiceError 'IO' naming the path and what to do
 */
export async function requireWritable(path: string): Promise<void> {
  const file = await openAtomicFile(path)
  await file.discard()
}
