/** The files of a data set on one machine: whether they are what a manifest promises. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoppiceError } from '@coppice/model'
import { throwIfAborted } from '../loading/inline-runner.js'
import { allInOrder } from './all-in-order.js'
import { ioError } from './file-source.js'
import type { SourceOptions } from './open-source.js'
import type { CopyTask } from './pool-messages.js'
import { sourceRefs } from './source-partitions.js'
import type { PartitionSource, SourceRef } from './source-ref.js'
import { isLocalUri, localPath } from './uri.js'

/** Files that are ready to be read. */
export interface OpenFiles {
  /** One per partition asked for. */
  readonly refs: readonly SourceRef[]
  /** Rejects with CoppiceError 'IO' when a file was changed since it was opened. */
  requireSame(): Promise<void>
  /** Removes copies. */
  close(): Promise<void>
}

/** What hashes and copies; neither is work for the calling thread. */
export interface FileTasks {
  /** SHA-256 of a partition's file. */
  hash(partitionIdx: number, signal?: AbortSignal): Promise<string>
  /** Copies partitions' files; returns the SHA-256 of each copy. */
  copy(copies: readonly CopyTask[], signal?: AbortSignal): Promise<string[]>
}

export class PartitionFiles {
  /** One per partition. */
  readonly refs: readonly SourceRef[]
  readonly #sources: readonly PartitionSource[]
  readonly #tempFolder: string
  readonly #tasks: FileTasks
  /** By path: the state of a file in which it had the hash that was promised. */
  readonly #checked = new Map<string, Promise<string>>()

  constructor(
    sources: readonly PartitionSource[],
    options: SourceOptions & { readonly tempFolder?: string | undefined },
    tasks: FileTasks,
  ) {
    this.#sources = sources
    this.#tempFolder = options.tempFolder ?? tmpdir()
    this.#tasks = tasks
    const files = sources.map(({ uri, format }) => ({ path: uri, format }))
    this.refs = sourceRefs(files, options)
  }

  /**
   * Checks a local file against its manifest, unless it was checked as it is now. A file
   * elsewhere is the same for every machine: it was checked when it was surveyed.
   */
  async checkLocal(partitionIdx: number, signal?: AbortSignal): Promise<void> {
    const { uri, expected } = this.#sources[partitionIdx]!
    if (expected === null || !isLocalUri(uri)) return
    throwIfAborted(signal)
    const path = localPath(uri)
    const state = await fileState(path)
    const known = this.#checked.get(path)
    if (known !== undefined && (await known.catch(() => null)) === state) return
    // Others may wait for this check, so one who gives up does not end it.
    const check = this.#tasks.hash(partitionIdx).then((hash) => {
      requireHash(path, hash, expected.hash)
      return state
    })
    this.#checked.set(path, check)
    await check
  }

  /** Takes note of a file's hash that was computed for another reason. */
  noteHash(partitionIdx: number, state: string | null, hash: string): void {
    const { uri, expected } = this.#sources[partitionIdx]!
    if (state === null || hash !== expected?.hash) return
    this.#checked.set(localPath(uri), Promise.resolve(state))
  }

  /** What changes when a file does; null for files elsewhere. */
  async stateOf(partitionIdx: number): Promise<string | null> {
    const { uri } = this.#sources[partitionIdx]!
    return isLocalUri(uri) ? fileState(localPath(uri)) : null
  }

  /**
   * Makes files ready: local ones are checked, those from elsewhere that a manifest promises are
   * copied and checked, so that exactly the checked bytes are read.
   */
  async open(partitionIdx: readonly number[], signal?: AbortSignal): Promise<OpenFiles> {
    const refs = partitionIdx.map((index) => this.refs[index]!)
    const states = new Map<string, string>()
    const copied: number[] = []
    const checks: Promise<void>[] = []
    for (const [i, index] of partitionIdx.entries()) {
      const { uri, expected } = this.#sources[index]!
      if (isLocalUri(uri)) {
        states.set(localPath(uri), await fileState(localPath(uri)))
        checks.push(this.checkLocal(index, signal))
      } else if (expected !== null) {
        copied.push(i)
      }
    }
    await allInOrder(checks)
    if (copied.length === 0) {
      return { refs, requireSame: () => requireSame(states), close: () => Promise.resolve() }
    }
    const folder = await makeFolder(this.#tempFolder)
    const close = () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
    try {
      const copies = copied.map((i): CopyTask => {
        return { kind: 'copy', partitionIdx: partitionIdx[i]!, path: join(folder, String(i)) }
      })
      const hashes = await this.#tasks.copy(copies, signal)
      for (const [k, i] of copied.entries()) {
        const { format, name } = refs[i]!
        requireHash(name!, hashes[k]!, this.#sources[partitionIdx[i]!]!.expected!.hash)
        refs[i] = { uri: copies[k]!.path, format, name }
      }
    } catch (error) {
      await close()
      throw error
    }
    return { refs, requireSame: () => requireSame(states), close }
  }
}

async function requireSame(states: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, state] of states) {
    if ((await fileState(path)) === state) continue
    throw new CoppiceError(
      'IO',
      `${path} was changed while it was read; leave files alone while they are loaded`,
    )
  }
}

/** Changes with every write to the file, or when another takes its place. */
async function fileState(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join()
  } catch (error) {
    throw ioError(`cannot read ${path}`, error)
  }
}

/** @throws CoppiceError 'IO': where files are elsewhere, another machine may have the right one */
function requireHash(name: string, found: string, expected: string): void {
  if (found === expected) return
  throw new CoppiceError(
    'IO',
    `${name} has the SHA-256 ${found} but its manifest says ${expected}: it was changed or ` +
      `damaged; restore it or write the manifest again`,
  )
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'coppice-'))
  } catch (error) {
    throw ioError(`cannot make a temporary folder in ${parent}`, error)
  }
}
