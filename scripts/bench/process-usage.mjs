/**
 * Preloaded (`node --import`) into a process that is measured: when it ends, it writes what the
 * system says of it to the file COPPICE_BENCH_USAGE. On Linux the peak is that of the program
 * itself (VmHWM): getrusage tells at least what the process that started it held.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

// Threads get the options of their process, and load this too.
if (isMainThread && process.env.COPPICE_BENCH_USAGE !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    writeFileSync(process.env.COPPICE_BENCH_USAGE, JSON.stringify({
      cpuMs: (userCPUTime + systemCPUTime) / 1000,
      peakMib: (peakKib() ?? maxRSS) / 1024,
    }))
  })
}

/** Linux only; null elsewhere. */
function peakKib() {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
  } catch {
    return null
  }
}
