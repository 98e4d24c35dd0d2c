/** Commands that work on when nobody reads what they say. */
const daemons: readonly (string | undefined)[] = ['coordinator', 'worker']

/**
 * A reader that goes away (`coppice inspect | head`) is no error: the rest is not wanted. Those
 * who others depend on go on without one.
 */
export function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!daemons.includes(process.argv[2])) process.exit(0)
    })
  }
}

/** Writes to stdout; resolves when it is taken, so that a slow reader slows the writer. */
export function print(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}
