import type { ScanParams } from './protocol.js'

/** In the order in which requests have them. */
const names = [
  'lambdaL1', 'lambdaL2', 'minDataInLeaf', 'minSumHessianInLeaf', 'minGainToSplit', 'maxDeltaStep',
  'catSmooth', 'catL2', 'maxCatThreshold', 'maxCatToOnehot', 'minDataPerGroup',
] as const satisfies readonly (keyof ScanParams)[]

/** Numbers that the parameters of scans are. */
export const SCAN_NUMBERS = names.length + 1

/** Parameters of scans as numbers. */
export function scanNumbers(scan: ScanParams): number[] {
  return [...names.map((name) => scan[name]), Number(scan.extraTrees)]
}

/** The inverse of `scanNumbers`. */
export function scanOfNumbers(numbers: readonly number[]): ScanParams {
  const own = Object.fromEntries(names.map((name, i) => [name, numbers[i]!]))
  return { ...own, extraTrees: numbers[names.length] === 1 } as unknown as ScanParams
}
