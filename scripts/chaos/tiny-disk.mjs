import { execFileSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'
import path from 'node:path'

const sizeBytes = 4 << 20

/**
 * A file system of a few megabytes, to be filled. Needs root on Linux.
 *
 * @returns {{ folder: string, close: () => void } | { reason: string }}
 */
export function mountTinyDisk(parent) {
  if (process.platform !== 'linux') return { reason: 'needs tmpfs, which only Linux has' }
  if (process.getuid() !== 0) return { reason: 'only root may mount a tmpfs' }
  const mount = path.join(parent, 'tiny-disk')
  mkdirSync(mount, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', mount],
      { stdio: 'pipe' })
  } catch (error) {
    rmdirSync(mount)
    return { reason: `a tmpfs cannot be mounted: ${String(error.stderr ?? error).trim()}` }
  }
  return {
    folder: path.join(mount, 'journal'),
    close() {
      execFileSync('umount', [mount])
      rmdirSync(mount)
    },
  }
}
