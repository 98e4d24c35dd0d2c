export * from './types.js'
export * from './errors.js'
export { leafValueOf, truncateModel, withLeafValue } from './edit.js'
export { erfc } from './math/erf.js'
export { exp } from './math/exp.js'
export { log, log1p } from './math/log.js'
export { sigmoid, softplus } from './math/logistic.js'
export { fromHex, Sha256, sha256, toHex } from './sha256.js'
export { compareUtf8 } from './text.js'
export { parseUniqueJson, RepeatedKeyError } from './unique-json.js'
export type { ModelHeader } from './format/canonical.js'
export { chainOf, extendChain, formatVersionOf, startChain } from './format/chain.js'
export { parseModel } from './format/parse.js'
export { serializeModel } from './format/serialize.js'
export { FORMAT_VERSION, validateModel } from './format/validate.js'
export { withUsedFeatures } from './lightgbm/used-features.js'
export { formatLightGBM, type TextLayout } from './lightgbm/format.js'
export { requireLightGBMObjective } from './lightgbm/objective-line.js'
export { parseLightGBM } from './lightgbm/parse.js'
export { isLightGBM } from './lightgbm/sections.js'
export {
  customLinks, hasTargets, isForest, isRanking, labelsPerRow, nClassesOf, nOutputsOf,
  objectiveFields, objectiveNumbers, type ObjectiveField,
} from './objective.js'
export { formatCpp } from './code/cpp.js'
export { formatJavaScript } from './code/javascript.js'
export { featureImportances } from './importance.js'
export { type ScoreBounds, scoreBounds } from './inspect/score-bounds.js'
export {
  treeGraph, type TreeGraphInfo, type TreeGraphOptions,
} from './inspect/tree-graph.js'
export { treeColumns, type TreeRow, treeRows } from './inspect/tree-rows.js'
export { type CsrMatrix, CsrRows, isCsr } from './predict/csr.js'
export { checkMatrixKeys } from './predict/matrix-keys.js'
export type { Cell, CodedTexts, Columns, Matrix, PredictInput, Row } from './predict/input.js'
export type { PackedRows } from './predict/row-source.js'
export { type EarlyStop, mayStopEarly } from './predict/early-stop.js'
export { ZERO_THRESHOLD } from './predict/forest.js'
export type { IterationRange } from './predict/iterations.js'
export {
  classIndices, isBinary, nProbabilities, predictedNumber, probabilitiesOf,
} from './predict/link.js'
export {
  createPredictor, Predictor, type PredictorOptions, type RowPacker,
} from './predict/predictor.js'
