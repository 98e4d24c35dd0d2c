import { Booster, type TrainingCallback } from '@coppice/api'
import { type ModelWriting, writeModel } from '../model-format.js'

/**
 * Writes the model so far beside its file every so many iterations, under LightGBM's names:
 * `model.txt.snapshot_iter_10` (GBDT::Train, src/boosting/gbdt.cpp).
 */
export function snapshotCallback(
  path: string, how: ModelWriting, every: number,
): TrainingCallback {
  return async ({ iteration }, { model }) => {
    if ((iteration + 1) % every !== 0) return
    await writeModel(new Booster(model()), `${path}.snapshot_iter_${iteration + 1}`, how)
  }
}
