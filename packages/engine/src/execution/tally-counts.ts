import { HAZARD_NUMBERS, HAZARDS_PER_TALLY } from '../survival/hazard-sums.js'
import { TALLY_COUNTS, type TallyRequest } from './tally-request.js'

/** How many numbers answer a tally. */
export function tallyCounts(request: TallyRequest): number {
  return request.of === 'hazards' ? request.n * HAZARD_NUMBERS : TALLY_COUNTS
}

/** Of any. */
export const TALLY_COUNTS_MAX = HAZARDS_PER_TALLY * HAZARD_NUMBERS
