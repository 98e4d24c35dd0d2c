import { CoppiceError } from '@coppice/model'

/** What a child process of a local cluster tells its parent: JSON, one a line, on its stdout. */
export type ChildReport =
  /** A coordinator listens. */
  | { readonly kind: 'listening', readonly url: string }
  /** A worker was let in. */
  | { readonly kind: 'welcome' }
  | { readonly kind: 'notice', readonly text: string }

/** Tells the parent. A parent that is gone hears nothing, which its child learns elsewhere. */
export function report(message: ChildReport): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/**
 * Reads what a child process is started with: JSON, the first line of its standard input, where
 * no other process can see it. The input stays open: it ends when the parent does.
 */
export async function readChildOptions<Options>(): Promise<Options> {
  const { stdin } = process
  // writing to a parent that has died must not be what ends the child
  process.stdout.on('error', () => undefined)
  const line = await new Promise<string>((resolve, reject) => {
    let text = ''
    const settle = (): void => {
      stdin.off('data', onData).off('end', onEnd)
      stdin.resume()
    }
    const onData = (chunk: string): void => {
      text += chunk
      if (!text.includes('\n')) return
      settle()
      resolve(text)
    }
    const onEnd = (): void => {
      settle()
      reject(new CoppiceError('ABORTED', 'the process that started this one has ended'))
    }
    stdin.setEncoding('utf8').on('data', onData).on('end', onEnd)
  })
  return JSON.parse(line) as Options
}
