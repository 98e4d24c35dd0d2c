export {
  allBins, makeDataset, recut, reorder, wholeNumberMapper, type DataRecipe, type FeatureRecipe,
  type MadeDataset,
} from './datasets.js'
export { trainByIntegerOracle } from './integer-oracle.js'
export { nearestEven, powerAbove } from './naive-numbers.js'
export type { NaiveObjective } from './naive-loss.js'
export { describeObjective } from './naive-objective.js'
export { naivePercentile, selectNaively, type SelectableRow } from './naive-selection.js'
export { makeKnownTree, type KnownTreeData, type Region } from './known-tree.js'
export { TestRandom } from './random.js'
export {
  keepRaw, type RawDataset, recutRaw, withRawValues, withSlopes,
} from './raw-values.js'
export { auditLinearLeaves, type LinearAudit } from './linear-oracle.js'
export { auditByFloatOracle, trainByFloatOracle, type FloatAudit } from './float-oracle.js'
