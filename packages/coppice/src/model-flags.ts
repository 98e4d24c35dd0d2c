import { findParameter, type GivenEarlyStop, type IterationRange } from '@coppice/api'
import { parseValue } from '@coppice/api/command'
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

/** When the later trees of a row are left out. */
export const earlyStopFlags: readonly Flag[] = [
  { name: 'pred_early_stop', group: 'Model', takes: 'truth', default: 'false',
    describe: "Leave out a row's later trees once its scores are decided (classes and rankings)" },
  { name: 'pred_early_stop_freq', group: 'Model', takes: 'one', default: '10',
    describe: 'Iterations between two looks at the scores' },
  { name: 'pred_early_stop_margin', group: 'Model', takes: 'one', default: '10',
    describe: 'What 2 x |score|, or the distance of the two largest scores, has to exceed' },
]

/** @throws CoppiceError 'PARAMETER' for values of another form; UsageError for flags of no use */
export function readEarlyStop(values: FlagValues): GivenEarlyStop | undefined {
  const [is, freq, margin] = earlyStopFlags.map(({ name }) => {
    const text = values.written(name)
    return text === undefined ? undefined : parseValue(findParameter(name)!, name, text)
  }) as [boolean | undefined, number | undefined, number | undefined]
  if (is === true) return { freq, margin }
  if (freq === undefined && margin === undefined) return undefined
  const name = freq === undefined ? 'pred_early_stop_margin' : 'pred_early_stop_freq'
  throw new UsageError(`--${name} does nothing without --pred_early_stop; add it, or leave out ` +
    `--${name}`)
}
