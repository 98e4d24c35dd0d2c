import { sampledOffsets } from '@coppice/engine'
import type { ScanPlan, UnitPlace } from './job.js'

/** Which rows of a unit are in the sample. They are drawn when they are first asked for. */
export class SampledRows {
  readonly #rule: ScanPlan['sampleRule']
  readonly #place: UnitPlace
  #offsets: Int32Array | null | undefined = undefined
  #flags: Uint8Array | null = null

  constructor(rule: ScanPlan['sampleRule'], place: UnitPlace) {
    this.#rule = rule
    this.#place = place
  }

  /** Null for all. */
  get offsets(): Int32Array | null {
    if (this.#offsets === undefined) {
      const { firstRow, nRows } = this.#place
      this.#offsets = this.#rule === null ? null : sampledOffsets(this.#rule, firstRow, nRows)
    }
    return this.#offsets
  }

  get nRows(): number {
    return this.offsets?.length ?? this.#place.nRows
  }

  /** Those that are sampled of some values and their rows. */
  of(values: Float64Array, rows: Int32Array): Float64Array {
    const { offsets } = this
    if (offsets === null) return values
    this.#flags ??= flagsOf(offsets, this.#place.nRows)
    const flags = this.#flags
    const found = new Float64Array(values.length)
    let n = 0
    for (let i = 0; i < rows.length; i++) if (flags[rows[i]!] === 1) found[n++] = values[i]!
    return found.subarray(0, n)
  }
}

function flagsOf(offsets: Int32Array, nRows: number): Uint8Array {
  const flags = new Uint8Array(nRows)
  for (const offset of offsets) flags[offset] = 1
  return flags
}
