import type { ScanParams } from '../execution/protocol.js'
import { scheduledValues, scheduleLength, scheduleOf } from '../params/schedule.js'
import type { ResolvedParams } from '../params/index.js'
import type { PlannedSchedule, TrainingPlan } from './plan.js'
import { rowSampling } from './row-sampling.js'

/** What may be another in each iteration. */
export type IterationSettings =
  Pick<TrainingPlan, 'growth' | 'output' | 'sampling' | 'rowSampling'> & {
    /** Where scans are not those of the engines' setup. */
    readonly scan?: ScanParams
  }

/** The settings of an iteration: those of the plan, where no schedule says otherwise. */
export function settingsOf(plan: TrainingPlan, iteration: number): IterationSettings {
  const { schedule } = plan
  if (schedule === null) return plan
  const values = scheduledValues(schedule.values, iteration)
  const scan = { ...plan.engine.scan, ...pick(values, plan.engine.scan) }
  return {
    growth: { ...plan.growth, ...pick(values, plan.growth) },
    output: { ...plan.output, ...pick(values, plan.output) },
    sampling: { ...plan.sampling, ...pick(values, plan.sampling) },
    rowSampling: rowSampling({ ...schedule.rows, ...pick(values, schedule.rows) }, schedule.nRows),
    scan,
  }
}

/** The learning rate of an iteration: by the schedule, as far as it goes. */
export function learningRateOf(plan: TrainingPlan, iteration: number): number {
  return plan.forest === null ? plan.learningRates[iteration] ?? plan.learningRate : 1
}

/** Those of the values that the settings have. */
function pick<T extends object>(values: object, settings: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => Object.hasOwn(settings, name))) as Partial<T>
}

/** The schedule of a training without its learning rates; null where nothing else changes. */
export function planSchedule(params: ResolvedParams, nRows: number): PlannedSchedule | null {
  const { learningRate: _rates, ...values } = scheduleOf(params) ?? {}
  if (Object.keys(values).length === 0) return null
  const {
    dataSampleStrategy, learningRate, baggingFraction, posBaggingFraction, negBaggingFraction,
    baggingFreq, baggingSeed, baggingByQuery, topRate, otherRate,
  } = params
  return { values, nRows, rows: {
    dataSampleStrategy, learningRate, baggingFraction, posBaggingFraction, negBaggingFraction,
    baggingFreq, baggingSeed, baggingByQuery, topRate, otherRate,
  } }
}

/** Whether rows are drawn in any iteration. */
export function drawsRows(params: ResolvedParams, nRows: number): boolean {
  const { values = {} } = planSchedule(params, nRows) ?? {}
  return rowSampling(params, nRows).kind !== 'none' ||
    Array.from({ length: scheduleLength(values) }, (_, i) => scheduledValues(values, i))
      .some((own) => rowSampling({ ...params, ...own }, nRows).kind !== 'none')
}
