/** What the exit status of a worker's process says; 2 and 3 as in the `coppice` command. */
export const workerExitCodes = {
  /** Drained, or told to leave. */
  done: 0,
  /** The coordinator will not have it: another release, a name that is taken. */
  rejected: 1,
  /** The address, the token or a certificate is wrong. */
  usage: 2,
  /** Interrupted before it was let go, or no coordinator for too long. */
  interrupted: 3,
  /** A bug. */
  internal: 70,
} as const

/** How a worker ended. */
export interface WorkerExit {
  /** One of `workerExitCodes`, or what the coordinator said. */
  readonly exitCode: number
  /** For people. */
  readonly reason: string
}
