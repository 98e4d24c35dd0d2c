import { createPredictor, parseModel, type Predictor } from '@coppice/model'
import type { ColumnChunk } from '../reader.js'
import { sliceChunk } from '../writers/writer.js'
import { featureColumns } from './features.js'
import { packPrediction } from './packed-prediction.js'
import type { PredictedRows, PredictionPlan } from './plan.js'
import { predictColumns } from './predict-columns.js'

/** Rows of a unit. */
export interface UnitRows {
  /** Tells the unit from all others that a thread may be given. */
  readonly key: string
  /** Of the whole unit. */
  readonly nRows: number
  /** Within the unit, the end excluded. */
  readonly start: number
  readonly end: number
}

/**
 * Predicts the rows of units in one thread. It keeps the last model, since a context comes anew
 * with each partition, and the unit of which only a part was predicted.
 */
export class UnitPredictor {
  #key = ''
  #predictor: Predictor | null = null
  readonly #known: Predictor | null
  #last: { readonly key: string; readonly chunks: readonly ColumnChunk[] } | null = null

  /** @param known - a predictor of the model and the iterations of all plans, where there is one */
  constructor(known: Predictor | null = null) {
    this.#known = known
  }

  /**
   * Throws CoppiceError 'DATA', 'MODEL' or 'PARAMETER'.
   *
   * @param read - decodes the columns of the plan for all rows of the unit
   */
  async predict(
    plan: PredictionPlan,
    { key, nRows, start, end }: UnitRows,
    read: () => Promise<readonly ColumnChunk[]>,
  ): Promise<PredictedRows> {
    const predictor = this.#predictorOf(plan)
    const { model } = predictor
    const whole = this.#last?.key === key ? this.#last.chunks : await read()
    this.#last = end < nRows ? { key, chunks: whole } : null
    const columns = start === 0 && end === nRows ? whole
      : whole.map((chunk) => sliceChunk(chunk, start, end))
    const predictions = predictColumns(predictor, featureColumns(model, { columns }), plan.type)
    return {
      nRows: end - start,
      kept: plan.kept.map((column) => compact(columns[column]!)),
      predictions: packPrediction(model, plan.type, predictions),
    }
  }

  /** Raw scores of encoded rows. */
  score(plan: PredictionPlan, values: Float64Array): Float64Array {
    return this.#predictorOf(plan).predictEncoded(values)
  }

  #predictorOf({ model, modelHash, iterations }: PredictionPlan): Predictor {
    if (this.#known !== null) return this.#known
    const key = `${modelHash} ${String(iterations)}`
    if (this.#predictor === null || this.#key !== key) {
      // Text decoders do not take shared memory.
      const parsed = parseModel(model.slice())
      this.#predictor = createPredictor(parsed, iterations === null ? {} : { iterations })
      this.#key = key
    }
    return this.#predictor
  }
}

/** A chunk by itself: no rows of others in its buffer, no text that does not occur. */
function compact(chunk: ColumnChunk): ColumnChunk {
  if (chunk.type !== 'string') return { type: chunk.type, values: chunk.values.slice() }
  const { codes, dictionary } = chunk
  const codeOf = new Int32Array(dictionary.length).fill(-1)
  const used: string[] = []
  const own = codes.map((code) => {
    if (code < 0) return -1
    if (codeOf[code] === -1) codeOf[code] = used.push(dictionary[code]!) - 1
    return codeOf[code]!
  })
  return { type: 'string', codes: own, dictionary: used }
}
