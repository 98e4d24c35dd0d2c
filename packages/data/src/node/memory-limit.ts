import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

/** Where the kernel says how much memory this process group may use (cgroup v2, v1). */
const limitFiles = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']

/** Memory that this process may use, in bytes: its control group's limit or the machine's. */
export function memoryLimitBytes(): number {
  const limits = limitFiles.map(readLimit).filter((limit) => limit > 0)
  return Math.min(totalmem(), ...limits)
}

/** 0 where there is no limit. */
function readLimit(path: string): number {
  try {
    const limit = Number(readFileSync(path, 'utf8').trim())
    return Number.isFinite(limit) ? limit : 0
  } catch {
    return 0
  }
}
