import { CoppiceError } from '@coppice/model'
import { checkOptionNames, optionNames } from '../options.js'
import type { Cluster } from './cluster.js'
import { ConnectedCluster } from './connected-cluster.js'

/** Options of `connect`. */
export interface ConnectOptions {
  /** The secret that the coordinator was started with. */
  readonly token?: string | undefined
  /** A file that holds it; better than the secret itself in a program. */
  readonly tokenFile?: string | undefined
  /** Certificates (PEM) of the authority behind a wss: address, where it is not a usual one. */
  readonly caFile?: string | undefined
  /**
   * How long a coordinator that does not answer is looked for, in milliseconds: it may be about to
   * start. Default 30000; 0 tries once.
   */
  readonly connectTimeoutMs?: number | undefined
  /** Ends looking for it. */
  readonly signal?: AbortSignal | undefined
  /** Hears, once, that the coordinator is waited for. */
  readonly onNotice?: ((text: string) => void) | undefined
}

const connectOptionNames = optionNames<ConnectOptions>({
  token: true, tokenFile: true, caFile: true, connectTimeoutMs: true, signal: true, onNotice: true,
})

/**
 * Connects to a coordinator (`coppice coordinator`), so that `train` and `fit` train, and `predict`
 * predicts, on its workers. A connection that breaks is made again by itself, also in the middle
 * of a training.
 *
 * ```ts
 * const cluster = await connect('wss://host:7077', { tokenFile: 'token' })
 * await train(params, dataset, { cluster })
 * await cluster.close()
 * ```
 *
 * @param url - ws://host:port, or wss://host:port where the coordinator has a certificate
 * @throws CoppiceError 'PARAMETER' for a bad address, token or certificate, and for
 *   a caFile with an address that is not encrypted; 'IO' for files that cannot be read and where
 *   nothing answers in time; 'ABORTED' by the signal
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Cluster> {
  checkOptionNames('connect', options, connectOptionNames)
  if (typeof url !== 'string') {
    throw new CoppiceError('PARAMETER', `the address of the coordinator must be a text such as ` +
      `ws://host:7077, got ${typeof url}`)
  }
  if (options.token !== undefined && options.tokenFile !== undefined) {
    throw new CoppiceError('PARAMETER', 'token and tokenFile are the same; give one of them')
  }
  const { connectTimeoutMs = 0 } = options
  if (!Number.isFinite(connectTimeoutMs) || connectTimeoutMs < 0) {
    throw new CoppiceError('PARAMETER', 'connectTimeoutMs must be a number of milliseconds from ' +
      `0 on, got ${connectTimeoutMs}; 0 tries once`)
  }
  const { ClusterClient } = await import('@coppice/cluster/node')
  return new ConnectedCluster(url, await ClusterClient.connect(url, options))
}
