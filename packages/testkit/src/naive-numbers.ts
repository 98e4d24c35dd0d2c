/** Nearest whole number, ties to even. */
export function nearestEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1
  return below % 2 === 0 ? below : below + 1
}

/** The smallest power of two that is not below x > 0. */
export function powerAbove(x: number): number {
  let power = 1
  while (power < x) power *= 2
  while (power / 2 >= x) power /= 2
  return power
}
