/**
 * The bounds of a numeric feature laid out for the kernels that search them. The range of the
 * bounds is cut into cells, few enough to stay in the first-level cache. Which cell a value is in
 * takes no comparison, and which bin, no more than two or four, where a search takes eight, each of
 * which waits for the one before.
 *
 * Cells need not be exact: rounding may move where one ends, for bounds and values alike. Whoever
 * is in a lower cell is less, since no step to the cell turns an order around.
 */
import { SearchLayout } from '../kernels/search-api.js'
import { highWord } from '../numeric/next-up.js'
import type { NumericLookup } from './bin-values.js'

/**
 * Which kernel: two bounds of a cell are compared, or four, or four of cells that get larger with
 * the distance from 0.
 */
export type SearchWay = 'short' | 'long' | 'curved'

/** A lookup, laid out. */
export interface CellSearch {
  /** SearchLayout. */
  readonly bytes: Uint8Array
  readonly way: SearchWay
}

interface Cells {
  readonly low: number
  readonly scale: number
  readonly last: number
  /** 0 where cells are not curved. */
  readonly unit: number
}

/** Bounds of a cell that are compared. */
const compared = { short: 2, long: 4, curved: 4 } as const
/** Numbers of cells that are tried, few first. */
const sizes = [64, 256, 1024, 2048] as const
/** Where curves begin to be logarithms: at these parts of all bounds, by their sizes. */
const unitRanks = [0.5, 0.25, 0.1, 0] as const
/** Bounds closer to 0 than this are those of zero itself. */
const leastUnit = 1e-34

/** 1.5 * 2^52 */
const toWhole = 6_755_399_441_055_744
const highOfOne = 0x3ff00000

const double = new Float64Array(1)
const words = new Int32Array(double.buffer)

/** As the kernels do. */
function curve(value: number, unit: number): number {
  double[0] = Math.abs(value) * unit + 1
  const size = words[highWord]! - highOfOne
  return value < 0 ? -size : size
}

/** As the kernels do. */
function cellOf({ low, scale, last, unit }: Cells, value: number): number {
  const x = unit === 0 ? value : curve(value, unit)
  const place = Math.min(last, Math.max(0, (x - low) * scale))
  return place + toWhole - toWhole
}

/** Cells between the bounds, with as many as may be compared at both ends in one. */
function* cut(bounds: Float64Array, most: number, unit: number): Generator<Cells> {
  const n = bounds.length
  if (n <= most) return yield { low: 0, scale: 1, last: 0, unit }
  const [low, high] = [bounds[most - 1]!, bounds[Math.max(most, n - most)]!]
    .map((bound) => unit === 0 ? bound : curve(bound, unit)) as [number, number]
  for (const size of sizes) {
    const scale = (size - 1) / (high - low)
    if (size >= n && scale > 0 && scale < Infinity) yield { low, scale, last: size - 1, unit }
  }
}

/** Whether no cell has more bounds than may be compared. */
function isFine(cells: Cells, bounds: Float64Array, most: number): boolean {
  for (let i = most; i < bounds.length; i++) {
    if (cellOf(cells, bounds[i]!) === cellOf(cells, bounds[i - most]!)) return false
  }
  return true
}

function unitsOf(bounds: Float64Array): number[] {
  const byDistance = bounds.map((bound) => Math.abs(bound))
    .filter((distance) => distance > leastUnit).sort()
  return unitRanks.map((rank) => 1 / byDistance[Math.floor(rank * byDistance.length)]!)
    .filter((unit) => unit > 0 && unit < Infinity)
}

function findCells(bounds: Float64Array): { cells: Cells, way: SearchWay } | null {
  for (const way of ['short', 'long', 'curved'] as const) {
    for (const unit of way === 'curved' ? unitsOf(bounds) : [0]) {
      for (const cells of cut(bounds, compared[way], unit)) {
        if (isFine(cells, bounds, compared[way])) return { cells, way }
      }
    }
  }
  return null
}

/** Lays a lookup out; null where its bounds are too uneven for cells, or bins take two bytes. */
function layOut({ bounds, nBins, nanBin }: NumericLookup): CellSearch | null {
  const first = bounds.indexOf(Infinity)
  const finite = bounds.subarray(0, first < 0 ? bounds.length : first)
  if (nBins > 256 || finite.length > 255) return null
  const found = findCells(finite)
  if (found === null) return null
  const { cells, way } = found
  const bytes = new Uint8Array(SearchLayout.size)
  const view = new DataView(bytes.buffer)
  for (const name of ['low', 'scale', 'last', 'unit'] as const) {
    view.setFloat64(SearchLayout[name], cells[name], true)
  }
  for (let i = 0; i < SearchLayout.boundsMax; i++) {
    view.setFloat64(SearchLayout.bounds + 8 * i, finite[i] ?? Infinity, true)
  }
  let n = 0
  for (let cell = 0; cell <= cells.last; cell++) {
    bytes[SearchLayout.cells + cell] = n
    while (n < finite.length && cellOf(cells, finite[n]!) === cell) n++
  }
  bytes[SearchLayout.cells + cells.last + 1] = nanBin
  return { bytes, way }
}

const known = new WeakMap<NumericLookup, CellSearch | null>()

/** A lookup, laid out; kept as long as the lookup. Null where that cannot be done. */
export function cellSearch(lookup: NumericLookup): CellSearch | null {
  const before = known.get(lookup)
  if (before !== undefined) return before
  const made = layOut(lookup)
  known.set(lookup, made)
  return made
}
