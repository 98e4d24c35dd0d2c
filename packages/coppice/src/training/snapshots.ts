import { Booster, type TrainingCallback } from '@coppice/api'
import { type ModelWriting, writeModel } from '../model-format.js'

/**
 * Writes the model so far beside its file every so many iterations, under LightGBM's names:
 * `model.txt.snapshot_iter_10` (GBDT::Train, src/boosting/gbdt.cpp).
 *
 * @param nInitial - iterations of a model that the training begins with, which do not count
 */
export function snapshotCallback(
  path: string, how: ModelWriting, every: number, nInitial: number,
): TrainingCallback {
  return async ({ iteration }, { model }) => {
    const nDone = iteration + 1 - nInitial
    if (nDone % every !== 0) return
    await writeModel(new Booster(model()), `${path}.snapshot_iter_${nDone}`, how)
  }
}
