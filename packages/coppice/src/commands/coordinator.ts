import { hostname } from 'node:os'
import { runCoordinator } from '@coppice/api/command'
import { flagOrEnv } from '../cluster-flags.js'
import type { Command } from '../command.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { Interrupt } from '../interrupt.js'
import { logFormatFlag, openLog } from '../log.js'

const network = 'Network'
const jobs = 'Jobs'
const times = 'Times'

/** The process that workers and clients connect to. */
export const coordinatorCommand: Command = {
  name: 'coordinator',
  summary: 'Coordinate workers that train together (one per cluster)',
  flags: [
    { name: 'listen', group: network, takes: 'one', default: '127.0.0.1:7077',
      describe: 'Address and port; 0.0.0.0:7077 for all networks, port 0 for any that is free' },
    { name: 'token-file', group: network, takes: 'one', default: '$COPPICE_TOKEN_FILE',
      describe: 'File with the secret that workers and clients must show; needed for other ' +
        'addresses than 127.0.0.1' },
    { name: 'tls-cert', group: network, takes: 'one',
      describe: 'Certificate (PEM), its own first: then the address is wss://' },
    { name: 'tls-key', group: network, takes: 'one', describe: 'Its private key (PEM)' },
    { name: 'journal', group: jobs, takes: 'one',
      describe: 'Folder for the journals of the jobs: started again on it, a coordinator goes ' +
        'on with what was not done' },
    { name: 'durability', group: jobs, takes: 'one', choices: ['background', 'strict'],
      default: 'background', describe: 'Whether each iteration waits until its record is on ' +
        'the disk; without, a power failure costs the last ones again, never the result' },
    { name: 'min-workers', group: jobs, takes: 'one', default: '1',
      describe: 'Workers (not those that leave) that must be there for a job to begin, also ' +
        'after a restart of the coordinator; once begun it goes on with whoever is left' },
    { name: 'start-timeout', group: jobs, takes: 'one', default: '600',
      describe: 'Seconds that a job waits for workers before it fails (a training can be ' +
        'resumed)' },
    { name: 'audit-every', group: jobs, takes: 'one', default: '50',
      describe: 'Iterations between two audits: another worker reads a partition anew and must ' +
        'arrive at the same scores; 0 for none' },
    { name: 'slow-ratio', group: jobs, takes: 'one', default: '2',
      describe: 'A worker that takes so many times as long as the median worker gives rows ' +
        'away; 0 for never' },
    { name: 'heartbeat', group: times, takes: 'one', default: '500',
      describe: 'Milliseconds between signs of life' },
    { name: 'lease', group: times, takes: 'one', default: '3000',
      describe: 'Milliseconds of silence after which a worker is given up' },
    { name: 'hang-warn', group: times, takes: 'one', default: '60',
      describe: 'Seconds after which a worker that lives, and does nothing it was asked for, is ' +
        'told of' },
    { name: 'hang-timeout', group: times, takes: 'one', default: '600',
      describe: 'Seconds after which such a worker is given up, if others were done' },
    logFormatFlag,
  ],
  examples: [
    ['$0 coordinator', 'For workers on this machine'],
    ['$0 coordinator --listen 0.0.0.0:7077 --token-file token --journal journal',
      'For workers on other machines; goes on with its jobs after a crash'],
    ['openssl rand -hex 32 > token && chmod 600 token', 'Makes a secret'],
  ],
  async run(values) {
    const options = readOptions(values)
    const log = openLog(values)
    const interrupt = new Interrupt((text) => log.note(text))
    try {
      const coordinator = await runCoordinator({ ...options, onNotice: (text) => log.note(text) })
      const { url } = coordinator
      log.line('listening', { url }, `listening at ${url}; workers join with: coppice worker ` +
        `--coordinator ${addressForOthers(url)}`)
      await aborted(interrupt.signal)
      await coordinator.close()
      return ExitCode.ok
    } finally {
      interrupt.release()
    }
  },
}

function readOptions(values: FlagValues): Parameters<typeof runCoordinator>[0] {
  const certFile = values.text('tls-cert')
  const keyFile = values.text('tls-key')
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError('--tls-cert and --tls-key go together; give both or none')
  }
  const listen = values.text('listen')
  if (listen !== undefined && !/^(\[[^\]]+\]|[^:]+):\d{1,5}$/.test(listen)) {
    throw new UsageError(`--listen must be host:port, such as 0.0.0.0:7077, got "${listen}"`)
  }
  const heartbeatMs = values.integer('heartbeat', 10)
  const leaseMs = values.integer('lease', 20)
  if ((leaseMs ?? 3000) < 2 * (heartbeatMs ?? 500)) {
    throw new UsageError(`--lease ${leaseMs ?? 3000} is less than twice --heartbeat ` +
      `${heartbeatMs ?? 500}: workers would be given up between two signs of life; make the ` +
      'lease longer, better six times the heartbeat')
  }
  const durability = values.choice('durability', ['background', 'strict'])
  const journalDir = values.text('journal')
  if (durability !== undefined && journalDir === undefined) {
    throw new UsageError('--durability does nothing without --journal DIR')
  }
  return {
    listen, heartbeatMs, leaseMs, durability, journalDir,
    tokenFile: flagOrEnv(values, 'token-file', 'COPPICE_TOKEN_FILE'),
    tls: certFile === undefined || keyFile === undefined ? null : { certFile, keyFile },
    minWorkers: values.integer('min-workers', 1),
    stallMs: milliseconds(values.integer('start-timeout', 1)),
    ...readVigilance(values),
  }
}

/** How closely workers are watched. */
function readVigilance(values: FlagValues): Parameters<typeof runCoordinator>[0] {
  const warn = values.integer('hang-warn', 1)
  const timeout = values.integer('hang-timeout', 1)
  if ((timeout ?? 600) < (warn ?? 60)) {
    throw new UsageError(`--hang-timeout ${timeout ?? 600} is less than --hang-warn ` +
      `${warn ?? 60}: a worker would be given up before it is told of; make the timeout longer`)
  }
  const slow = values.text('slow-ratio')
  const slowRatio = slow === undefined ? undefined : /^\d+(\.\d+)?$/.test(slow) ? Number(slow) : NaN
  if (slowRatio !== undefined && !(slowRatio === 0 || slowRatio > 1)) {
    throw new UsageError(`--slow-ratio must be a number above 1, or 0 for never, got "${slow}"`)
  }
  return {
    slowRatio, auditEvery: values.integer('audit-every', 0),
    hangWarnMs: milliseconds(warn), hangTimeoutMs: milliseconds(timeout),
  }
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

/** All networks of this machine are no address for another one. */
function addressForOthers(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\]):/, `//${hostname()}:`)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
