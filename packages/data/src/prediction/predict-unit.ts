import { createPredictor, type PackedRows, parseModel, type Predictor } from '@coppice/model'
import { compactTexts } from '../formats/compact-texts.js'
import type { UnitColumn } from '../loading/read-unit.js'
import type { ColumnChunk } from '../reader.js'
import { packPrediction } from './packed-prediction.js'
import type { PredictedRows, PredictionPlan } from './plan.js'
import { predictColumns } from './predict-columns.js'
import { type ReadUnit, readUnitRows } from './unit-rows.js'

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

interface KeptPredictor {
  readonly predictor: Predictor
  /** Of the model's document. */
  readonly nBytes: number
}

/** Models that are kept while others are used, as far as their documents are not too large. */
const modelsMax = 8
const modelBytesMax = 64 << 20

/**
 * Predicts the rows of units in one thread. It keeps the last models, since a context comes anew
 * with each partition and predictions of several models take turns, and the unit of which only a
 * part was predicted.
 */
export class UnitPredictor {
  /** By model, iterations and early stop, the last used at the end. */
  readonly #predictors = new Map<string, KeptPredictor>()
  readonly #known: Predictor | null
  #last: { readonly key: string; readonly unit: ReadUnit } | null = null

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
    read: () => Promise<readonly UnitColumn[]>,
  ): Promise<PredictedRows> {
    const predictor = this.#predictorOf(plan)
    const { model } = predictor
    const unit = this.#last?.key === key ? this.#last.unit
      : readUnitRows(model, await read(), plan.kept, nRows)
    this.#last = end < nRows ? { key, unit } : null
    const predictions = predictColumns(predictor, unit.input(start, end), plan.type)
    return {
      nRows: end - start,
      kept: plan.kept.map((column) => compact(unit.column(column, start, end))),
      predictions: packPrediction(model, plan.type, predictions),
    }
  }

  /** Raw scores of encoded rows. */
  score(plan: PredictionPlan, rows: PackedRows): Float64Array {
    return this.#predictorOf(plan).predictPacked(rows)
  }

  #predictorOf({ model, modelHash, iterations, earlyStop }: PredictionPlan): Predictor {
    if (this.#known !== null) return this.#known
    const stop = earlyStop === undefined ? '' : ` ${earlyStop.freq} ${earlyStop.margin}`
    const key = `${modelHash} ${String(iterations)}${stop}`
    let kept = this.#predictors.get(key)
    if (kept === undefined) {
      // Text decoders do not take shared memory.
      const predictor = createPredictor(parseModel(model.slice()), {
        ...(iterations === null ? {} : { iterations }),
        ...(earlyStop === undefined ? {} : { earlyStop }),
      })
      kept = { predictor, nBytes: model.length }
    }
    this.#predictors.delete(key)
    this.#predictors.set(key, kept)
    this.#dropOld()
    return kept.predictor
  }

  #dropOld(): void {
    let nBytes = 0
    for (const kept of this.#predictors.values()) nBytes += kept.nBytes
    for (const [key, kept] of this.#predictors) {
      const { size } = this.#predictors
      if (size === 1 || (size <= modelsMax && nBytes <= modelBytesMax)) return
      this.#predictors.delete(key)
      nBytes -= kept.nBytes
    }
  }
}

/** A chunk by itself: no rows of others in its buffer, no text that does not occur. */
function compact(chunk: ColumnChunk): ColumnChunk {
  return chunk.type === 'string' ? compactTexts(chunk)
    : { type: chunk.type, values: chunk.values.slice() }
}
