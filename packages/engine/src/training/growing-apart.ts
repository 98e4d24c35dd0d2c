import { estimateTraining, treeArenaBytes, ARENA_BYTES_MAX, type TrainingSize }
  from './memory-estimate.js'

/**
 * Measured on two threads of the benchmarks' machine: a tree takes one thread some 2.5 ns per row
 * and feature (at 31 leaves), and all threads together 0.1 ms more for each leaf, in which they
 * meet, and hand each other sums.
 */
const TREE_NS_PER_VALUE = 2.5
const MEETING_NS_PER_LEAF = 100_000
/** What growing apart has to save, for the memory that it takes. */
const LEAST_SAVING = 0.1
/** Memory that is always given for it, and how many times that of growing together. */
const MEMORY_AT_LEAST = 268_435_456
const MEMORY_FACTOR = 2
/** The most of the memory there is. */
const MEMORY_SHARE = 0.5

/**
 * Whether each tree of an iteration is better grown by one thread, over all rows, than by all
 * threads, each over its rows: where there are trees enough for all threads, and rows few enough
 * that threads would meet too often. Every thread then holds all rows. No byte of the model depends
 * on it.
 *
 * @param limitBytes - memory that there is for the training; Infinity where that is not known
 */
export function paysToGrowApart(size: TrainingSize, limitBytes: number): boolean {
  const { nOutputs, nThreads, nRows, nFeatures, nColumns = nFeatures, numLeaves } = size
  if (nOutputs < 2 || nThreads < 2) return false
  const tree = nRows * nColumns * TREE_NS_PER_VALUE
  const meetings = Math.min(numLeaves, nRows) * MEETING_NS_PER_LEAF
  const apart = Math.ceil(nOutputs / nThreads) * tree
  const together = nOutputs * (tree / nThreads + meetings)
  if (apart > (1 - LEAST_SAVING) * together) return false
  const all: TrainingSize = { ...size, growsApart: true }
  const bytes = estimateTraining(all)
  return treeArenaBytes(all) <= ARENA_BYTES_MAX && bytes <= MEMORY_SHARE * limitBytes &&
    bytes <= Math.max(MEMORY_AT_LEAST, MEMORY_FACTOR * estimateTraining(size))
}
