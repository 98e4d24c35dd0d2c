import { watchParent } from './parent-watch.js'

/** Who may ask a process to end. */
export interface ExitRequestOptions {
  /** Those that ask, such as SIGTERM and SIGINT. */
  readonly signals: readonly NodeJS.Signals[]
  /** End when standard input is closed: whoever holds the other end has died. */
  readonly exitWithParent: boolean
  /** Aborting it is like a first signal. */
  readonly signal: AbortSignal | undefined
  /** To leave in good order; called once. */
  readonly onDrain: (why: string) => void
  /** To end at once. */
  readonly onExit: (why: string) => void
}

/**
 * Listens to what asks a process to end: the first signal asks it to leave in good order, the
 * second to be gone.
 *
 * @returns ends the listening
 */
export function listenToExitRequests(options: ExitRequestOptions): () => void {
  let isAsked = false
  const onSignal = (name: string): void => {
    if (isAsked) return options.onExit(`${name} came again`)
    isAsked = true
    options.onDrain(name)
  }
  const onAbort = (): void => {
    if (!isAsked) onSignal('the caller')
  }
  const onEnd = (): void => options.onExit('the process that started it has ended')
  const { stdin } = process
  for (const name of options.signals) process.on(name, onSignal)
  let stopWatching = (): void => undefined
  if (options.exitWithParent) {
    stopWatching = watchParent()
    stdin.on('end', onEnd).on('close', onEnd).on('error', onEnd)
    stdin.resume()
    if (stdin.readableEnded || stdin.destroyed) queueMicrotask(onEnd)
  }
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) queueMicrotask(onAbort)
  return () => {
    for (const name of options.signals) process.off(name, onSignal)
    options.signal?.removeEventListener('abort', onAbort)
    if (!options.exitWithParent) return
    stopWatching()
    stdin.off('end', onEnd).off('close', onEnd).off('error', onEnd)
    stdin.pause()
  }
}
