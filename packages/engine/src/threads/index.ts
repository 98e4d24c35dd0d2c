export { defaultThreads } from './default-threads.js'
export { ThreadExecutor } from './thread-executor.js'
