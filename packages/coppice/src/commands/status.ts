import { type ClusterStatus, connect, type EndedJob, type WorkerStatus } from '@coppice/api'
import { connectionFlags, connectOptions, coordinatorFlag, coordinatorUrl }
  from '../cluster-flags.js'
import type { Command } from '../command.js'
import { ExitCode } from '../exit-codes.js'
import { print } from '../output.js'
import { tableText } from '../table.js'

/** What a cluster is doing. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'Show what a cluster is doing: its job, its workers, who is slow',
  flags: [
    coordinatorFlag,
    ...connectionFlags,
    { name: 'json', group: 'Output', takes: 'switch', describe: 'One JSON object' },
  ],
  examples: [
    ['$0 status --cluster ws://10.0.0.5:7077 --token-file token', 'A table of the workers'],
    ["$0 status --json | jq '.workers[] | select(.phase == \"lost\")'", 'For programs'],
  ],
  async run(values) {
    const url = coordinatorUrl(values)
    const cluster = await connect(url, connectOptions(values, url))
    try {
      const status = await cluster.status()
      await print(values.isOn('json') ? `${JSON.stringify(status, null, 2)}\n`
        : statusText(status))
      return ExitCode.ok
    } finally {
      await cluster.close()
    }
  },
}

/** Notices shown below the table. */
const nNoticesShown = 8
/** Jobs that ended, shown below the one that runs. */
const nEndedShown = 4

/** The status for people. */
export function statusText(status: ClusterStatus): string {
  const { url, workers, notices, ended } = status
  const lines = [
    ['coordinator', url],
    ['job', jobText(status)],
    ...ended.slice(-nEndedShown).reverse().map((job, i) =>
      [i === 0 ? 'ended' : '', endedText(job)]),
    ['workers', workersText(status)],
    ['partitions', partitionsText(status)],
    ...(status.nRounds === 0 ? [] : [['traffic', trafficText(status)]]),
    ...(status.slowest === null ? [] : [['slowest', `${status.slowest.name}, waited for in ` +
      `${Math.round(100 * status.slowest.lastRatio)} % of the rounds`]]),
  ].map(([name, text]) => `${name!.padEnd(11)}  ${text!}\n`)
  const table = workers.length === 0 ? '' : `\n${tableText(
    ['worker', 'phase', 'threads', 'partitions', 'iteration', 'memory', 'heard', 'in', 'out'],
    workers.map(workerCells), [2, 3, 4, 5, 6, 7, 8])}`
  const last = notices.slice(-nNoticesShown).map(({ time, text }) => `${time}  ${text}\n`)
  return lines.join('') + table + (last.length === 0 ? '' : `\n${last.join('')}`)
}

function jobText({ job, phase, iteration, nIterations, rows, queue }: ClusterStatus): string {
  const waiting = queue.length === 0 ? '' : `; ${queue.length} waiting`
  if (job === null) return `none${waiting}`
  const at = nIterations > 0 ? `, iteration ${iteration} of ${nIterations}`
    : rows !== null && rows.nAll > 0 ? `, row ${rows.nDone} of ${rows.nAll}` : ''
  return `${job}: ${phase}${at}${waiting}`
}

function endedText({ job, kind, state, text, endedAt }: EndedJob): string {
  const end = state === 'failed' ? `failed: ${text}`
    : state === 'left' ? `may go on: ${text}`
      : kind !== 'training' ? text
        : text === 'aborted' ? 'aborted; the trees until then, if any, can be fetched'
          : `${text}, its model can be fetched`
  return `${job}: ${end} (${endedAt})`
}

function workersText({ workers, minWorkers, phase }: ClusterStatus): string {
  const nThreads = workers.reduce((sum, worker) => sum + worker.nThreads, 0)
  const missing = minWorkers - workers.length
  return `${workers.length} with ${nThreads} ${nThreads === 1 ? 'thread' : 'threads'}` +
    // once begun, a job goes on with whoever is left
    (missing > 0 && (phase === 'idle' || phase === 'waiting')
      ? `; ${missing} more are needed before a training begins` : '')
}

function partitionsText({ nPartitions, orphans }: ClusterStatus): string {
  if (orphans.length === 0) return String(nPartitions)
  const shown = orphans.slice(0, 3).join(', ') + (orphans.length > 3 ? ', ...' : '')
  return `${nPartitions}, of which ${orphans.length} have no holder: ${shown}`
}

function trafficText(status: ClusterStatus): string {
  const { bytesPerTree, nRounds, nAnswersDropped, nAuditsPassed } = status
  return `${sizeText(bytesPerTree)} per tree, ${nRounds} ${nRounds === 1 ? 'round' : 'rounds'}, ` +
    `${nAnswersDropped} ${nAnswersDropped === 1 ? 'answer' : 'answers'} ` +
    `dropped, ${nAuditsPassed} ${nAuditsPassed === 1 ? 'audit' : 'audits'} passed`
}

function workerCells(worker: WorkerStatus): string[] {
  const { name, phase, nThreads, nPartitions, iteration, rssBytes, lastHeardMs } = worker
  return [name, phase, String(nThreads), String(nPartitions), String(iteration),
    sizeText(rssBytes), `${(lastHeardMs / 1000).toFixed(1)} s`, sizeText(worker.bytesIn),
    sizeText(worker.bytesOut)]
}

/** `734 B`, `12.3 MB`. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]!}`
}
