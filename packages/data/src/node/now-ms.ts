/** Milliseconds of a clock that only goes forward, from anywhere on. */
export function nowMs(): number {
  return performance.now()
}
