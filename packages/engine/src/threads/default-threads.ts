import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Threads to use where none are asked for: the processors this process may run on, and no more
 * than the CPU quota of its container (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`), rounded up.
 */
export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota())))
}

/** CPUs' worth of time the container may use; Infinity without a limit. */
function cpuQuota(): number {
  const v2 = readText('/sys/fs/cgroup/cpu.max')
  if (v2 !== null) return parseQuota(v2)
  const quota = readText('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')
  const period = readText('/sys/fs/cgroup/cpu/cpu.cfs_period_us')
  return quota === null || period === null ? Infinity : parseQuota(`${quota} ${period}`)
}

/** "quota period" in microseconds; "max" or -1 means no limit. */
export function parseQuota(text: string): number {
  const [quota, period] = text.trim().split(/\s+/).map(Number)
  const isLimited = quota! > 0 && period! > 0
  return isLimited ? quota! / period! : Infinity
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
