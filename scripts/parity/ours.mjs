/** Our side: as users train, from memory, here or on a cluster. */
import { createHash } from 'node:crypto'
import { Dataset, paramsFrom, train } from '@coppice/api'
import { sigmoid } from '@coppice/model'

/**
 * Trains and predicts the held-out rows.
 *
 * @param {ReturnType<typeof import('./data.mjs').makeParityData>} data
 * @param {object} params - LightGBM's names
 * @param {{ cluster?: import('@coppice/api').Cluster }} [place] - else threads here
 * @returns {Promise<{ predicted: Float64Array, sha256: string }>}
 */
export async function trainOurs(data, params, place = {}) {
  const { train: rows, test, nFeatures } = data
  const dataset = Dataset.from(matrixOf(rows, nFeatures), rows.y, {
    categorical: data.categorical,
    ...(rows.weight === null ? {} : { weights: rows.weight }),
    ...(rows.initScore === null ? {} : { initScores: rows.initScore }),
    ...(rows.groupSizes === null ? {} : { groupSizes: rows.groupSizes }),
  })
  const booster = await train(paramsFrom(params), dataset, place)
  const type = test.initScore === null ? 'probability' : 'raw'
  const predicted = await booster.predict(matrixOf(test, nFeatures), { type })
  const isBinary = params.objective === 'binary'
  return {
    predicted: type === 'raw' ? withInitScores(predicted, test, params)
      : isBinary ? predicted.filter((_, i) => i % 2 === 1) : predicted,
    sha256: createHash('sha256').update(booster.toString()).digest('hex'),
  }
}

function matrixOf({ x, nRows }, nFeatures) {
  return { data: x, shape: [nRows, nFeatures] }
}

/** Raw scores on top of those that were known before, as predictions. */
export function withInitScores(raw, { initScore }, { objective }) {
  return raw.map((score, row) => {
    const whole = score + initScore[row]
    return objective === 'binary' ? sigmoid(whole) : whole
  })
}
