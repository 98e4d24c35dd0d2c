import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '@coppice/data/node'

/** What a journal needs of a disk. Tests give one that fails. */
export interface JournalDisk {
  makeFolder(path: string): Promise<void>
  /** An open file, or null where there is none. */
  open(path: string): Promise<JournalHandle | null>
  /** A new, empty file in place of any other. */
  create(path: string): Promise<JournalHandle>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
}

export interface JournalHandle {
  size(): Promise<number>
  /** Bytes written, which may be fewer than there are. */
  write(bytes: Uint8Array, position: number): Promise<number>
  truncate(size: number): Promise<void>
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** The disk of this machine. */
export const nodeDisk: JournalDisk = {
  makeFolder: (path) => makeFolder(path),
  async open(path) {
    try {
      return await openHandle(path, 'r+')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  },
  create: (path) => openHandle(path, 'w'),
  async rename(from, to) {
    await rename(from, to)
    await syncFolder(dirname(to))
  },
  remove: (path) => rm(path, { force: true }),
}

async function openHandle(path: string, flags: string): Promise<JournalHandle> {
  const handle = await open(path, flags)
  return {
    size: async () => (await handle.stat()).size,
    write: async (bytes, position) =>
      (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    truncate: (size) => handle.truncate(size),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  }
}

/** A new name is on the disk when its folder is; where folders cannot be synced, never mind. */
async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    return
  }
}
