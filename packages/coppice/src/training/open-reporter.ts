import type { FlagValues } from '../flag-values.js'
import { BarReporter } from './bar-reporter.js'
import { JsonReporter } from './json-reporter.js'
import { LineReporter } from './line-reporter.js'
import { type Reporter, silentReporter } from './reporter.js'

/** What tells of a training, as --log-format and the terminal want it. */
export function openReporter(values: FlagValues, isQuiet: boolean): Reporter {
  const format = values.choice('log-format', ['text', 'json'])
  if (isQuiet) return silentReporter
  const write = (text: string): void => void process.stderr.write(text)
  if (format === 'json') return new JsonReporter(write)
  return process.stderr.isTTY ? new BarReporter(process.stderr) : new LineReporter(write)
}
