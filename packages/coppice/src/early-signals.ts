/** Signals that come while the command is being loaded, before it listens itself. */

const signals = ['SIGINT', 'SIGTERM'] as const

/** Those whose work is to wait end in good order. */
const daemons: readonly (string | undefined)[] = ['coordinator', 'worker']

/** As in ExitCode, which is not loaded yet. */
const [statusOk, statusInterrupted] = [0, 3]

function endEarly(signal: NodeJS.Signals): void {
  const command = process.argv[2] ?? ''
  process.stderr.write(`coppice ${command}: interrupted by ${signal}; nothing was begun\n`)
  process.exit(daemons.includes(command) ? statusOk : statusInterrupted)
}

/** Ends the process with a line, and the status of an interruption, when a signal comes. */
export function hearEarlySignals(): void {
  for (const signal of signals) process.on(signal, endEarly)
}

/** Somebody else listens from now on, or nobody. */
export function leaveEarlySignals(): void {
  for (const signal of signals) process.off(signal, endEarly)
}
