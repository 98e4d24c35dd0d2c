/** Signals that come while the command is being loaded, before it listens itself. */

const signals = ['SIGINT', 'SIGTERM'] as const

/** Those whose work is to wait end in good order. */
const daemons: readonly (string | undefined)[] = ['coordinator', 'worker']

/** As in ExitCode, which is not loaded yet. */
const [statusOk, statusInterrupted] = [0, 3]

/** Programs that read JSON lines get all lines as such; looked for before the flags are parsed. */
export function wantsJson(args: readonly string[]): boolean {
  return args.some((arg, i) => arg === '--log-format=json' ||
    (arg === '--log-format' && args[i + 1] === 'json'))
}

function endEarly(signal: NodeJS.Signals): void {
  const args = process.argv.slice(2)
  const command = args[0] ?? ''
  const isDaemon = daemons.includes(command)
  const message = `interrupted by ${signal}; nothing was begun`
  process.stderr.write(!wantsJson(args) ? `coppice ${command}: ${message}\n`
    // as the log of a daemon, and failureJson, have it
    : `${JSON.stringify(isDaemon
      ? { time: new Date().toISOString(), event: 'notice', text: message }
      : { event: 'error', code: 'ABORTED', message })}\n`)
  process.exit(isDaemon ? statusOk : statusInterrupted)
}

/** Ends the process with a line, and the status of an interruption, when a signal comes. */
export function hearEarlySignals(): void {
  for (const signal of signals) process.on(signal, endEarly)
}

/** Somebody else listens from now on, or nobody. */
export function leaveEarlySignals(): void {
  for (const signal of signals) process.off(signal, endEarly)
}
