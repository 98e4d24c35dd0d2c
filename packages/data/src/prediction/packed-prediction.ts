/** Predictions as they travel: numbers in few bytes, which give back the predictions exactly. */
import { assert, isBinary, type Model, type Predictor, type Scalar } from '@coppice/model'
import type { Prediction, PredictionType } from './predict-columns.js'

/**
 * Row-major. Probabilities of a binary model: p of the second class, rows x 1, since the first is
 * 1 - p; classes as indices into those of the model; raw scores and all else as they are. Indices
 * are of the narrowest type that holds all that the model can give.
 */
export type PackedPrediction = Float64Array | Int32Array | Uint16Array | Uint8Array

/** What packing needs to know of a model. */
export type PackingModel = Pick<Model, 'objective' | 'classes' | 'trees'>

/** Packs a prediction of a model. */
export function packPrediction<T extends PredictionType>(
  model: PackingModel,
  type: T,
  prediction: Prediction[T],
): PackedPrediction {
  switch (type) {
    case 'class': {
      const classes = prediction as readonly Scalar[]
      const indexOf = new Map(model.classes?.map((value, k) => [value, k]))
      const indices = narrowArray(model.classes?.length ?? 0, classes.length)
      for (const [row, value] of classes.entries()) indices[row] = indexOf.get(value)!
      return indices
    }
    case 'leaf': {
      const leaves = prediction as Int32Array
      const packed = narrowArray(leavesMax(model), leaves.length)
      packed.set(leaves)
      return packed
    }
    default: {
      const numbers = prediction as Float64Array
      if (type !== 'probability' || !isBinary(model.objective)) return numbers
      const ps = new Float64Array(numbers.length / 2)
      for (let row = 0; row < ps.length; row++) ps[row] = numbers[2 * row + 1]!
      return ps
    }
  }
}

/** The inverse of `packPrediction`. */
export function unpackPrediction<T extends PredictionType>(
  model: PackingModel,
  type: T,
  packed: PackedPrediction,
): Prediction[T] {
  const unpack: { readonly [K in PredictionType]: () => Prediction[K] } = {
    class: () => Array.from(packed, (index) => model.classes![index]!),
    leaf: () => (packed instanceof Int32Array ? packed : Int32Array.from(packed)),
    raw: () => floats(packed),
    contribution: () => floats(packed),
    probability: () => {
      const numbers = floats(packed)
      if (!isBinary(model.objective)) return numbers
      const both = new Float64Array(numbers.length * 2)
      for (let row = 0; row < numbers.length; row++) {
        const p = numbers[row]!
        both[2 * row] = 1 - p
        both[2 * row + 1] = p
      }
      return both
    },
  }
  return unpack[type]()
}

/** What the size of a packed prediction depends on. */
export type PackedSize = Pick<Predictor, 'model' | 'nOutputs' | 'nTrees' | 'nFeatures'>

/** Numbers of a packed prediction per row, and the bytes of each. */
export function packedWidth(
  { model, nOutputs, nTrees, nFeatures }: PackedSize,
  type: PredictionType,
): { readonly nNumbers: number; readonly numberBytes: number } {
  switch (type) {
    case 'class':
      return { nNumbers: 1, numberBytes: indexBytes(model.classes?.length ?? 0) }
    case 'leaf':
      return { nNumbers: nTrees, numberBytes: indexBytes(leavesMax(model)) }
    case 'contribution': return {
      nNumbers: nOutputs * (nFeatures + 1), numberBytes: Float64Array.BYTES_PER_ELEMENT,
    }
    case 'raw':
    case 'probability':
      return { nNumbers: nOutputs, numberBytes: Float64Array.BYTES_PER_ELEMENT }
  }
}

function floats(packed: PackedPrediction): Float64Array {
  assert(packed instanceof Float64Array, 'scores and probabilities are doubles')
  return packed
}

function leavesMax({ trees }: PackingModel): number {
  return trees.reduce((most, { leafValue }) => Math.max(most, leafValue.length), 0)
}

function indexBytes(limit: number): number {
  return narrowArray(limit, 0).BYTES_PER_ELEMENT
}

/** For indices below a limit. */
function narrowArray(limit: number, length: number): Uint8Array | Uint16Array | Int32Array {
  if (limit <= 0x100) return new Uint8Array(length)
  return limit <= 0x1_0000 ? new Uint16Array(length) : new Int32Array(length)
}
