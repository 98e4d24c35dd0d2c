import {
  columnsSampledAtOnce, sampledOffsets, type SampledValues, type SampleRule,
} from '@coppice/engine'
import { assert } from '@coppice/model'
import type { JobContext } from './job.js'
import type { SurveyInputs } from './options.js'

/** Samples of columns that units have only checked: they are taken when they are asked for. */
export class LaterSamples {
  readonly #inputs: SurveyInputs
  readonly #columnIdx: readonly number[]
  readonly #columns: readonly number[]
  readonly #known: ReadonlySet<number>
  readonly #offsets: Int32Array | null
  readonly #atOnce: number
  /** Of the columns that were sampled last. */
  #samples = new Map<number, SampledValues>()

  /** @param columns - of the job, in the order in which they will be asked for, each once */
  constructor(
    inputs: SurveyInputs, { partitions }: JobContext, columns: readonly number[],
    rule: SampleRule, nRows: number,
  ) {
    this.#inputs = inputs
    this.#columnIdx = partitions[0]?.columnIdx ?? []
    this.#columns = columns
    this.#known = new Set(columns)
    this.#offsets = columns.length === 0 ? null : sampledOffsets(rule, 0, nRows)
    this.#atOnce = columnsSampledAtOnce(this.#offsets?.length ?? nRows)
  }

  /** Whether units have only checked a column. */
  has(column: number): boolean {
    return this.#known.has(column)
  }

  of(column: number): SampledValues {
    if (!this.#samples.has(column)) this.#sampleFrom(this.#columns.indexOf(column))
    return this.#samples.get(column)!
  }

  #sampleFrom(place: number): void {
    const { sampleColumns } = this.#inputs
    assert(place >= 0 && sampleColumns !== undefined, 'the column is sampled later')
    const some = this.#columns.slice(place, place + this.#atOnce)
    this.#samples = new Map()
    const samples = sampleColumns(some.map((column) => this.#columnIdx[column]!), this.#offsets)
    for (const [i, column] of some.entries()) this.#samples.set(column, samples[i]!)
  }
}
