import type { EngineSetup, SumsLayout } from '@coppice/engine'
import type { SumRange } from '../wire/sum-chunks.js'

/** Sums over some bins of a feature. */
interface Totals {
  readonly gradient: bigint
  readonly hessian: bigint
  readonly count: number
  readonly nBins: number
}

/** Planes of a range's cells: i64 gradients, i64 hessians, i32 counts. */
interface Planes {
  readonly view: DataView
  readonly nCells: number
}

/**
 * Looks for what is wrong with one store's answer by itself, range by range as they come. All
 * features' bins are sums over the same rows: they add up alike, no hessian or count is below 0,
 * and cells of no bin are 0. A feature that is cut by ranges is judged with the last of its parts.
 * A range that comes twice counts once. O(cells), and slow: for when something is known to be
 * wrong.
 */
export class SumsInspector {
  readonly #features: EngineSetup['features']
  readonly #layout: Pick<SumsLayout, 'cellOffsets' | 'nCells'>
  /** By histogram, the first feature that was added up: all others are to be alike. */
  readonly #first =
    new Map<number, { readonly feature: number, readonly text: string, readonly count: number }>()
  /** Parts of features that are cut, by histogram and feature, then by the range's first cell. */
  readonly #parts = new Map<string, Map<number, Totals>>()

  constructor(
    features: EngineSetup['features'], layout: Pick<SumsLayout, 'cellOffsets' | 'nCells'>,
  ) {
    this.#features = features
    this.#layout = layout
  }

  /**
   * What is wrong with a range of the sums, or with those until now and this one; or null.
   *
   * @param planes - of the range's cells: i64 gradients, i64 hessians, i32 counts
   */
  inspect({ histogram, firstCell, nCells }: SumRange, bytes: Uint8Array): string | null {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const planes: Planes = { view, nCells }
    const { cellOffsets, nCells: nCellsAll } = this.#layout
    for (const [feature, { nBins }] of this.#features.entries()) {
      const from = cellOffsets[feature]! - firstCell
      const end = (cellOffsets[feature + 1] ?? nCellsAll) - firstCell
      if (end <= 0 || from >= nCells) continue
      const lastBin = Math.min(from + nBins, nCells)
      for (let cell = Math.max(0, from + nBins); cell < Math.min(end, nCells); cell++) {
        if (!isZero(planes, cell)) return `cell ${cell + firstCell} is of no bin and not 0`
      }
      const part = addUp(planes, Math.max(0, from), lastBin)
      if (typeof part === 'number') {
        return `bin ${part - from} of feature ${feature} has ${countAt(planes, part)} rows and ` +
          `hessian sum ${hessianAt(planes, part)}`
      }
      const whole = part.nBins === nBins ? part
        : this.#join(`${histogram} ${feature}`, firstCell, part, nBins)
      const fault = whole === null ? null : this.#compare(histogram, feature, whole)
      if (fault !== null) return fault
    }
    return null
  }

  /** Rows of a histogram; null before a feature of it is there. */
  rowsOf(histogram: number): number | null {
    return this.#first.get(histogram)?.count ?? null
  }

  /** The sums of a feature of which this is a part, once all parts are there. */
  #join(key: string, firstCell: number, part: Totals, nBins: number): Totals | null {
    const parts = this.#parts.get(key) ?? new Map<number, Totals>()
    this.#parts.set(key, parts.set(firstCell, part))
    const sum = [...parts.values()].reduce((a, b) => ({
      gradient: a.gradient + b.gradient, hessian: a.hessian + b.hessian, count: a.count + b.count,
      nBins: a.nBins + b.nBins,
    }))
    return sum.nBins === nBins ? sum : null
  }

  #compare(
    histogram: number, feature: number, { gradient, hessian, count }: Totals,
  ): string | null {
    const text = `${count} rows with sums ${gradient} and ${hessian}`
    const first = this.#first.get(histogram)
    if (first === undefined) this.#first.set(histogram, { feature, text, count })
    if (first === undefined || text === first.text) return null
    return `feature ${feature} has ${text}, but feature ${first.feature} has ${first.text}`
  }
}

/** The sums of cells [from, end), maybe none; or the first cell that no rows can have. */
function addUp(planes: Planes, from: number, end: number): Totals | number {
  let gradient = 0n
  let hessian = 0n
  let count = 0
  for (let cell = from; cell < end; cell++) {
    const h = hessianAt(planes, cell)
    const n = countAt(planes, cell)
    if (h < 0n || n < 0) return cell
    gradient += gradientAt(planes, cell)
    hessian += h
    count += n
  }
  return { gradient, hessian, count, nBins: Math.max(0, end - from) }
}

function isZero(planes: Planes, cell: number): boolean {
  return gradientAt(planes, cell) === 0n && hessianAt(planes, cell) === 0n &&
    countAt(planes, cell) === 0
}

function gradientAt({ view }: Planes, cell: number): bigint {
  return view.getBigInt64(cell * 8, true)
}

function hessianAt({ view, nCells }: Planes, cell: number): bigint {
  return view.getBigInt64((nCells + cell) * 8, true)
}

function countAt({ view, nCells }: Planes, cell: number): number {
  return view.getInt32(nCells * 16 + cell * 4, true)
}
