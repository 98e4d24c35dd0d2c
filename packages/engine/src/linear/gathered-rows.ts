/**
 * How rows are laid out for the kernel `linearMoments`: gradient, hessian, the k values of the
 * leaf's features, scaled, and 1; all of them doubles, and one more where that makes them even.
 */

/** Rows that are gathered before they are summed: with ten features a third of the L1 cache. */
export const ROWS_AT_ONCE = 128

/** Values of k features and the 1 behind them, made even. */
export function gatheredWidth(k: number): number {
  return (k + 2) & ~1
}

/** 1.5 * 2^52: added to a number times a power of two, it leaves whole multiples of that. */
export const ROUNDING = 6_755_399_441_055_744
