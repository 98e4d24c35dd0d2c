import type { Flag } from './command.js'
import type { FlagValues } from './flag-values.js'

/** How processes that run for long tell what happens. */
export const logFormatFlag: Flag = {
  name: 'log-format', group: 'Output', takes: 'one', choices: ['text', 'json'], default: 'text',
  describe: 'What happens (on stderr) as text, or as a JSON object per line',
}

/** The log of a process that runs for long, on stderr. */
export interface Log {
  /** A line for people, or an event with its fields. */
  line(event: string, fields: object, text: string): void
  note(text: string): void
}

/** The log that --log-format asks for. Every line has its time. */
export function openLog(values: FlagValues): Log {
  const isJson = values.choice('log-format', ['text', 'json']) === 'json'
  const line = (event: string, fields: object, text: string): void => {
    const time = new Date().toISOString()
    process.stderr.write(isJson ? `${JSON.stringify({ time, event, ...fields })}\n`
      : `${time} ${text}\n`)
  }
  return { line, note: (text) => line('notice', { text }, text) }
}
