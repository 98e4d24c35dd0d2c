import type { SelectRequest } from '@coppice/engine'

/** A row as a selection sees it: its residual in quanta, its id, its weight as a whole number. */
export interface SelectableRow {
  readonly residual: number
  readonly id: number
  readonly weight: number
}

/**
 * What one engine answers to a select request, written from its contract: buckets are found by
 * counting powers of two, rows by sorting.
 *
 * @param rowsOf - the engine's rows of a node, -1 for all
 */
export function selectNaively(
  { groups }: SelectRequest, rowsOf: (node: number) => readonly SelectableRow[],
): Float64Array<ArrayBuffer> {
  const numbers: number[] = []
  for (const { node, low, high, width } of groups) {
    const rows = [...rowsOf(node)].sort((a, b) => a.residual - b.residual || a.id - b.id)
    const entries = width === 0 ? neighbourhood(rows, low, high) : counts(
      rows.filter(({ residual }) => residual >= low && residual <= high),
      width < 0 ? logarithmicBucket : (residual) => Math.floor((residual - low) / width))
    numbers.push(entries.length, ...entries.flat())
  }
  return Float64Array.from(numbers)
}

type Entry = readonly [number, number, number]

function counts(
  rows: readonly SelectableRow[], bucketOf: (residual: number) => number,
): Entry[] {
  const buckets = new Map<number, [number, number, number]>()
  for (const { residual, weight } of rows) {
    const bucket = bucketOf(residual)
    const entry = buckets.get(bucket) ?? [bucket, 0, 0]
    entry[1]++
    entry[2] += weight
    buckets.set(bucket, entry)
  }
  return [...buckets.values()].sort(([a], [b]) => a - b)
}

/** 848 for 0; from there 16 buckets for each power of two, on both sides. */
function logarithmicBucket(residual: number): number {
  if (residual === 0) return 848
  let power = 1
  let exponent = 0
  for (; power * 2 <= Math.abs(residual); power *= 2) exponent++
  const place = 1 + 16 * exponent + Math.floor((Math.abs(residual) - power) * 16 / power)
  return residual < 0 ? 848 - place : 848 + place
}

function neighbourhood(rows: readonly SelectableRow[], low: number, high: number): Entry[] {
  const within = rows.filter(({ residual }) => residual >= low && residual <= high)
  return [
    ...rows.filter(({ residual }) => residual < low).slice(-1),
    ...(low === high ? within.slice(0, 2) : within),
    ...rows.filter(({ residual }) => residual > high).slice(0, 2),
  ].map(({ residual, id, weight }) => [residual, id, weight])
}

/**
 * LightGBM's PercentileFun and WeightedPercentileFun, as they are written there: over all rows,
 * sorted by (residual, id).
 *
 * @param weightScale - what a weight of 1 is; 0 where rows count alike
 */
export function naivePercentile(
  rows: readonly SelectableRow[], alpha: number, weightScale: number,
): number {
  const sorted = [...rows].sort((a, b) => a.residual - b.residual || a.id - b.id)
  const n = sorted.length
  const value = (i: number): number => sorted[i]!.residual
  if (n <= 1) return value(0)
  if (weightScale === 0) {
    // counted from the largest
    const position = (n - 1) * (1 - alpha)
    const pos = Math.floor(position) + 1
    if (pos >= n) return value(0)
    const [v1, v2] = [value(n - pos), value(n - 1 - pos)]
    return v1 - (v1 - v2) * (position - (pos - 1))
  }
  const cumulated: number[] = []
  for (const { weight } of sorted) cumulated.push((cumulated.at(-1) ?? 0) + weight)
  const threshold = cumulated[n - 1]! * alpha
  const found = cumulated.findIndex((sum) => sum > threshold)
  const pos = found < 0 ? n - 1 : found
  if (pos === 0 || pos === n - 1) return value(pos)
  const [v1, v2] = [value(pos - 1), value(pos)]
  const next = cumulated[pos + 1]! - cumulated[pos]!
  return next >= weightScale ? (threshold - cumulated[pos]!) / next * (v2 - v1) + v1 : v2
}
