import type { ParameterValues } from './table.js'

/** What of the parameters of rankings cannot be. */
export function rankingContradiction(values: ParameterValues): string | null {
  const { labelGain } = values
  const at = labelGain.findIndex((gain, label) => label > 0 && gain < labelGain[label - 1]!)
  return at < 0 ? null
    : `label_gain has ${labelGain[at]} for label ${at} after ${labelGain[at - 1]}, but gains must ` +
      'not descend: a larger label is a better row'
}
