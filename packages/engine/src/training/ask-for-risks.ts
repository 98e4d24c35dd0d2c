import type { EngineRequest } from '../execution/protocol.js'
import type { EventTimes } from '../survival/event-times.js'
import { HAZARD_NUMBERS, HAZARDS_PER_TALLY } from '../survival/hazard-sums.js'
import { originOf, type RiskTables, riskTables } from '../survival/risk-tables.js'

/** Answers are the largest `scoreKey`, or sums of hazards. */
type Asking<Result> = Generator<EngineRequest, Result, number | Float64Array>

/**
 * The sums over risk sets at the scores as they are, from those who hold the rows, as requests for
 * gradients have them; nothing where the objective needs none.
 *
 * @param events - of the training rows
 */
export function* askForRisks(
  events: EventTimes | undefined,
): Asking<{ readonly risks?: RiskTables }> {
  if (events === undefined) return {}
  const origin = originOf((yield { kind: 'prepare', of: 'scores' }) as number)
  const nEvents = events.times.length
  const sums = new Float64Array(nEvents * HAZARD_NUMBERS)
  for (let first = 0; first < nEvents; first += HAZARDS_PER_TALLY) {
    const n = Math.min(HAZARDS_PER_TALLY, nEvents - first)
    const counts = yield { kind: 'tally', of: 'hazards', first, n, origin }
    sums.set(counts as Float64Array, first * HAZARD_NUMBERS)
  }
  return { risks: riskTables(events, sums, origin) }
}

