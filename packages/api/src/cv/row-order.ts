import { Purpose, rowDraw, startHash } from '@coppice/engine'

/** How rows are shuffled; null: not at all. */
export type ShuffleSeed = number | null

/**
 * Items 0 .. n - 1 in the order of their draws, equal draws in their own; without a seed as they
 * are. An item's draw depends on the seed, what it is for and the item's number alone.
 */
export function drawOrder(
  n: number, seed: ShuffleSeed, purpose: Purpose = Purpose.folds,
): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, item) => item)
  if (seed === null) return order
  const start = startHash(seed, purpose)
  const draws = Uint32Array.from(order, (item) => rowDraw(start, item))
  return sortByDigit(sortByDigit(order, draws, 0), draws, 16)
}

/** Sorts by 16 bits of a key, equal ones as they are. */
function sortByDigit(order: Uint32Array, keys: Uint32Array, shift: 0 | 16): Uint32Array {
  const starts = new Uint32Array(0x1_0001)
  for (const key of keys) starts[((key >>> shift) & 0xffff) + 1]!++
  for (let digit = 0; digit < 0x1_0000; digit++) starts[digit + 1]! += starts[digit]!
  const sorted = new Uint32Array(order.length)
  for (const item of order) sorted[starts[(keys[item]! >>> shift) & 0xffff]!++] = item
  return sorted
}
