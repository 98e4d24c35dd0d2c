/** The thread of `watchParent`. */
import { workerData } from 'node:worker_threads'
import type { ParentWatchStart } from './parent-watch.js'

const { parentPid, everyMs, patienceMs } = workerData as ParentWatchStart

const timer = setInterval(() => {
  if (hasParent()) return
  clearInterval(timer)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), patienceMs)
}, everyMs)

/** An orphan is given to another parent, except on Windows. */
function hasParent(): boolean {
  if (process.ppid !== parentPid) return false
  try {
    process.kill(parentPid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
