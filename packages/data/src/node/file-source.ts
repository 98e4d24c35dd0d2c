import { open, type FileHandle } from 'node:fs/promises'
import { CoppiceError } from '@coppice/model'
import type { ByteSource } from '../reader.js'

/** A ByteSource over an open file; close it when done. */
export interface FileSource extends ByteSource {
  close(): Promise<void>
}

/**
 * Opens a file for reading in any order.
 *
 * Throws CoppiceError 'IO' naming the path when it cannot be opened; `slice` rejects with 'IO'
 * when it cannot be read or has become shorter.
 */
export async function openFileSource(path: string): Promise<FileSource> {
  let handle: FileHandle | null = null
  try {
    handle = await open(path, 'r')
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new Error('it is a folder')
    return fileSource(path, handle, stat.size)
  } catch (error) {
    await handle?.close()
    throw ioError(`cannot read ${path}`, error)
  }
}

function fileSource(path: string, handle: FileHandle, byteLength: number): FileSource {
  return {
    name: path,
    byteLength,
    async slice(start, end) {
      const bytes = new Uint8Array(end - start)
      let offset = 0
      while (offset < bytes.length) {
        let nRead
        try {
          const length = Math.min(bytes.length - offset, 1 << 30)
          nRead = (await handle.read(bytes, offset, length, start + offset)).bytesRead
        } catch (error) {
          throw ioError(`cannot read ${path}`, error)
        }
        if (nRead === 0) {
          throw new CoppiceError(
            'IO',
            `${path} ended at byte ${start + offset} of ${byteLength}: it was changed while it ` +
              `was read; leave files alone while they are loaded`,
          )
        }
        offset += nRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

const adviceOfCode: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder; check the path',
  EACCES: 'permission denied; check its access rights',
  EPERM: 'not permitted; check its access rights',
  EISDIR: 'it is a folder',
  EEXIST: 'a file of this name is in the way; name another folder, or move the file',
  ENOTDIR: 'a part of the path is not a folder',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
  ENOSPC: 'the disk is full; free some space or write elsewhere',
  EDQUOT: 'the disk quota is used up; free some space or write elsewhere',
  EROFS: 'the file system is read-only; write elsewhere',
  EIO: 'the disk reports an error; check it',
}

/** An operating system error as CoppiceError 'IO': what was done, why it failed, what to do. */
export function ioError(what: string, error: unknown): CoppiceError {
  if (error instanceof CoppiceError) return error
  return new CoppiceError('IO', `${what}: ${reasonOf(error)}`, { cause: error })
}

/** Why an operation failed, in words, and what to do where the system's code is known. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  const advice = typeof code === 'string' ? adviceOfCode[code] : undefined
  return advice ?? (error instanceof Error ? error.message : String(error))
}
