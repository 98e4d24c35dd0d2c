import type { DatasetOptions, LoadProgress } from './options.js'

/** Tells the caller how many tasks of a phase are done. */
export function report(
  { onProgress }: DatasetOptions,
  phase: LoadProgress['phase'],
  total: number,
): (done: number) => void {
  return (done) => onProgress?.({ phase, done, total })
}
