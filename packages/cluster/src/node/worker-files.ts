import {
  type CacheNotice, type PartitionLoaderOptions, prepareCache, type SourceOptions,
} from '@coppice/data/node'
import { coordinatorPath, parseCoordinatorUrl } from '../transport/coordinator-url.js'
import { readCa } from '../transport/tls-files.js'
import type { Token } from '../transport/token.js'

/** How a worker reaches files. */
export interface WorkerFileOptions {
  readonly coordinator: string
  readonly token: Token | null
  readonly caFile: string | null
  /** How files elsewhere are fetched, and where copies of them are kept meanwhile. */
  readonly source: SourceOptions & { readonly tempFolder?: string | undefined }
  /** Hears why files are not kept in the cache. */
  readonly onNotice?: ((text: string) => void) | undefined
}

/** What clients uploaded, named by its SHA-256. */
const uploadPath = /\/v1\/data\/[0-9a-f]{64}(\.json)?$/

/**
 * Files as this worker reaches them. What clients uploaded is fetched from the coordinator that
 * this worker knows, which may have another address here than where the client was; to it, and to
 * nobody else, the token is shown.
 */
export class WorkerFiles {
  /** For loaders and `resolveInputs`. */
  readonly options: PartitionLoaderOptions
  readonly #base: string
  readonly #told = new Set<CacheNotice['topic']>()

  /** Rejects with CoppiceError 'IO' or 'PARAMETER' for a bad address, CA file or cache. */
  static async open(options: WorkerFileOptions): Promise<WorkerFiles> {
    const ca = options.caFile === null ? null : (await readCa(options.caFile)).toString()
    if (options.source.cache !== undefined) await prepareCache(options.source.cache)
    return new WorkerFiles(options, ca)
  }

  private constructor(
    { coordinator, token, source, onNotice }: WorkerFileOptions, ca: string | null,
  ) {
    const base = coordinatorPath(parseCoordinatorUrl(coordinator), '').href
    this.#base = base.replace(/^ws/, 'http').replace(/\/+$/, '')
    this.options = {
      ...source,
      headersFor: (uri) =>
        (token !== null && this.#isUpload(uri) ? { Authorization: token.header }
          : source.headersFor?.(uri)),
      ...(ca === null ? {} : { http: { ...source.http, ca } }),
      onCacheNotice: ({ topic, text }) => {
        if (this.#told.has(topic)) return
        this.#told.add(topic)
        onNotice?.(text)
      },
    }
  }

  /** Where this worker finds a file. */
  locate(uri: string): string {
    if (!/^https?:/i.test(uri) || !URL.canParse(uri)) return uri
    const upload = uploadPath.exec(new URL(uri).pathname)?.[0]
    return upload === undefined ? uri : this.#base + upload
  }

  #isUpload(uri: string): boolean {
    return uri.startsWith(`${this.#base}/v1/data/`)
  }
}
