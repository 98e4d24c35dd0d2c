import { open, stat } from 'node:fs/promises'
import type { Format } from '@coppice/api'
import { DETECT_BYTES, detectFormat } from '@coppice/api/command'

/**
 * The format that the content of a file says, whatever its name is, as LightGBM goes by content
 * alone; undefined where the name has to say: for what is no file here.
 *
 * @throws CoppiceError 'DATA' for what cannot be read, such as a compressed file
 */
export async function formatOfContent(path: string): Promise<Format | undefined> {
  const isFile = await stat(path).then((found) => found.isFile(), () => false)
  if (!isFile || path.endsWith('.json')) return undefined
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(DETECT_BYTES), 0, DETECT_BYTES, 0)
    const bytes = buffer.subarray(0, bytesRead)
    // Without its ending the name says nothing.
    return detectFormat(path.replace(/\.[^./\\]*$/, ''), bytes)
  } finally {
    await file.close()
  }
}
