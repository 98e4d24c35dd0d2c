import { Booster, type Cluster, connect, CoppiceError, type TrainingEvent } from '@coppice/api'
import {
  connectionFlags, connectTimeoutFlag, coordinatorFlag, coordinatorUrl, patientConnectOptions,
} from '../cluster-flags.js'
import type { Command } from '../command.js'
import { endedBy, ExitCode, UsageError } from '../exit-codes.js'
import { Interrupt } from '../interrupt.js'
import { readModelFormat, writeModel } from '../model-format.js'
import type { FlagValues } from '../flag-values.js'
import { openReporter } from '../training/open-reporter.js'
import { requireWritable } from '../writable.js'

/** The model of a training whose client is gone. */
export const fetchCommand: Command = {
  name: 'fetch',
  summary: 'Write the model of a job on a cluster to a file; waits until it is trained',
  flags: [
    coordinatorFlag,
    ...connectionFlags,
    connectTimeoutFlag,
    { name: 'job', group: 'Job', takes: 'one', isRequired: true,
      describe: 'Its name, or the beginning of it (4 letters or more), as coppice status shows ' +
        'it: one that runs or waits, or ended lately' },
    { name: 'model', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'File to write the model to: for LightGBM where it ends in .txt, else JSON' },
    { name: 'log-format', group: 'Output', takes: 'one', choices: ['text', 'json'],
      default: 'text', describe: 'Progress (on stderr) as text, or as a JSON object per line' },
    { name: 'quiet', group: 'Output', takes: 'switch', short: 'q',
      describe: 'Say nothing but errors' },
  ],
  examples: [
    ['$0 status --cluster ws://10.0.0.5:7077', 'Names the jobs that there are'],
    ['$0 fetch --cluster ws://10.0.0.5:7077 --job 4f1c... --model m.json',
      'The model of a training whose coppice train was ended'],
  ],
  async run(values) {
    const url = coordinatorUrl(values)
    const given = values.required('job')
    const path = values.required('model')
    const format = readModelFormat(values, path, false)
    await requireWritable(path)
    const reporter = openReporter(values, values.isOn('quiet'))
    const interrupt = new Interrupt((text) => reporter.note(text))
    try {
      const cluster = await connect(url, {
        ...patientConnectOptions(values, url),
        signal: interrupt.signal,
        onNotice: (text) => reporter.notice(text),
      })
      try {
        const job = await wholeName(cluster, given)
        let end: StoppedEvent | null = null
        const booster = new Booster(await cluster.fetch(job, {
          signal: interrupt.signal,
          onLoading: (progress) => reporter.onLoad(progress),
          onEvent: (event) => {
            if (event.kind === 'stopped') end = event
            reporter.onEvent(event)
          },
          onNotice: (text) => reporter.notice(text),
        }))
        warnOfAbort(job, end, values)
        await writeModel(booster, path, { format, layout: null })
        reporter.saved('model', path, booster.nTrees)
        return ExitCode.ok
      } catch (error) {
        throw endedBy(error, interrupt.signal)
      } finally {
        await cluster.close()
      }
    } finally {
      reporter.close()
      interrupt.release()
    }
  },
}

type StoppedEvent = Extract<TrainingEvent, { kind: 'stopped' }>

/** Fewer letters are more often meant for another job. */
const lettersMin = 4

/**
 * The job that a beginning of its name means; a name that is not known is left to the coordinator,
 * which also keeps jobs that its status no longer shows.
 *
 * @throws UsageError for one that is too short, or means several
 */
export async function wholeName(
  cluster: Pick<Cluster, 'status'>, given: string,
): Promise<string> {
  const { job, queue, ended } = await cluster.status()
  const names = new Set([...(job === null ? [] : [job]), ...queue, ...ended.map((end) => end.job)])
  if (names.has(given)) return given
  const [found, ...others] = [...names].filter((name) => name.startsWith(given))
  if (found === undefined) return given
  if (others.length > 0) {
    throw new UsageError(`--job ${given} may be ${[found, ...others].join(' or ')}; write more ` +
      'of its name')
  }
  if (given.length >= lettersMin) return found
  throw new UsageError(`--job ${given} is too short; write ${lettersMin} letters ` +
    `or more of ${found}`)
}

/**
 * Nobody should take the trees of an interrupted training for the model that was ordered.
 * @throws CoppiceError 'MODEL' where there is no tree
 */
export function warnOfAbort(
  job: string, end: StoppedEvent | null, values: FlagValues,
): void {
  if (end?.reason !== 'aborted') return
  const { nIterations } = end
  if (nIterations === 0) {
    throw new CoppiceError('MODEL', `the training of job ${job} was aborted before its first ` +
      'iteration: there is no model to save; train again')
  }
  const text = `warning: the training was aborted after ${nIterations} iterations; the model ` +
    'has the trees until then'
  process.stderr.write(values.text('log-format') === 'json'
    ? `${JSON.stringify({ event: 'warning', text })}\n` : `${text}\n`)
}
