import {
  type CacheNotice, findOtherLength, ioError, makeFolder, type PartitionLoaderOptions, prepareCache,
  type SourceOptions,
} from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'
import type { SourcePartition } from '../protocol/messages.js'
import { coordinatorPath, parseCoordinatorUrl } from '../transport/coordinator-url.js'
import { readCa } from '../transport/tls-files.js'
import type { Token } from '../transport/token.js'

/** How a worker reaches files. */
export interface WorkerFileOptions {
  /** Name of this worker, for messages. */
  readonly worker: string
  readonly coordinator: string
  readonly token: Token | null
  readonly caFile: string | null
  /** How files elsewhere are fetched, and where copies of them are kept meanwhile. */
  readonly source: SourceOptions & { readonly tempFolder?: string | undefined }
  /** Hears why files are not kept in the cache. */
  readonly onNotice?: ((text: string) => void) | undefined
}

/** A file that is not the one that was planned. */
export class OtherFileError extends CoppiceError {
  /** Its index among the sources asked for. */
  readonly index: number

  constructor(message: string, index: number) {
    super('DATA', message)
    this.index = index
  }
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
  readonly #worker: string
  readonly #told = new Set<CacheNotice['topic']>()

  /** Rejects with CoppiceError 'IO' or 'PARAMETER' for a bad address, CA file or cache. */
  static async open(options: WorkerFileOptions): Promise<WorkerFiles> {
    const ca = options.caFile === null ? null : (await readCa(options.caFile)).toString()
    const { cache } = options.source
    if (cache !== undefined) {
      await ownFolder(cache.folder)
      await prepareCache(cache)
    }
    return new WorkerFiles(options, ca)
  }

  private constructor(
    { worker, coordinator, token, source, onNotice }: WorkerFileOptions, ca: string | null,
  ) {
    const base = coordinatorPath(parseCoordinatorUrl(coordinator), '').href
    this.#worker = worker
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

  /**
   * Makes sure that this worker sees the files that were planned, all of them, by their lengths:
   * of a file that is another one here its rows would be others, and nobody would notice. Those
   * that a manifest promises are checked by their hash when they are read.
   *
   * @param planned - one for each source
   * @throws OtherFileError that names the file and both lengths
   */
  async requirePlanned(
    sources: readonly SourcePartition[], planned: readonly { readonly byteLength: number }[],
  ): Promise<void> {
    const looked = [...planned.keys()].filter((i) => sources[i]?.expected === null)
    const other = await findOtherLength(looked.map((i) =>
      ({ uri: this.locate(sources[i]!.uri), byteLength: planned[i]!.byteLength })))
    if (other === null) return
    const { path, found, expected, index } = other
    throw new OtherFileError(`${path} has ${found} bytes on worker ${this.#worker}, but had ` +
      `${expected} where the data were planned: other workers see another file of this name, or ` +
      'it was changed since; all workers must see the same files', looked[index]!)
  }

  #isUpload(uri: string): boolean {
    return uri.startsWith(`${this.#base}/v1/data/`)
  }
}

/** What was fetched with a secret is nobody else's. */
async function ownFolder(path: string): Promise<void> {
  try {
    await makeFolder(path, 0o700)
  } catch (error) {
    throw ioError(`cannot use the folder ${path} as a cache`, error)
  }
}
