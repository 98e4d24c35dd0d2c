// The kernels that walk blocks of rows down a forest. No kernel allocates, keeps state or calls
// out; the caller owns the whole (imported) memory. Contracts are written once, in
// ../src/predict/block-kernels.ts.
export { keysOfCategories, keysOfDoubles, keysOfFloats } from './keys'
export { addLeaves, keysOfRow, walkTrees, walkTreesWithSets } from './row'
export { walk, walkSets } from './walk'
