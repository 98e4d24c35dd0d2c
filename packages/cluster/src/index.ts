export { LOCAL_WORKERS_MAX } from './protocol/limits.js'
export * from './protocol/messages.js'
export { uselessCa } from './protocol/useless-ca.js'
