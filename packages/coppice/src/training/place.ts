/** Where work is done: in this process, on local processes, or on a cluster. */
import { type Cluster, connect, LocalCluster } from '@coppice/api'
import { LOCAL_WORKERS_MAX } from '@coppice/api/command'
import {
  connectionFlags, connectTimeoutFlag, patientConnectOptions, requireUseOfCa,
} from '../cluster-flags.js'
import type { Flag } from '../command.js'
import { UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'

const group = 'Cluster'

/** @param work - what is done there, and what it makes */
export function placeFlags({ verb, result }: { verb: string, result: string }): readonly Flag[] {
  return [
    { name: 'cluster', group, takes: 'one',
      describe: `${verb} on the workers of this coordinator (ws://host:port or ` +
        `wss://host:port; COPPICE_COORDINATOR does not count here); the ` +
        `${result} is the same. Files are read by the workers; relative paths are completed ` +
        'here' },
    ...connectionFlags,
    connectTimeoutFlag,
    { name: 'local-workers', group, takes: 'one',
      describe: `${verb} on so many worker processes of this machine (1 to ` +
        `${LOCAL_WORKERS_MAX}), of --threads threads each` },
  ]
}

/** Where work is done. */
export type Place =
  | { readonly kind: 'here' }
  | { readonly kind: 'cluster', readonly url: string }
  | {
      readonly kind: 'local', readonly workers: number, readonly threadsPerWorker?: number,
      /** Modules of the user's that the training runs. */
      readonly allowModules?: readonly string[]
    }

/** @throws UsageError for flags that contradict each other or would do nothing */
export function readPlace(
  values: FlagValues, { numThreads }: { readonly numThreads: number },
): Place {
  const url = values.text('cluster')
  const workers = values.integer('local-workers', 1, LOCAL_WORKERS_MAX)
  if (url !== undefined && workers !== undefined) {
    throw new UsageError('--cluster and --local-workers are two places; give one of them')
  }
  for (const { name } of [...connectionFlags, connectTimeoutFlag]) {
    if (url !== undefined || !values.has(name)) continue
    throw new UsageError(`--${name} does nothing without --cluster URL`)
  }
  if (url !== undefined) {
    requireUseOfCa(values, '--cluster', url)
    if (numThreads <= 0) return { kind: 'cluster', url }
    throw new UsageError(`--threads ${numThreads} does nothing with --cluster, whose workers ` +
      'have threads of their own; give it to coppice worker')
  }
  if (workers === undefined) return { kind: 'here' }
  return { kind: 'local', workers, ...(numThreads > 0 ? { threadsPerWorker: numThreads } : {}) }
}

/**
 * Connects, or starts the processes; undefined for this process. Close it.
 *
 * @param waiting - ends waiting for a coordinator that does not answer, and hears of it
 */
export async function openPlace(
  place: Place, values: FlagValues,
  waiting: { readonly signal: AbortSignal, readonly onNotice: (text: string) => void },
): Promise<Cluster | undefined> {
  switch (place.kind) {
    case 'here': return undefined
    case 'cluster':
      return connect(place.url, { ...patientConnectOptions(values, place.url), ...waiting })
    case 'local': {
      const { workers, threadsPerWorker, allowModules } = place
      return LocalCluster.start({ workers, threadsPerWorker, allowModules })
    }
  }
}
