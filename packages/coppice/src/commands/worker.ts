import { CACHE_BYTES_MIN, runWorker, THREADS_MAX } from '@coppice/api/command'
import { connectionFlags, flagOrEnv, requireUseOfCa } from '../cluster-flags.js'
import type { Command } from '../command.js'
import { leaveEarlySignals } from '../early-signals.js'
import { UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { logFormatFlag, openLog } from '../log.js'

const group = 'Worker'

/** A process that holds rows and trains for a coordinator. */
export const workerCommand: Command = {
  name: 'worker',
  summary: 'Work for a coordinator: read partitions, hold their rows, train',
  flags: [
    { name: 'coordinator', group: 'Cluster', takes: 'one', default: '$COPPICE_COORDINATOR',
      describe: 'Address of the coordinator: ws://host:port or wss://host:port' },
    ...connectionFlags,
    { name: 'threads', group, takes: 'one', default: 'all cores', describe:
      `Threads that train, 1 to ${THREADS_MAX}` },
    { name: 'name', group, takes: 'one', default: '$COPPICE_WORKER_NAME, or host and process',
      describe: 'Name, unique in the cluster; one that stays the same is known after a restart' },
    { name: 'cache', group, takes: 'one', default: '$COPPICE_CACHE',
      describe: 'Folder of its own, in which files from http:, https: and s3: addresses and from ' +
        'clients are kept, so that they are fetched once; workers of a machine may share it. ' +
        'Nobody else may write to it' },
    { name: 'cache-size', group, takes: 'one', default: '10000000000',
      describe: 'Bytes of --cache, or 10G, 512MiB; what was not used for longest goes first' },
    { name: 'allow-module', group, takes: 'many', describe:
      'Module with objectives and metrics of your own (custom_objective, custom_metrics) that ' +
      'trainings may run here: a JavaScript file, the same as the client has. Others are refused' },
    { name: 'exit-with-parent', group, takes: 'switch',
      describe: 'End when standard input is closed: with the process that started this one' },
    logFormatFlag,
  ],
  examples: [
    ['$0 worker --coordinator ws://10.0.0.5:7077 --token-file token', 'Join a cluster'],
    ['COPPICE_COORDINATOR=ws://10.0.0.5:7077 $0 worker', 'As Kubernetes, Slurm or ssh start it'],
  ],
  exitCodes: `Exit status of a worker:
  0   it left in good order: drained by SIGTERM or Ctrl-C, or sent away
  1   the coordinator does not take it: another release; or a newcomer of its name took its place
  2   a flag, the address, the token or a certificate is wrong
  3   the coordinator was not found for ten minutes, or leaving took too long
  70  an internal error: please report it`,
  async run(values) {
    const coordinator = flagOrEnv(values, 'coordinator', 'COPPICE_COORDINATOR')
    if (coordinator === undefined) {
      throw new UsageError('--coordinator is missing: name its address, such as ' +
        'ws://host:7077, here or in COPPICE_COORDINATOR')
    }
    requireUseOfCa(values, '--coordinator', coordinator)
    const cache = readCache(values)
    const log = openLog(values)
    const { exitCode, reason } = await runWorker({
      coordinator,
      tokenFile: flagOrEnv(values, 'token-file', 'COPPICE_TOKEN_FILE'),
      caFile: values.text('ca-file'),
      threads: values.integer('threads', 1, THREADS_MAX),
      name: flagOrEnv(values, 'name', 'COPPICE_WORKER_NAME'),
      exitWithParent: values.isOn('exit-with-parent'),
      allowModules: values.list('allow-module'),
      cache,
      onNotice: (text) => log.note(text),
      onListening: leaveEarlySignals,
    })
    // People were told by a notice.
    log.line('left', { exitCode, reason }, null)
    // Threads may still be ending.
    process.exit(exitCode)
  },
}

const cacheBytes = 10e9

function readCache(values: FlagValues): { folder: string, bytesMax: number } | undefined {
  const folder = flagOrEnv(values, 'cache', 'COPPICE_CACHE')
  const bytesMax = values.bytes('cache-size', CACHE_BYTES_MIN)
  if (folder === undefined && bytesMax !== undefined) {
    throw new UsageError('--cache-size does nothing without --cache DIR')
  }
  return folder === undefined ? undefined : { folder, bytesMax: bytesMax ?? cacheBytes }
}
