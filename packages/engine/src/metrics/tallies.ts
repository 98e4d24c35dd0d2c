import { sigmoid, type Objective } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import { ExactSum } from '../numeric/exact-sum.js'

/** A metric that is a function of a few sums over the rows. */
interface Tally {
  readonly nSums: number
  /** What a row adds to the sums; weights are multiplied by whoever asks, but for `ownWeight`. */
  readonly add: (put: Put, row: TallyRow) => void
  readonly finish: (sums: readonly number[]) => number
}

/** Adds weight x value to a sum. */
type Put = (sum: number, value: number) => void

interface TallyRow {
  /** A prediction as `predict` gives it; of two classes the probability of the second. */
  readonly prediction: number
  readonly isPositive: boolean
  /** The row's class has the highest score; the first of equal ones. */
  readonly isRight: boolean
  readonly label: number
}

/** Bins of the expected calibration error. */
const CALIBRATION_BINS = 15

/** Where a quotient is 0 / 0, as scikit-learn's default. */
const ratio = (a: number, b: number): number => b === 0 ? 0 : a / b

/** Of confusion counts: [true positives, false positives, false negatives, true negatives]. */
function ofCounts(finish: (tp: number, fp: number, fn: number, tn: number) => number): Tally {
  return {
    nSums: 4,
    add: (put, { isPositive, prediction }) => {
      const isCalled = prediction > 0.5
      put(isPositive ? (isCalled ? 0 : 2) : (isCalled ? 1 : 3), 1)
    },
    finish: ([tp, fp, fn, tn]) => finish(tp!, fp!, fn!, tn!),
  }
}

/** The coefficient of Matthews; 0 where it is not defined. */
function matthews(tp: number, fp: number, fn: number, tn: number): number {
  const scale = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn)
  return ratio(tp * tn - fp * fn, scale)
}

const tallies: Readonly<Record<string, Tally>> = {
  accuracy: {
    nSums: 2,
    add: (put, { isRight }) => {
      if (isRight) put(0, 1)
      put(1, 1)
    },
    finish: ([right, all]) => ratio(right!, all!),
  },
  balanced_accuracy: ofCounts((tp, fp, fn, tn) => {
    const classes = [[tp, tp + fn], [tn, tn + fp]].filter(([, all]) => all! > 0)
    return classes.reduce((sum, [right, all]) => sum + right! / all!, 0) / classes.length
  }),
  precision: ofCounts((tp, fp) => ratio(tp, tp + fp)),
  recall: ofCounts((tp, _fp, fn) => ratio(tp, tp + fn)),
  f1: ofCounts((tp, fp, fn) => ratio(2 * tp, 2 * tp + fp + fn)),
  mcc: ofCounts(matthews),
  expected_calibration_error: {
    nSums: 2 * CALIBRATION_BINS + 1,
    add: (put, { prediction, isPositive }) => {
      const bin = Math.min(CALIBRATION_BINS - 1, Math.floor(prediction * CALIBRATION_BINS))
      put(2 * bin, prediction)
      if (isPositive) put(2 * bin + 1, 1)
      put(2 * CALIBRATION_BINS, 1)
    },
    finish: (sums) => {
      let total = 0
      for (let bin = 0; bin < CALIBRATION_BINS; bin++) {
        total += Math.abs(sums[2 * bin]! - sums[2 * bin + 1]!)
      }
      return total / sums.at(-1)!
    },
  },
  r2: {
    nSums: 4,
    add: (put, { prediction, label }) => {
      put(0, 1)
      put(1, label)
      put(2, label * label)
      put(3, (label - prediction) * (label - prediction))
    },
    finish: ([weight, sum, squares, errors]) => {
      const deviations = squares! - sum! * (sum! / weight!)
      return deviations > 0 ? 1 - errors! / deviations : errors === 0 ? 1 : 0
    },
  },
}

/** Whether a metric is a function of several sums. */
export function isTally(metric: string): boolean {
  return Object.hasOwn(tallies, metric)
}

/** One engine's sums, one state of an ExactSum after the other. */
export function tallyPart(
  metric: string, objective: Objective, predict: (score: number) => number,
  scores: readonly Float64Array[], labels: Float64Array, weights: Float64Array | null,
): number[] {
  const { nSums, add } = tallies[metric]!
  const sums = Array.from({ length: nSums }, () => new ExactSum())
  const isClassifier = isOfClasses(objective)
  let weight = 1
  const put: Put = (sum, value) => sums[sum]!.add(value * weight)
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!
    weight = weights === null ? 1 : weights[row]!
    const prediction = predict(scores[0]![row]!)
    const isPositive = label > 0.5
    const isRight = isClassifier && (scores.length > 1 ? bestOutput(scores, row) === label
      : prediction > 0.5 === isPositive)
    add(put, { prediction, isPositive, isRight, label })
  }
  return sums.flatMap((sum) => sum.parts())
}

function isOfClasses({ name }: Objective): boolean {
  return ['binary', 'focal', 'hinge', 'multiclass', 'multiclassova'].includes(name)
}

function bestOutput(scores: readonly Float64Array[], row: number): number {
  let best = 0
  for (let k = 1; k < scores.length; k++) if (scores[k]![row]! > scores[best]![row]!) best = k
  return best
}

/** The metric's value from the parts of all engines. */
export function finishTally(metric: string, parts: readonly (readonly number[])[]): number {
  const { nSums, finish } = tallies[metric]!
  const length = new ExactSum().parts().length
  const sums = Array.from({ length: nSums }, () => new ExactSum())
  for (const part of parts) {
    if (part.length !== nSums * length) {
      throw new CoppiceError('INTERNAL',
        `internal error: a part of metric "${metric}" has ${part.length} numbers, ` +
        `${nSums * length} are due`)
    }
    sums.forEach((sum, s) => sum.merge(part.slice(s * length, (s + 1) * length)))
  }
  return finish(sums.map((sum) => sum.value()))
}

/** The probability of the second class as classes are told: of hinge 0 or 1. */
export function positiveProbability(objective: Objective): ((score: number) => number) | null {
  switch (objective.name) {
    case 'binary': return (score) => sigmoid(objective.sigmoid * score)
    case 'focal': return sigmoid
    case 'hinge': return (score) => score > 0 ? 1 : 0
    default: return null
  }
}
