export { collectGarbage } from './collect-garbage.js'
export { defaultThreads } from './default-threads.js'
export { StorePool } from './store-pool.js'
export { ThreadExecutor } from './thread-executor.js'
