import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { reasonOf } from './file-source.js'

/**
 * Makes a folder and those above it, unless they are there. Unlike Node's own recursive `mkdir`
 * it comes to an end where a file system denies that the folder above exists (/proc), and gives
 * the reason of the first folder that cannot be made.
 *
 * Rejects with an Error that names that folder and says why; callers say what it was for, with
 * `ioError`.
 *
 * @param mode - rights of what is made
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); !await isFolder(at); at = dirname(at)) missing.push(at)
  for (const folder of missing.reverse()) {
    try {
      await mkdir(folder, { mode })
    } catch (error) {
      // others may have made it meanwhile
      if (codeOf(error) === 'EEXIST' && await isFolder(folder)) continue
      throw unmakeable(folder, error)
    }
  }
}

/** Throws for what is there and is no folder, and for what cannot be looked at. */
async function isFolder(path: string): Promise<boolean> {
  let isThere: boolean
  try {
    isThere = (await stat(path)).isDirectory()
  } catch (error) {
    const code = codeOf(error)
    if ((code === 'ENOENT' || code === 'ENOTDIR') && dirname(path) !== path) return false
    throw unmakeable(path, error)
  }
  if (isThere) return true
  throw new Error(`${path} is no folder; name another`)
}

function unmakeable(folder: string, error: unknown): Error {
  // the folder above was there a moment ago
  const reason = codeOf(error) !== 'ENOENT' ? reasonOf(error)
    : 'its file system takes no new folders; write elsewhere'
  return new Error(`the folder ${folder} cannot be made: ${reason}`, { cause: error })
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}
