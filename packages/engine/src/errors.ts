export { CoppiceError, assert, type ErrorCode } from '@coppice/model'
