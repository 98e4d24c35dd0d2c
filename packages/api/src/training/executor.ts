import { type Executor, InlineExecutor } from '@coppice/engine'
import { defaultThreads, ThreadExecutor } from '@coppice/engine/threads'

/** Below this many cells (rows x features) threads cost more than they save. */
export const inlineCellsMax = 200_000

/** Where a training runs. The model is the same everywhere. */
export function chooseExecutor(
  numThreads: number, size: { readonly nRows: number, readonly nFeatures: number },
): Executor {
  const nThreads = numThreads > 0 ? numThreads : defaultThreads()
  const isSmall = size.nRows * size.nFeatures < inlineCellsMax
  return nThreads === 1 || isSmall ? new InlineExecutor() : new ThreadExecutor(nThreads)
}
