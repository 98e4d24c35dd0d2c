/** How closely a coordinator watches its workers. It decides how long a training takes, no byte. */
export interface Vigilance {
  /** Iterations between two audits, the first after the first iteration; 0: none. */
  readonly auditEvery: number
  /**
   * A worker that takes so many times as long as the median worker, iteration after iteration,
   * gives partitions away; 0: never.
   */
  readonly slowRatio: number
  /** A worker that beats, and does nothing it was asked for so long, is told of; again as often. */
  readonly hangWarnMs: number
  /** ... and for so long, while others were done, is given up. */
  readonly hangTimeoutMs: number
}

/** What a coordinator does unless it is told otherwise. */
export const defaultVigilance: Vigilance = {
  auditEvery: 50, slowRatio: 2, hangWarnMs: 60_000, hangTimeoutMs: 600_000,
}
