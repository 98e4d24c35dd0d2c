/** Rows that were packed, read again. */
import { CoppiceError } from '../errors.js'
import { type PackedRows, packView, type RowSource } from './row-source.js'

/**
 * Rows that a source packed: a view.
 * @param nAll - features of the model
 */
export function packedSource(
  { values, nFeatures, features, isByColumn }: Omit<PackedRows, 'isView'>, nAll: number,
): RowSource {
  if (nFeatures === 0 || values.length % nFeatures !== 0) throw misshapen(values, nFeatures)
  const nRows = values.length / nFeatures
  if (features !== null) {
    return {
      nRows,
      fill: (first, count, out) => {
        out.fill(0, 0, count * nAll)
        for (let r = 0; r < count; r++) {
          for (let i = 0; i < nFeatures; i++) {
            out[r * nAll + features[i]!] = values[(first + r) * nFeatures + i]!
          }
        }
      },
      pack: packView(values, nFeatures, features),
    }
  }
  if (!isByColumn) {
    return {
      nRows,
      fill: (first, count, out) => {
        out.set(values.subarray(first * nFeatures, (first + count) * nFeatures))
      },
      pack: packView(values, nFeatures),
    }
  }
  return {
    nRows,
    fill: (first, count, out) => {
      for (let f = 0; f < nFeatures; f++) {
        for (let r = 0; r < count; r++) out[r * nFeatures + f] = values[f * nRows + first + r]!
      }
    },
    pack: (first, count, scratch) => {
      const own = scratch(count * nFeatures).subarray(0, count * nFeatures)
      for (let f = 0, at = first; f < nFeatures; f++, at += nRows) {
        own.set(values.subarray(at, at + count), f * count)
      }
      return { values: own, nFeatures, features: null, isByColumn, isView: false }
    },
  }
}

function misshapen({ length }: ArrayLike<number>, nFeatures: number): CoppiceError {
  return new CoppiceError('DATA', `encoded rows must have ${nFeatures} values each (the model's ` +
    `features), got ${length} values in all`)
}
