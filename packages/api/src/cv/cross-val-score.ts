import type { MemoryRows } from '@coppice/data'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import type { GBDTClassifier } from '../estimators/classifier.js'
import type { GBDTRegressor } from '../estimators/regressor.js'
import { checkOptionNames } from '../options.js'
import { foldOptionNames } from './cv.js'
import { type FoldOptions, makeFolds, readRowsToCut } from './fold-options.js'

/**
 * The `score` of clones of an estimator on the rows that each was not fitted on: accuracy of a
 * classifier, R2 of a regressor, in the manner of scikit-learn. Bins are those of all rows.
 *
 * @param y - one label per row; left out where X is a Dataset
 * @param options - as the folds of `cv`
 * @throws CoppiceError 'PARAMETER', 'DATA' or 'IO'
 */
export async function crossValScore(
  estimator: GBDTClassifier | GBDTRegressor, X: Dataset | MemoryRows, y: Labels | null = null,
  options: FoldOptions = {},
): Promise<number[]> {
  checkOptionNames('crossValScore', options, Object.keys(foldOptionNames))
  const dataset = X instanceof Dataset ? X : Dataset.from(X, y)
  const rows = await readRowsToCut(dataset, estimator.kind === 'classifier')
  const scores: number[] = []
  for (const { train, valid } of await makeFolds(dataset, rows, options)) {
    const fold = await estimator.clone().fit(dataset.selectBits(train))
    scores.push(await fold.score(dataset.selectBits(valid)))
  }
  return scores
}
