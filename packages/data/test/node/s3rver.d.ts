declare module 's3rver' {
  import type { Server } from 'node:http'

  /** A server that speaks the protocol of S3 and keeps objects in a folder. */
  export default class S3rver {
    constructor(options: {
      port: number
      address: string
      silent: boolean
      directory: string
      configureBuckets: readonly { readonly name: string }[]
    })
    run(): Promise<{ readonly port: number }>
    /** Once it runs. */
    readonly httpServer: Server
    close(): Promise<void>
  }
}
