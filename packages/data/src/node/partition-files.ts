/** The files of a data set on one machine: whether they are what a manifest promises. */
import { createHash } from 'node:crypto'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoppiceError } from '@coppice/model'
import { throwIfAborted } from '../loading/inline-runner.js'
import { ioError } from './file-source.js'
import type { SourceOptions } from './open-source.js'
import { bytesOf, hashFile, openRef, sourceRefs } from './source-partitions.js'
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

/** Files from elsewhere that are fetched at a time. */
const nFetches = 4

export class PartitionFiles {
  /** One per partition. */
  readonly refs: readonly SourceRef[]
  readonly #sources: readonly PartitionSource[]
  readonly #tempFolder: string
  /** By path: the state of a file in which it had the hash that was promised. */
  readonly #checked = new Map<string, Promise<string>>()

  constructor(
    sources: readonly PartitionSource[],
    options: SourceOptions & { readonly tempFolder?: string | undefined },
  ) {
    this.#sources = sources
    this.#tempFolder = options.tempFolder ?? tmpdir()
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
    const check = checkFile(path, state, expected.hash)
    this.#checked.set(path, check)
    await check
  }

  /**
   * Makes files ready: local ones are checked, those from elsewhere that a manifest promises are
   * copied and checked, so that exactly the checked bytes are read.
   */
  async open(partitionIdx: readonly number[], signal?: AbortSignal): Promise<OpenFiles> {
    const refs = partitionIdx.map((index) => this.refs[index]!)
    const states = new Map<string, string>()
    const copies: number[] = []
    for (const [i, index] of partitionIdx.entries()) {
      const { uri, expected } = this.#sources[index]!
      if (!isLocalUri(uri)) {
        if (expected !== null) copies.push(i)
        continue
      }
      const path = localPath(uri)
      states.set(path, await fileState(path))
      await this.checkLocal(index, signal)
    }
    const folder = copies.length === 0 ? null : await makeFolder(this.#tempFolder)
    const close = async () => {
      if (folder !== null) await rm(folder, { recursive: true, force: true })
    }
    try {
      await inParallel(nFetches, copies, async (i) => {
        throwIfAborted(signal)
        const ref = refs[i]!
        const path = join(folder!, String(i))
        const { hash } = this.#sources[partitionIdx[i]!]!.expected!
        await fetchFile(ref, path, hash, signal)
        refs[i] = { uri: path, format: ref.format, name: ref.name }
      })
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

async function checkFile(path: string, state: string, expected: string): Promise<string> {
  requireHash(path, await hashFile(path), expected)
  return state
}

function requireHash(name: string, found: string, expected: string): void {
  if (found === expected) return
  throw new CoppiceError(
    'DATA',
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

async function fetchFile(
  ref: SourceRef,
  path: string,
  expected: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = await openRef(ref)
  const hash = createHash('sha256')
  try {
    const file = await open(path, 'w')
    try {
      for await (const bytes of bytesOf(source)) {
        throwIfAborted(signal)
        hash.update(bytes)
        await file.writeFile(bytes)
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw ioError(`cannot copy ${source.name} to ${path}`, error)
  } finally {
    await source.close()
  }
  requireHash(source.name, hash.digest('hex'), expected)
}

/** Runs `work` for all items, some at a time. Rejects with the first error in time. */
async function inParallel<T>(
  nAtATime: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items]
  let hasFailed = false
  const workOn = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined && !hasFailed; item = left.shift()) {
      await work(item)
    }
  }
  const workers = Array.from({ length: nAtATime }, () =>
    workOn().catch((error: unknown) => {
      hasFailed = true
      throw error
    }),
  )
  const results = await Promise.allSettled(workers)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
