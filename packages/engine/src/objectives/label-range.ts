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
  cross_entropy_lambda: share,
}

/** The range of an objective's labels, or null: any. @param objective - as in the model */
export function labelRange(objective: string): LabelRange | null {
  return ranges[objective] ?? null
}

/** What an objective is trained on in place of a label: its signed square root with reg_sqrt. */
export function trainedLabel(objective: string, label: number): number {
  if (objective !== 'regression_sqrt') return label
  return label < 0 ? -Math.sqrt(-label) : Math.sqrt(label)
}
