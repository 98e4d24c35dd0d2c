/** What `coppice train` says while it works; all of it goes to stderr. */
import type { LoadProgress, MetricValue, TrainingEvent, TrainingTimes } from '@coppice/api'

/** Progress of reading one data set. */
export type LoadEvent = LoadProgress & { readonly dataset: string }

/** Milliseconds of the clock on the wall. */
export type RunTimes = TrainingTimes & { readonly saveMs: number }

export interface Reporter {
  onLoad(event: LoadEvent): void
  onEvent(event: TrainingEvent): void
  /** Something worth a line, such as a parameter without effect. */
  note(text: string): void
  /** The name under which a cluster has the training. */
  job(job: string, url: string): void
  /** What became of a worker. */
  notice(text: string): void
  /** A file that is written. */
  saved(what: 'model' | 'checkpoint', path: string, nTrees: number): void
  /** How long the parts of the run took. */
  took(times: RunTimes): void
  /** Clears what is drawn on the terminal. */
  close(): void
}

/** Says nothing. */
export const silentReporter: Reporter = {
  onLoad: () => undefined,
  onEvent: () => undefined,
  note: () => undefined,
  job: () => undefined,
  notice: () => undefined,
  saved: () => undefined,
  took: () => undefined,
  close: () => undefined,
}

/** `valid_0 auc 0.71, binary_logloss 0.43; valid_1 auc 0.69`. */
export function metricsText(metrics: readonly MetricValue[]): string {
  const datasets = [...new Set(metrics.map(({ dataset }) => dataset))]
  return datasets.map((name) => `${name} ${metrics.filter(({ dataset }) => dataset === name)
    .map(({ metric, value }) => `${metric} ${Number(value.toPrecision(6))}`).join(', ')}`)
    .join('; ')
}

/** How to get the model without this command. */
export function jobText(job: string, url: string): string {
  return `job ${job}: '${fetchCommand(job, url)}' gets its model, should this command be lost`
}

/** The command that gets the model of a job. */
export function fetchCommand(job: string, url: string): string {
  return `coppice fetch --cluster ${url} --job ${job.slice(0, 8)} --model FILE`
}

/** The line that opens a training. */
export function startText(event: Extract<TrainingEvent, { kind: 'started' }>): string {
  const { nRows, nFeatures, nIterations, firstIteration, nThreads } = event
  const threads = nThreads === 1 ? '1 thread' : `${nThreads} threads`
  const from = firstIteration === 0 ? '' : `, resumed after ${firstIteration}`
  return `training on ${nRows} rows x ${nFeatures} features with ${threads}: ` +
    `${nIterations} iterations${from}`
}

/** `took 4.31 s: reading 1.20, binning 0.85, training 2.21, saving 0.05`. */
export function tookText({ readMs, binMs, trainMs, saveMs }: RunTimes): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  return `took ${seconds(readMs + binMs + trainMs + saveMs)} s: reading ${seconds(readMs)}, ` +
    `binning ${seconds(binMs)}, training ${seconds(trainMs)}, saving ${seconds(saveMs)}`
}

/** The line that closes a training; null where nothing is to be said. */
export function stopText(event: Extract<TrainingEvent, { kind: 'stopped' }>): string | null {
  const { reason, nIterations, bestIteration } = event
  const best = bestIteration === null ? '' : `; iteration ${bestIteration} is the best`
  switch (reason) {
    case 'completed': return bestIteration === null ? null : `done${best}`
    case 'early-stopping': return `stopped early after ${nIterations} iterations${best}`
    case 'no-split':
      return `stopped after ${nIterations} iterations: no leaf can be split any more${best}`
    case 'callback':
    case 'aborted': return `stopped after ${nIterations} iterations${best}`
  }
}
