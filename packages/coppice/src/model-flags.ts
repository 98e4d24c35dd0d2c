import type { IterationRange } from '@coppice/api'
import type { Flag } from './command.js'
import { UsageError } from './exit-codes.js'
import type { FlagValues } from './flag-values.js'

/** Which iterations of a model to use. */
export const iterationsFlag: Flag = {
  name: 'iterations', group: 'Model', takes: 'one', default: 'up to the best',
  describe: 'Iterations to use: N for the first N, or START:END, counted from 0, END excluded',
}

/** @throws UsageError where the flag is no range */
export function readIterations(values: FlagValues): IterationRange | undefined {
  const text = values.text('iterations')
  if (text === undefined) return undefined
  const match = /^(?:(\d+):)?(\d+)$/.exec(text)
  if (match !== null) return [Number(match[1] ?? 0), Number(match[2])]
  throw new UsageError(`--iterations must be N or START:END, got "${text}"`)
}
