import { WebSocket } from 'ws'
import type { CommandProcess } from './cluster-process.js'

/** Lets `stackOf` look into a process without a fixed port: part of its environment. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=0' }

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly location: { readonly lineNumber: number }
}

/**
 * Where the main thread of a process is: its stack, or the word that it is idle. For processes
 * that hang; one that is stopped or has ended cannot be asked.
 *
 * @param patienceMs - an idle process gives no stack for so long
 */
export async function stackOf(process: CommandProcess, patienceMs = 5000): Promise<string> {
  const opened = process.waitFor(/Debugger listening on ws:/, patienceMs)
  process.kill('SIGUSR1')
  let url: string
  try {
    url = /ws:\S+/.exec((await opened).text)![0]
  } catch {
    return 'it does not answer'
  }
  const socket = new WebSocket(url)
  try {
    return await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => resolve('it is idle'), patienceMs)
      socket.on('error', reject)
      socket.on('open', () => {
        for (const [i, method] of ['Debugger.enable', 'Debugger.pause'].entries()) {
          socket.send(JSON.stringify({ id: i + 1, method }))
        }
      })
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as
          { readonly method?: string, readonly params?: { readonly callFrames: Frame[] } }
        if (message.method !== 'Debugger.paused') return
        clearTimeout(timer)
        resolve(message.params!.callFrames.map(({ functionName, url: file, location }) =>
          `${functionName || '(anonymous)'} ${file.split('/').slice(-2).join('/')}:${
            location.lineNumber + 1}`).join('\n'))
      })
    })
  } catch (error) {
    return `its stack cannot be had: ${(error as Error).message}`
  } finally {
    socket.terminate()
  }
}
