import { Booster, connect } from '@coppice/api'
import {
  connectionFlags, connectTimeoutFlag, coordinatorFlag, coordinatorUrl, patientConnectOptions,
} from '../cluster-flags.js'
import type { Command } from '../command.js'
import { ExitCode } from '../exit-codes.js'
import { Interrupt } from '../interrupt.js'
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
      describe: 'Its name, as coppice status shows it: one that runs or waits, or ended lately' },
    { name: 'model', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'File to write the model to' },
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
    const job = values.required('job')
    const path = values.required('model')
    await requireWritable(path)
    const reporter = openReporter(values, values.isOn('quiet'))
    const interrupt = new Interrupt((text) => reporter.note(text))
    try {
      const cluster = await connect(url, {
        ...patientConnectOptions(values),
        signal: interrupt.signal,
        onNotice: (text) => reporter.notice(text),
      })
      try {
        const booster = new Booster(await cluster.fetch(job, {
          signal: interrupt.signal,
          onLoading: (progress) => reporter.onLoad(progress),
          onEvent: (event) => reporter.onEvent(event),
          onNotice: (text) => reporter.notice(text),
        }))
        await booster.save(path)
        reporter.saved('model', path, booster.nTrees)
        return ExitCode.ok
      } finally {
        await cluster.close()
      }
    } finally {
      reporter.close()
      interrupt.release()
    }
  },
}
