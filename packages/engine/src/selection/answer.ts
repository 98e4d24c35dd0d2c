import { CoppiceError } from '../errors.js'
import type { SelectedGroup, SelectGroup, SelectRequest } from '../execution/protocol.js'
import { bucketsOf, entriesMax, RESIDUAL_LIMIT, ROWS, TIES } from './buckets.js'

/**
 * One engine's answer to a SelectRequest, of numbers: for each group the number of its entries,
 * then three numbers for each. Of buckets, ascending, those with rows: the bucket, its rows, the
 * sum of their weights. Of rows, by (residual, row id): residual, row id, weight; they are the
 * last row before the range, those in it (where it is one value, the first two), and the first two
 * behind it.
 */
export type SelectPart = Float64Array

/** Numbers of an entry. */
export const ENTRY = 3

/** The most numbers of anyone's answer. */
export function numbersMax(groups: readonly SelectGroup[]): number {
  return groups.reduce((sum, group) => sum + 1 + ENTRY * entriesMax(group), 0)
}

/** Where each group's entries begin in a part, and the end of the last. */
function entriesOf({ groups }: SelectRequest, part: SelectPart): number[] {
  const starts: number[] = []
  let at = 0
  for (let g = 0; g < groups.length; g++) {
    starts.push(at + 1)
    at += 1 + ENTRY * part[at]!
  }
  return [...starts, at + 1]
}

/**
 * Adds up answers of engines whose rows are disjoint, whatever their order.
 *
 * @throws CoppiceError 'INTERNAL' when the rows are not as many as the request says there are
 */
export function mergeSelected(
  request: SelectRequest, parts: readonly SelectPart[],
): SelectedGroup[] {
  const merged = addUp(request, parts)
  request.groups.forEach((group, g) => requireRows(group, merged[g]!))
  return merged
}

/** The part of several engines together, for whoever adds it to those of others. */
export function joinSelected(request: SelectRequest, parts: readonly SelectPart[]): SelectPart {
  if (parts.length === 1) return parts[0]!
  return Float64Array.from(addUp(request, parts).flatMap(({ place, rows, weight }) =>
    [place.length, ...place.flatMap((value, i) => [value, rows[i]!, weight[i]!])]))
}

function addUp(request: SelectRequest, parts: readonly SelectPart[]): SelectedGroup[] {
  const starts = parts.map((part) => entriesOf(request, part))
  return request.groups.map((group, g) => {
    const own = parts.map((part, p) => part.subarray(starts[p]![g]!, starts[p]![g + 1]! - 1))
    return group.width === ROWS ? mergeRows(group, own) : mergeBuckets(group, own)
  })
}

function mergeBuckets(group: SelectGroup, parts: readonly Float64Array[]): SelectedGroup {
  const nBuckets = bucketsOf(group)
  const rows = new Float64Array(nBuckets)
  const weight = new Float64Array(nBuckets)
  for (const part of parts) {
    for (let i = 0; i < part.length; i += ENTRY) {
      rows[part[i]!]! += part[i + 1]!
      weight[part[i]!]! += part[i + 2]!
    }
  }
  const merged = { place: [] as number[], rows: [] as number[], weight: [] as number[] }
  for (let bucket = 0; bucket < nBuckets; bucket++) {
    if (rows[bucket] === 0) continue
    merged.place.push(bucket)
    merged.rows.push(rows[bucket]!)
    merged.weight.push(weight[bucket]!)
  }
  return merged
}

interface Entry {
  readonly residual: number
  readonly row: number
  readonly weight: number
}

function mergeRows(group: SelectGroup, parts: readonly Float64Array[]): SelectedGroup {
  const { low, high } = group
  const entries: Entry[] = []
  for (const part of parts) {
    for (let i = 0; i < part.length; i += ENTRY) {
      entries.push({ residual: part[i]!, row: part[i + 1]!, weight: part[i + 2]! })
    }
  }
  entries.sort((a, b) => a.residual - b.residual || a.row - b.row)
  const below = entries.filter(({ residual }) => residual < low)
  const within = entries.filter(({ residual }) => residual >= low && residual <= high)
  const above = entries.filter(({ residual }) => residual > high)
  const kept = low === high ? within.slice(0, TIES) : within
  const chosen = [...below.slice(-1), ...kept, ...above.slice(0, 2)]
  return {
    place: chosen.map(({ residual }) => residual),
    rows: chosen.map(({ row }) => row),
    weight: chosen.map(({ weight }) => weight),
  }
}

function requireRows(
  { node, low, high, width, count }: SelectGroup, { place, rows }: SelectedGroup,
): void {
  const isIn = (value: number): boolean => value >= low && value <= high
  const found = width === ROWS ? place.filter(isIn).length
    : rows.reduce((sum, n) => sum + n, 0)
  const expected = width === ROWS && low === high ? Math.min(TIES, count) : count
  if (found === expected) return
  throw new CoppiceError('INTERNAL',
    `what was selected of node ${node} does not add up: ${found} rows instead of ${expected}`)
}

/** What is wrong with an answer of an engine elsewhere, or null. */
export function selectPartFault({ groups }: SelectRequest, part: SelectPart): string | null {
  let at = 0
  for (const group of groups) {
    const n = part[at] ?? -1
    const isCount = Number.isInteger(n) && n >= 0 && n <= entriesMax(group)
    const end = at + 1 + ENTRY * n
    if (!isCount || end > part.length) return `${n} entries are said to be of a group`
    for (let i = at + 1; i < end; i += ENTRY) {
      const fault = entryFault(group, part.subarray(i, i + ENTRY))
      if (fault !== null) return fault
      if (group.width !== ROWS && i > at + 1 && part[i]! <= part[i - ENTRY]!) {
        return `bucket ${part[i]!} comes after ${part[i - ENTRY]!}`
      }
    }
    at = end
  }
  return at === part.length ? null : `${part.length - at} numbers are left over`
}

function entryFault(group: SelectGroup, [place, rows, weight]: Float64Array): string | null {
  const isWhole = [place, rows, weight].every((value) => Number.isSafeInteger(value))
  if (!isWhole || rows! < 0 || weight! < 0) return 'an entry is not of whole numbers'
  if (group.width === ROWS) {
    return Math.abs(place!) < RESIDUAL_LIMIT ? null : `${place!} is no residual`
  }
  if (place! < 0 || place! >= bucketsOf(group)) return `there is no bucket ${place!}`
  return rows! >= 1 && rows! <= group.count ? null : `a bucket has ${rows!} rows`
}
