/** The processes of a cluster, for the command; what they need is loaded when they start. */
import type { CoordinatorHandle, CoordinatorProcessOptions, WorkerExit }
  from '@coppice/cluster/node'

/** Starts a coordinator. @throws CoppiceError 'PARAMETER' or 'IO' */
export async function runCoordinator(
  options: CoordinatorProcessOptions,
): Promise<CoordinatorHandle> {
  const node = await import('@coppice/cluster/node')
  return node.runCoordinator(options)
}

/** What a worker is started with. */
export interface RunWorkerOptions {
  readonly coordinator: string
  readonly tokenFile: string | undefined
  readonly caFile: string | undefined
  readonly threads: number | undefined
  readonly name: string | undefined
  readonly exitWithParent: boolean
  /** Modules of users' that trainings may run. */
  readonly allowModules: readonly string[]
  /** Folder in which files from elsewhere are kept, and how many bytes of them; or undefined. */
  readonly cache: { readonly folder: string, readonly bytesMax: number } | undefined
  readonly onNotice: (text: string) => void
  /** Signals are heard by the worker from now on. */
  readonly onListening: () => void
}

/** Runs a worker until it leaves. @throws CoppiceError 'PARAMETER' or 'IO' */
export async function runWorker(options: RunWorkerOptions): Promise<WorkerExit> {
  const { coordinator, tokenFile, caFile, threads, name, cache, onNotice } = options
  const { exitWithParent, onListening, allowModules } = options
  const node = await import('@coppice/cluster/node')
  return node.runWorker({
    coordinator, exitWithParent, onNotice, onListening, allowModules,
    token: tokenFile === undefined ? null : await node.readToken(tokenFile, onNotice),
    caFile: caFile ?? null,
    source: { cache },
    ...(threads === undefined ? {} : { threads }),
    ...(name === undefined ? {} : { name }),
  })
}
