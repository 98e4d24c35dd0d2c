// The kernels of the engine, one a file. No kernel allocates, keeps state or calls out; the caller
// owns the whole (imported) memory. Contracts are written once, in src/kernels/api.ts; naive twins
// are in src/kernels/reference*.ts.
export { widen, widenHalf } from './widen'
export { sumColumns, widenBundles } from './widen-bundles'
export { addSums, subtractSums, sumBins } from './sums'
export { coarsen } from './coarsen'
export { partition, partitionNarrow } from './partition'
export { rearrange, rearrangeNarrow, misplaced, exchangeRows } from './rearrange'
export { spreadBits } from './spread-bits'
export { decide, decideWide, divide, gatherRows } from './divide'
export { scan } from './scan'
export { scanConstrained } from './scan-constrained'
export { bag } from './bag'
export {
  importanceKeys, tallyKeys, markByKey, markByClass, keepMarked, weighMarked, drawRows,
} from './row-sample'
export { binaryGradients } from './gradients-binary'
export { residuals, residualGradients } from './gradients-regression'
export { pointwiseMaximum, pointwiseGradients } from './gradients-pointwise'
export { signGradients } from './gradients-sign'
export { shapedMaximum, shapedGradients } from './gradients-shaped'
export { xentLambdaGradients } from './gradients-xent-lambda'
export { softmaxGradients } from './gradients-softmax'
export { lambdaGradients, xendcgGradients, putRounded } from './gradients-ranking'
export { placeEntries } from './place-entries'
export { addScores, copyRows, putGradients, scatterLeaf } from './records'
export { walkTree, walkTreeWide } from './walk'
export { linearMoments } from './linear-moments'
export { expLanes } from './exp'
export { keepStored, sortValues, countDistinct, mergeCounted } from './values'
export {
  searchDoubles, searchDoublesLong, searchDoublesCurved,
  searchFloats, searchFloatsLong, searchFloatsCurved, lookUpCodes,
} from './search'
