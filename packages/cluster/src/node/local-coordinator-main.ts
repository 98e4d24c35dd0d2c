/** The process of the coordinator of a local cluster: `node local-coordinator-main.js`. */
import { readChildOptions, report } from './child-options.js'
import type { Vigilance } from '../coordinator/vigilance.js'
import { runCoordinator } from './coordinator-process.js'
import { listenToExitRequests } from './exit-requests.js'

/** What the process is started with: JSON. */
export interface LocalCoordinatorOptions
  extends Partial<Record<keyof Vigilance, number | undefined>> {
  readonly listen: string
  readonly token: string
  readonly journalDir: string | null
  readonly lastCallMs: number
  readonly heartbeatMs: number
  readonly leaseMs: number
  readonly graceMs: number
  readonly stallMs: number
}

/** Who does not come to an end within so long is ended. */
const closeMsMax = 3000

// Ctrl-C goes to all processes of a terminal; what it means is the parent's to decide.
process.on('SIGINT', () => undefined)
const coordinator = await runCoordinator({
  ...await readChildOptions<LocalCoordinatorOptions>(),
  onNotice: (text) => report({ kind: 'notice', text }),
})
const end = (): void => {
  setTimeout(() => process.exit(0), closeMsMax).unref()
  void coordinator.close().finally(() => process.exit(0))
}
listenToExitRequests({
  signals: ['SIGTERM'], exitWithParent: true, signal: undefined, onDrain: end, onExit: end,
})
report({ kind: 'listening', url: coordinator.url })
