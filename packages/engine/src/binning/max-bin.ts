import { assert } from '@coppice/model'

/** The largest `max_bin`: with it a bin takes two bytes, which could tell one more apart. */
export const MAX_BIN_LIMIT = 65_535

/** @throws CoppiceError 'INTERNAL' where max_bin should have been refused */
export function requireMaxBin(maxBin: number): void {
  assert(Number.isInteger(maxBin) && maxBin >= 2 && maxBin <= MAX_BIN_LIMIT,
    `maxBin ${maxBin} in [2, ${MAX_BIN_LIMIT}]`)
}
