import type { SelectGroup } from '../execution/protocol.js'

/** `SelectGroup.width` that asks for the rows themselves. */
export const ROWS = 0
/** `SelectGroup.width` that asks for buckets whose width grows with the distance from 0. */
export const LOGARITHMIC = -1

/** Residuals are integers below it in magnitude. */
export const RESIDUAL_LIMIT = 9_007_199_254_740_992
/** Logarithmic buckets on either side of 0: 16 for each of 53 powers of two. */
export const LOG_SIDE = 848
/** Most buckets of one width. */
export const LINEAR_BUCKETS_MAX = 16_384

/** Buckets of one power of two. */
const PARTS = 16

/** Buckets of a group that asks for some. */
export function bucketsOf({ low, high, width }: SelectGroup): number {
  return width === LOGARITHMIC ? 2 * LOG_SIDE + 1 : Math.floor((high - low) / width) + 1
}

/** Whether a group asks for rows, not for buckets. */
export function isSelectingRows({ width }: SelectGroup): boolean {
  return width === ROWS
}

/** The first and the last integer of a bucket of a group; high < low where it has none. */
export function bucketRange(
  { low, high, width }: SelectGroup, bucket: number,
): { readonly low: number, readonly high: number } {
  if (width !== LOGARITHMIC) {
    const first = low + bucket * width
    return { low: first, high: Math.min(high, first + width - 1) }
  }
  const place = bucket - LOG_SIDE
  if (place === 0) return { low: 0, high: 0 }
  const least = edge(Math.abs(place) - 1)
  const most = edge(Math.abs(place)) - 1
  return place > 0 ? { low: least, high: most } : { low: -most, high: -least }
}

/** The least integer of the logarithmic bucket that is so many behind the first. */
function edge(place: number): number {
  const exponent = Math.floor(place / PARTS)
  let value = 1 + (place % PARTS) / PARTS
  for (let i = 0; i < exponent; i++) value *= 2
  return Math.ceil(value)
}

/**
 * The most entries of anyone's answer for a group: no more buckets are filled than there are rows;
 * of rows, the neighbours of the range are told too.
 */
export function entriesMax(group: SelectGroup): number {
  if (group.width !== ROWS) return Math.min(bucketsOf(group), group.count)
  return NEIGHBOURS + (group.low === group.high ? TIES : group.count)
}

/** Rows that are told of beside a range: the last before it and the first two behind. */
const NEIGHBOURS = 3
/** Rows that are told of where all of the range are equal. */
export const TIES = 2
