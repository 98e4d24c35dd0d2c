import type { Cell, MemoryRows } from '@coppice/data'
import { resolveParams } from '@coppice/engine'
import { CoppiceError, isRanking, type Model } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import { loadModel } from '../model/model-file.js'
import { checkOptionNames, optionNames } from '../options.js'
import { evaluateRanking, requireRanking } from '../scoring/evaluate-ranking.js'
import type { PredictionRows } from '../scoring/predict.js'
import { givenValue, type RawParams } from '../training/params.js'
import type { Recipe } from '../training/recipe.js'
import { Estimator, predictOptionNames, type PredictOptions } from './estimator.js'

/** Options of the ranker's `score`. */
export interface RankScoreOptions {
  /** Row counts of the queries, in row order. */
  readonly group?: ArrayLike<number> | undefined
  /** The id of each row's query, instead. */
  readonly queryId?: ArrayLike<Cell> | undefined
  /** One weight per row; a query weighs the mean of its rows' weights. */
  readonly sampleWeight?: ArrayLike<number> | undefined
  /** NDCG of so many first rows; default 5. */
  readonly k?: number | undefined
}

const scoreOptionNames = optionNames<RankScoreOptions>(
  { group: true, queryId: true, sampleWeight: true, k: true })

/**
 * Gradient-boosted trees that order the rows of a query, the best first. Labels are grades: whole
 * numbers from 0, the larger the better.
 *
 * ```ts
 * const model = new GBDTRanker({ numIterations: 200 })
 * await model.fit(rows, grades, { queryId })         // or group: rows of each query
 * const scores = await model.predict(newRows)        // the larger, the further up
 * ```
 *
 * `objective` is 'lambdarank' where it is not given, or 'rank_xendcg'.
 */
export class GBDTRanker extends Estimator {
  /** Reads a model file. @throws CoppiceError 'IO' or 'MODEL' naming the file */
  static async load(path: string): Promise<GBDTRanker> {
    return new GBDTRanker().adopt(await loadModel(path))
  }

  /** The score of each row; only rows of one query can be compared. */
  async predict(rows: PredictionRows, options: PredictOptions = {}): Promise<Float64Array> {
    checkOptionNames('predict', options, predictOptionNames)
    return this.booster.predict(rows, { ...options, type: 'raw' })
  }

  /** NDCG@k, k = 5 where it is not given: 1 where all queries are in the best order. */
  score(dataset: Dataset, options?: Pick<RankScoreOptions, 'k'>): Promise<number>
  score(X: MemoryRows, y: Labels, options: RankScoreOptions): Promise<number>
  async score(
    X: Dataset | MemoryRows, second?: Labels | Pick<RankScoreOptions, 'k'>,
    third?: RankScoreOptions,
  ): Promise<number> {
    const isDataset = X instanceof Dataset
    const options = ((isDataset ? second : third) ?? {}) as RankScoreOptions
    checkOptionNames('score', options, isDataset ? ['k'] : scoreOptionNames)
    const { group, queryId, sampleWeight, k = 5 } = options
    const dataset = isDataset ? X
      : Dataset.from(X, (second as Labels | undefined) ?? null,
        { group, queryId, weights: sampleWeight })
    const { metrics } = await evaluateRanking(
      this.booster, dataset, { metrics: 'ndcg', evalAt: [k] })
    return Object.values(metrics)[0]!
  }

  protected override recipe(params: RawParams): Recipe {
    const given = { ...params, objective: givenValue(params, 'objective') ?? 'lambdarank' }
    const checked = resolveParams(given)
    if (!isRanking({ name: checked.objective })) {
      throw new CoppiceError('PARAMETER',
        `objective ${checked.objective} is not for a ranker; leave it out, or use lambdarank or ` +
        'rank_xendcg')
    }
    return { checked, labelKind: 'number', given, inferred: null }
  }

  protected override requireKind(model: Model): void {
    requireRanking(model)
  }
}
