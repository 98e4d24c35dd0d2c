import { log1p } from '@coppice/model'

/** Labels that an objective can be trained on, beyond being finite. */
export interface LabelRange {
  readonly isLegal: (label: number) => boolean
  /** In words, after "needs". */
  readonly legal: string
}

const notNegative: LabelRange = { isLegal: (y) => y >= 0, legal: 'labels of 0 or more' }
const share: LabelRange = { isLegal: (y) => y >= 0 && y <= 1, legal: 'labels from 0 to 1' }

const ranges: Readonly<Record<string, LabelRange>> = {
  poisson: notNegative,
  tweedie: notNegative,
  gamma: { isLegal: (y) => y > 0, legal: 'labels above 0' },
  cross_entropy: share,
  squared_log_error: { isLegal: (y) => y > -1, legal: 'labels above -1' },
  multi_label: { isLegal: (y) => y === 0 || y === 1, legal: 'labels of 0 or 1' },
  cross_entropy_lambda: share,
  cox: {
    isLegal: (y) => y !== 0,
    legal: 'a time above 0 for an event, and one below 0 where a row was last seen then (0 tells ' +
      'neither)',
  },
}

/** The range of an objective's labels, or null: any. @param objective - as in the model */
export function labelRange(objective: string): LabelRange | null {
  return ranges[objective] ?? null
}

/**
 * What statistics are of in place of a label: its signed square root with reg_sqrt, ln(1 + label)
 * with squared_log_error.
 */
export function trainedLabel(objective: string, label: number): number {
  if (objective === 'squared_log_error') return log1p(label)
  if (objective !== 'regression_sqrt') return label
  return label < 0 ? -Math.sqrt(-label) : Math.sqrt(label)
}
