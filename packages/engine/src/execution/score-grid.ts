import type { EngineSetup } from './protocol.js'

/** The grid of an output's scores: they are whole multiples of it. */
export function quantumOf(
  { initScoreQuantum, quanta }: Pick<EngineSetup, 'initScoreQuantum' | 'quanta'>, output: number,
): number {
  return quanta?.[output] ?? initScoreQuantum
}
