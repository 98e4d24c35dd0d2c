import type { ConnectOptions } from '@coppice/api'
import type { Flag } from './command.js'
import type { FlagValues } from './flag-values.js'

const group = 'Cluster'

/** How a command proves that it may talk to a coordinator, and whom it trusts. */
export const connectionFlags: readonly Flag[] = [
  { name: 'token-file', group, takes: 'one', default: '$COPPICE_TOKEN_FILE',
    describe: 'File with the secret that the coordinator was started with' },
  { name: 'ca-file', group, takes: 'one',
    describe: 'Certificates (PEM) to trust for wss:// instead of the usual ones' },
]

/** How long a command whose work can wait looks for a coordinator that does not answer. */
export const connectTimeoutFlag: Flag = {
  name: 'connect-timeout', group, takes: 'one', default: '30',
  describe: 'Seconds to look for a coordinator that does not answer, before it is given up ' +
    '(status 1); 0 tries once',
}

/** The value of a flag, else of an environment variable; an empty variable is none. */
export function flagOrEnv(values: FlagValues, flag: string, variable: string): string | undefined {
  const inEnvironment = process.env[variable]
  return values.text(flag) ?? (inEnvironment === '' ? undefined : inEnvironment)
}

/** What `connect` is given; without the flag of the timeout, one attempt is made. */
export function connectOptions(values: FlagValues): ConnectOptions {
  return {
    connectTimeoutMs: 0,
    tokenFile: flagOrEnv(values, 'token-file', 'COPPICE_TOKEN_FILE'),
    caFile: values.text('ca-file'),
  }
}
