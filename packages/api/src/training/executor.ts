import { type Executor, InlineExecutor } from '@coppice/engine'
import { type CustomCode, requireUnbound } from './custom.js'
import { compilesBeside, defaultThreads, ThreadExecutor } from '@coppice/engine/threads'

/**
 * Below this many cells (rows x features) threads cost more than they save: starting them and
 * the barriers between the rounds. Measured with 31 leaves on two busy cores: 20 iterations of
 * 1 M cells take 111 ms inline and 198 ms on two threads, 2 M 177 and 261, 4 M 346 and 320; more
 * cores pay sooner.
 */
const smallCellsMax = 2_000_000

/** No code of the user's. */
const noCode: CustomCode = { modules: [], inline: [], boundBy: null }

/** How much there is to train on. */
export interface TrainingCells {
  readonly nRows: number
  readonly nFeatures: number
  /** Trees of one iteration, which threads can grow apart; default 1. */
  readonly nTrees?: number
}

/**
 * What a thread has to have at least, so that a machine of many cores does not spend its time on
 * barriers: 2 M cells take as long on two threads as on one, 28 M two thirds of the time.
 */
const threadCellsMin = 1_000_000

/**
 * Below this many cells compute threads that have all processors between them take longer than one
 * fewer, where V8 compiles at the same time for each of them. Two processors, Node 20, 100
 * iterations of 31 leaves in a new process, whole fit with one and two threads: 2 M cells 0.89 and
 * 1.18 s, 4 M 1.33 and 1.49, 8 M 2.24 and 2.03; after `dedicateProcess` 4 M 1.42 and 1.27.
 */
const compiledCellsMin = 6_000_000

/** So small that an iteration takes milliseconds. */
function isSmall({ nRows, nFeatures, nTrees = 1 }: TrainingCells): boolean {
  return nRows * nFeatures * nTrees < smallCellsMax
}

/**
 * Threads for a training of this size.
 * @param numThreads - as asked for; 0 for as many as there are cores, as far as that pays
 * @param leavesRoom - for V8's compiler, in short trainings
 */
export function chooseThreads(
  numThreads: number, size: TrainingCells, nCores = defaultThreads(),
  leavesRoom = compilesBeside(),
): number {
  if (numThreads > 0) return numThreads
  if (isSmall(size)) return 1
  const { nRows, nFeatures, nTrees = 1 } = size
  const perTree = nRows * nFeatures / threadCellsMin
  // there is no barrier between threads that have a tree each
  const apart = Math.min(nTrees, Math.ceil(perTree * nTrees))
  const wanted = Math.max(Math.ceil(perTree), apart)
  // threads that have a tree each do not wait for each other's compilers either
  const isShort = leavesRoom && nTrees === 1 && nRows * nFeatures < compiledCellsMin
  return Math.max(1, Math.min(wanted, isShort ? nCores - 1 : nCores))
}

/**
 * Where a training runs: small ones in this thread, others on threads of their own, one thread
 * too, so that the caller's stays free for signals and timers. The model is the same.
 *
 * @param code - the user's own; what is bound to this thread is trained here
 * @throws CoppiceError 'PARAMETER' where that contradicts the number of threads
 */
export function chooseExecutor(
  numThreads: number, size: TrainingCells, code: CustomCode = noCode,
): Executor {
  if (code.boundBy !== null) {
    if (numThreads > 1) requireUnbound(code, `num_threads = ${numThreads}`)
    return new InlineExecutor()
  }
  const nThreads = chooseThreads(numThreads, size)
  return nThreads === 1 && isSmall(size) ? new InlineExecutor()
    : new ThreadExecutor(nThreads, code.modules)
}

/** How trainings that go on beside each other share the threads. */
export interface SharedThreads {
  /** Trainings that work at a time. */
  readonly nAtOnce: number
  readonly executor: (size: TrainingCells) => Executor
}

/**
 * Shares threads among trainings of about equal size: as many at a time as use most threads, as
 * threads work better apart than together.
 *
 * @param numThreads - as asked for; 0 for all cores, as far as that pays
 */
export function shareThreads(
  numThreads: number, nTrainings: number, size: TrainingCells, code: CustomCode,
  nCores = defaultThreads(),
): SharedThreads {
  if (code.boundBy !== null) {
    return { nAtOnce: 1, executor: () => chooseExecutor(numThreads, size, code) }
  }
  const all = { ...size, nRows: size.nRows * nTrainings }
  // trainings do not wait for each other
  const nThreads = chooseThreads(numThreads, all, nCores, false)
  const most = Math.min(nTrainings, nThreads)
  const used = (nAtOnce: number): number => nAtOnce * Math.floor(nThreads / nAtOnce)
  let nAtOnce = most
  for (let n = most; n > most / 2; n--) if (used(n) > used(nAtOnce)) nAtOnce = n
  const each = Math.floor(nThreads / nAtOnce)
  const isInline = nThreads === 1 && isSmall(all)
  return {
    nAtOnce,
    executor: () => isInline ? new InlineExecutor() : new ThreadExecutor(each, code.modules),
  }
}
