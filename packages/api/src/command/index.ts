export { nearestName } from '@coppice/data'
export { ioError, openAtomicFile, writeFileAtomically } from '@coppice/data/node'
export { requireWritable } from './writable.js'
