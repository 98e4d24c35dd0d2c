import { CoppiceError } from '@coppice/model'
import type { MakeReducer } from '../coordinator/events.js'
import { defaultVigilance } from '../coordinator/vigilance.js'
import type { TlsFiles } from '../transport/index.js'
import type { JournalDisk } from './journal-disk.js'

/** What a coordinator is started with. */
export interface CoordinatorProcessOptions {
  /** 'host:port'; 127.0.0.1:7077 unless given, port 0 for any that is free. */
  readonly listen?: string | undefined
  /** File with the secret that workers and clients show. */
  readonly tokenFile?: string | null | undefined
  /** The secret itself, instead of a file. */
  readonly token?: string | null | undefined
  readonly tls?: TlsFiles | null | undefined
  /** Folder of the jobs' journals; null for none: jobs end with the coordinator. */
  readonly journalDir?: string | null | undefined
  /** Folder of uploaded data; without it, within the journals' folder or a temporary one. */
  readonly spoolDir?: string | null | undefined
  /** A job begins when so many workers are there, and goes on with whoever is left; default 1. */
  readonly minWorkers?: number | undefined
  readonly heartbeatMs?: number | undefined
  readonly leaseMs?: number | undefined
  /** How long a worker whose connection broke may take to come back; default 300. */
  readonly graceMs?: number | undefined
  /**
   * Work begins when no worker came for so long; default 1000. When all were lost, those who had
   * rows have 5.5 s from when the first is back; 0: nobody is waited for.
   */
  readonly lastCallMs?: number | undefined
  /** A job fails when it could not go on for so long for want of workers; default 10 minutes. */
  readonly stallMs?: number | undefined
  /** How long a training waits for a client that has to answer and is gone; default 10 minutes. */
  readonly clientGraceMs?: number | undefined
  /**
   * Iterations between two audits, in which another worker reads a partition anew and must arrive
   * at the same scores; 0: none. Default 50.
   */
  readonly auditEvery?: number | undefined
  /**
   * A worker that takes so many times as long as the median worker gives partitions away; above
   * 1, or 0: never. Default 2.
   */
  readonly slowRatio?: number | undefined
  /** A worker that is alive and does nothing it was asked for so long is told of; default 60 s. */
  readonly hangWarnMs?: number | undefined
  /** ... and for so long, while others were done, is given up; default 10 minutes. */
  readonly hangTimeoutMs?: number | undefined
  /**
   * 'background': the next iteration begins when a record is written; 'strict': when it is on the
   * disk. What a power failure takes is trained again, to the same bytes.
   */
  readonly durability?: 'background' | 'strict' | undefined
  /** Hears a line for people: who came, who was lost, what was refused. */
  readonly onNotice?: ((line: string) => void) | undefined
  /** For tests. */
  readonly internal?: CoordinatorInternals | undefined
}

/** What tests replace. */
export interface CoordinatorInternals {
  readonly disk?: JournalDisk
  readonly makeReducer?: MakeReducer
}

/** Options with their defaults. */
export type SettledOptions = {
  readonly [K in 'minWorkers' | 'heartbeatMs' | 'leaseMs' | 'graceMs' | 'lastCallMs' | 'stallMs'
  | 'clientGraceMs' | 'auditEvery' | 'slowRatio' | 'hangWarnMs' | 'hangTimeoutMs']: number
}

const defaults: SettledOptions = {
  minWorkers: 1, heartbeatMs: 500, leaseMs: 3000, graceMs: 300, lastCallMs: 1000,
  stallMs: 600_000, clientGraceMs: 600_000, ...defaultVigilance,
}

interface Rule {
  readonly isLegal: (value: number) => boolean
  readonly what: string
}

const rules: { readonly [K in keyof SettledOptions]: Rule } = {
  minWorkers: integerFrom(1), heartbeatMs: integerFrom(1), leaseMs: integerFrom(1),
  graceMs: timeFrom(0), lastCallMs: timeFrom(0), stallMs: timeFrom(0), clientGraceMs: timeFrom(0),
  auditEvery: integerFrom(0), hangWarnMs: integerFrom(1), hangTimeoutMs: integerFrom(1),
  slowRatio: {
    isLegal: (value) => value === 0 || (value > 1 && value < Infinity),
    what: 'a number above 1, or 0 for never',
  },
}

/** @throws CoppiceError 'PARAMETER' for numbers that make no sense */
export function settleOptions(options: Partial<WithUndefined<SettledOptions>>): SettledOptions {
  const settled = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof SettledOptions)[]) {
    const value = options[name]
    if (value === undefined) continue
    const { isLegal, what } = rules[name]
    if (typeof value !== 'number' || !isLegal(value)) {
      throw new CoppiceError('PARAMETER', `${name} must be ${what}, got ${value}`)
    }
    settled[name] = value
  }
  const { leaseMs, heartbeatMs, hangWarnMs, hangTimeoutMs } = settled
  if (leaseMs < 2 * heartbeatMs) {
    throw new CoppiceError('PARAMETER', `leaseMs is ${leaseMs} and heartbeatMs ${heartbeatMs}: ` +
      'a worker would be given up between two signs of life; make the lease at least twice as ' +
      'long, better six times')
  }
  if (hangTimeoutMs < hangWarnMs) {
    throw new CoppiceError('PARAMETER', `hangTimeoutMs is ${hangTimeoutMs} and hangWarnMs ` +
      `${hangWarnMs}: a worker would be given up before it is told of; make hangTimeoutMs longer`)
  }
  return settled
}

type WithUndefined<T> = { readonly [K in keyof T]: T[K] | undefined }

function integerFrom(least: number): Rule {
  return {
    isLegal: (value) => Number.isSafeInteger(value) && value >= least,
    what: `an integer from ${least} on`,
  }
}

/** Infinity: for ever. */
function timeFrom(least: number): Rule {
  const { isLegal, what } = integerFrom(least)
  return { isLegal: (value) => value === Infinity || isLegal(value), what }
}

/** @throws CoppiceError 'PARAMETER' for what is no 'host:port' */
export function parseListen(listen: string): { readonly host: string, readonly port: number } {
  const [, host, digits] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(listen) ?? []
  const port = Number(digits)
  if (host === undefined || port > 65_535) {
    throw new CoppiceError('PARAMETER', `cannot listen on "${listen}": write host:port, such as ` +
      '127.0.0.1:7077, 0.0.0.0:7077 or [::]:7077; port 0 takes any that is free')
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port }
}
