import { type Executor, InlineExecutor } from '@coppice/engine'
import { defaultThreads, ThreadExecutor } from '@coppice/engine/threads'

/** Below this many cells (rows x features) starting threads costs more than they save. */
const inlineCellsMax = 200_000

interface Size {
  readonly nRows: number
  readonly nFeatures: number
}

/**
 * Threads for a training of this size.
 * @param numThreads - as asked for; 0 for as many as there are cores
 */
export function chooseThreads(numThreads: number, { nRows, nFeatures }: Size): number {
  const isSmall = nRows * nFeatures < inlineCellsMax
  return isSmall ? 1 : numThreads > 0 ? numThreads : defaultThreads()
}

/** Where a training runs: in this thread, or on threads. The model is the same. */
export function chooseExecutor(numThreads: number, size: Size): Executor {
  const nThreads = chooseThreads(numThreads, size)
  return nThreads === 1 ? new InlineExecutor() : new ThreadExecutor(nThreads)
}
