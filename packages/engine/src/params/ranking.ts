import type { ParameterValues } from './table.js'

/** Labels of rankings, far more than anybody grades by. */
const GAINS_MAX = 65_536

/** What of the parameters of rankings cannot be. */
export function rankingContradiction(values: ParameterValues): string | null {
  const { labelGain } = values
  if (labelGain.length > GAINS_MAX) {
    return `label_gain has ${labelGain.length} gains; at most ${GAINS_MAX} can be used`
  }
  const at = labelGain.findIndex((gain, label) => label > 0 && gain < labelGain[label - 1]!)
  return at < 0 ? null
    : `label_gain has ${labelGain[at]} for label ${at} after ${labelGain[at - 1]}; gains must ` +
      'not descend: a larger label is a better row'
}
