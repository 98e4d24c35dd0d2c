import type { ConnectOptions } from '@coppice/api'
import { uselessCa } from '@coppice/api/command'
import type { Flag } from './command.js'
import { UsageError } from './exit-codes.js'
import type { FlagValues } from './flag-values.js'

const group = 'Cluster'

/** How a command proves that it may talk to a coordinator, and whom it trusts. */
export const connectionFlags: readonly Flag[] = [
  { name: 'token-file', group, takes: 'one', default: '$COPPICE_TOKEN_FILE',
    describe: 'File with the secret that the coordinator was started with' },
  { name: 'ca-file', group, takes: 'one',
    describe: 'Certificates (PEM) to trust for wss:// instead of the usual ones' },
]

const connectSeconds = 30

/** How long a command whose work can wait looks for a coordinator that does not answer. */
export const connectTimeoutFlag: Flag = {
  name: 'connect-timeout', group, takes: 'one', default: `${connectSeconds}`,
  describe: 'Seconds to look for a coordinator that does not answer, before it is given up ' +
    '(status 1); 0 tries once',
}

/** For commands about a coordinator. */
export const coordinatorFlag: Flag = {
  name: 'cluster', group, takes: 'one', default: '$COPPICE_COORDINATOR',
  describe: 'Address of the coordinator: ws://host:port or wss://host:port',
}

/** The address of the coordinator. @throws UsageError where there is none */
export function coordinatorUrl(values: FlagValues): string {
  const url = flagOrEnv(values, 'cluster', 'COPPICE_COORDINATOR')
  if (url !== undefined) return url
  throw new UsageError('--cluster is missing: name the address of the coordinator, such as ' +
    'ws://host:7077, here or in COPPICE_COORDINATOR')
}

/** The value of a flag, else of an environment variable; an empty variable is none. */
export function flagOrEnv(values: FlagValues, flag: string, variable: string): string | undefined {
  const inEnvironment = process.env[variable]
  return values.text(flag) ?? (inEnvironment === '' ? undefined : inEnvironment)
}

/**
 * Certificates are for encrypted connections; elsewhere they would be ignored.
 *
 * @param flag - that names the address, with its dashes
 * @throws UsageError for --ca-file and an address without TLS
 */
export function requireUseOfCa(values: FlagValues, flag: string, url: string): void {
  const misuse = values.has('ca-file') ? uselessCa(url, '--ca-file', flag) : null
  if (misuse !== null) throw new UsageError(misuse)
}

/**
 * What `connect` is given; without the flag of the timeout, one attempt is made.
 * @throws UsageError for flags that would do nothing
 */
export function connectOptions(values: FlagValues, url: string): ConnectOptions {
  requireUseOfCa(values, '--cluster', url)
  return {
    connectTimeoutMs: 0,
    tokenFile: flagOrEnv(values, 'token-file', 'COPPICE_TOKEN_FILE'),
    caFile: values.text('ca-file'),
  }
}

/** What `connect` is given by a command with the flag of the timeout: it waits. */
export function patientConnectOptions(values: FlagValues, url: string): ConnectOptions {
  const seconds = values.integer(connectTimeoutFlag.name, 0) ?? connectSeconds
  return { ...connectOptions(values, url), connectTimeoutMs: seconds * 1000 }
}
