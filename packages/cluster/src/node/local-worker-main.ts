/** The process of a worker of a local cluster: `node local-worker-main.js`, see LocalCluster. */
import { Token } from '../transport/token.js'
import { readChildOptions, report } from './child-options.js'
import { runWorker } from './worker-process.js'

/** What the process is started with. */
export interface LocalWorkerOptions {
  readonly coordinator: string
  readonly token: string
  readonly name: string
  readonly threads: number
  readonly memoryBytes?: number
  readonly coordinatorGraceMs: number
  readonly drainMs: number
  readonly allowModules?: readonly string[]
}

// Ctrl-C goes to all processes of a terminal; what it means is the parent's to decide.
process.on('SIGINT', () => undefined)
const options = await readChildOptions<LocalWorkerOptions>()
const { exitCode, reason } = await runWorker({
  ...options,
  token: new Token(options.token, 'the local cluster'),
  signals: ['SIGTERM'],
  exitWithParent: true,
  onNotice: (text) => report({ kind: 'notice', text }),
  onWelcome: () => report({ kind: 'welcome' }),
})
if (exitCode !== 0) process.stderr.write(`${reason}\n`)
process.exit(exitCode)
