import type { Flag } from './command.js'
import type { FlagValues } from './flag-values.js'

/** How processes that run for long tell what happens. */
export const logFormatFlag: Flag = {
  name: 'log-format', group: 'Output', takes: 'one', choices: ['text', 'json'], default: 'text',
  describe: 'What happens (on stderr) as text, or as a JSON object per line',
}

/** The log of a process that runs for long, on stderr. */
export interface Log {
  /** An event with its fields; a line for people where there is a text for it. */
  line(event: string, fields: object, text: string | null): void
  note(text: string): void
}

/** The log that --log-format asks for. Every line has its time. */
export function openLog(values: FlagValues): Log {
  const isJson = values.choice('log-format', ['text', 'json']) === 'json'
  const line = (event: string, fields: object, text: string | null): void => {
    const time = new Date().toISOString()
    if (isJson) process.stderr.write(`${JSON.stringify({ time, event, ...fields })}\n`)
    else if (text !== null) process.stderr.write(`${time} ${text}\n`)
  }
  const note = (text: string): void => {
    // What the system says may have several lines.
    const inOneLine = text.replaceAll(/\s*\n\s*/g, ' ').trim()
    line('notice', { text: inOneLine }, inOneLine)
  }
  return { line, note }
}
