export * from '@coppice/api'
