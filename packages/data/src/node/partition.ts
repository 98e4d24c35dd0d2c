import { createHash, type Hash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CoppiceError } from '@coppice/model'
import { cutRuns, trainRule } from '../cut-rows.js'
import { mergeGroups, scanGroups } from '../loading/groups.js'
import { throwIfAborted } from '../loading/inline-runner.js'
import { formatManifest, type ManifestPartition } from '../manifest.js'
import type { ColumnChunk } from '../reader.js'
import { type ColumnRef, resolveRoles } from '../schema.js'
import { createTableWriter } from '../writers/create-writer.js'
import { type OutputColumn, takeRows, type TableWriter } from '../writers/writer.js'
import { type AtomicFile, openAtomicFile, writeFileAtomically } from './atomic-file.js'
import { ioError } from './file-source.js'
import { findInferredTypes } from './inferred-types.js'
import { openRaw, type RawOptions, type RawTable } from './read-raw.js'
import { refuseUnreadTextOptions } from './unread-text-options.js'

/** Options of `partitionData`. */
export interface PartitionOptions extends RawOptions {
  /** Files, folders, glob patterns or one manifest. */
  readonly inputs: string | readonly string[]
  /** Folder to write to; made if need be, and must be empty. */
  readonly out: string
  /** Number of partitions, in each of train and test when split. */
  readonly partitions: number
  readonly outputFormat?: 'parquet' | 'arrow' | undefined
  /** Share of the rows for train/, in (0, 1); the others go to test/. */
  readonly split?: number | undefined
  /** Seed of the split; default 0. */
  readonly seed?: number | undefined
  /** Column of query ids: a query stays in one partition, and in one of train and test. */
  readonly group?: string | undefined
  /** Columns whose texts are categories, even where most of them look like numbers. */
  readonly categorical?: ColumnRef | readonly ColumnRef[] | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with rows written so far and rows in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** A folder that was written. */
export interface WrittenPartitions {
  /** Path of its manifest. */
  readonly manifest: string
  readonly partitions: readonly ManifestPartition[]
}

/**
 * Cuts readable data into partitions of consecutive rows with a manifest.
 *
 * Streaming: one unit of the input and one row group of each output are in memory. Files appear
 * when they are whole, the manifest last; after an error nothing is left. The same input gives
 * the same bytes.
 *
 * Rejects with CoppiceError: 'PARAMETER' for bad options, 'IO' for a folder that is not empty or
 * a full disk, 'DATA' for what cannot be read, for text among numbers that training would refuse
 * (in the same words), and for a query in two separate runs of rows.
 */
export async function partitionData(options: PartitionOptions): Promise<WrittenPartitions[]> {
  checkOptions(options)
  await requireEmptyFolder(options.out)
  const raw = await openRaw(options.inputs, options)
  const writers: FolderWriter[] = []
  try {
    refuseUnreadTextOptions(raw.partitions, options)
    const runLengths = await findRuns(raw, options)
    const isTrain =
      options.split === undefined ? () => true : trainRule(options.split, options.seed ?? 0)
    const types = await findTypes(raw, options)
    const columns = raw.names.map((name): OutputColumn => ({ name, type: types[name]! }))
    const folders = planFolders(raw.nRows, runLengths, isTrain, options)
    for (const { folder, partRows } of folders) {
      writers.push(new FolderWriter(folder, partRows, columns, options.outputFormat ?? 'parquet'))
    }
    await copyRows(raw, types, runLengths, isTrain, writers, options)
    const written = []
    for (const writer of writers) written.push(await writer.finish())
    return written
  } catch (error) {
    for (const writer of writers) await writer.discard()
    throw error
  } finally {
    await raw.close()
  }
}

/** As training finds them: text among numbers is refused unless it is declared. */
function findTypes(raw: RawTable, options: PartitionOptions) {
  const { group, categorical, schema = {} } = options
  const roles = resolveRoles(raw.names, { categorical })
  const isText = new Set([...roles.categorical].map((column) => raw.names[column]!))
  // Query ids only have to differ.
  if (group !== undefined) isText.add(group)
  return findInferredTypes(raw, schema, isText)
}

function checkOptions({ partitions, split, seed }: PartitionOptions): void {
  if (!(Number.isInteger(partitions) && partitions >= 1 && partitions <= 100_000)) {
    throw new CoppiceError(
      'PARAMETER',
      `partitions must be an integer in [1, 100000], got ${partitions}`,
    )
  }
  if (split !== undefined && !(split > 0 && split < 1)) {
    throw new CoppiceError(
      'PARAMETER',
      `split must be a fraction in (0, 1), such as 0.8, got ${split}`,
    )
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new CoppiceError('PARAMETER', `seed must be an integer, got ${seed}`)
  }
}

async function requireEmptyFolder(out: string): Promise<void> {
  let names: string[]
  try {
    names = await readdir(out)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return
    throw ioError(`cannot write to ${out}`, error)
  }
  if (names.length === 0) return
  throw new CoppiceError(
    'IO',
    `the folder ${out} is not empty (it holds ${names[0]}); old partitions would mix with new ` +
      `ones: empty it or name another`,
  )
}

/** Lengths of the query groups, or null where each row stands alone. */
async function findRuns(
  raw: RawTable,
  { group, schema }: PartitionOptions,
): Promise<Uint32Array | null> {
  if (group === undefined) return null
  const types = await raw.findTypes([group], schema ?? {})
  const units = []
  for await (const unit of raw.units([group], types)) {
    const { partition, firstRow, nRows } = unit
    const place = { partition, firstRow, partitionRow: firstRow, nRows }
    // The input is one sequence of rows: a query may cross its partitions, that is to be mended.
    units.push({ partition: 'the input', groups: scanGroups(group, place, unit.columns[0]!) })
  }
  return mergeGroups(group, units)
}

interface PlannedFolder {
  readonly folder: string
  readonly partRows: readonly number[]
}

function planFolders(
  nRows: number,
  runLengths: Uint32Array | null,
  isTrain: (firstRow: number) => boolean,
  { out, partitions, split }: PartitionOptions,
): PlannedFolder[] {
  if (split === undefined) {
    return [{ folder: out, partRows: cutRuns(runs(nRows, runLengths), nRows, partitions) }]
  }
  return [true, false].map((wanted) => {
    const folder = join(out, wanted ? 'train' : 'test')
    const kept = () => keptRuns(nRows, runLengths, (row) => isTrain(row) === wanted)
    let nKept = 0
    for (const length of kept()) nKept += length
    if (nKept === 0) {
      throw new CoppiceError(
        'DATA',
        `the split leaves no row for ${wanted ? 'train' : 'test'} of ${nRows}; use more rows, ` +
          `another fraction or another seed`,
      )
    }
    return { folder, partRows: cutRuns(kept(), nKept, partitions) }
  })
}

function* runs(nRows: number, runLengths: Uint32Array | null): Generator<number> {
  if (runLengths !== null) yield* runLengths
  else for (let row = 0; row < nRows; row++) yield 1
}

function* keptRuns(
  nRows: number,
  runLengths: Uint32Array | null,
  isKept: (firstRow: number) => boolean,
): Generator<number> {
  let row = 0
  for (const length of runs(nRows, runLengths)) {
    if (isKept(row)) yield length
    row += length
  }
}

async function copyRows(
  raw: RawTable,
  types: Readonly<Record<string, ColumnChunk['type']>>,
  runLengths: Uint32Array | null,
  isTrain: (firstRow: number) => boolean,
  writers: readonly FolderWriter[],
  { signal, onProgress }: PartitionOptions,
): Promise<void> {
  const firstOfRun = runStarts(runLengths)
  for await (const { firstRow, nRows, columns } of raw.units(raw.names, types)) {
    throwIfAborted(signal)
    if (writers.length === 1) {
      await writers[0]!.write(columns, nRows)
    } else {
      const train: number[] = []
      const test: number[] = []
      for (let row = 0; row < nRows; row++) {
        const part = isTrain(firstOfRun(firstRow + row)) ? train : test
        part.push(row)
      }
      for (const [i, rows] of [train, test].entries()) {
        const taken = Int32Array.from(rows)
        await writers[i]!.write(
          columns.map((chunk) => takeRows(chunk, taken)),
          rows.length,
        )
      }
    }
    onProgress?.(firstRow + nRows, raw.nRows)
  }
}

/** The first row of a row's run; rows must be asked in ascending order. */
function runStarts(runLengths: Uint32Array | null): (row: number) => number {
  if (runLengths === null) return (row) => row
  let run = 0
  let start = 0
  return (row) => {
    while (row >= start + runLengths[run]!) start += runLengths[run++]!
    return start
  }
}

/** Writes the partitions of one folder, one after the other. */
class FolderWriter {
  readonly #folder: string
  readonly #partRows: readonly number[]
  readonly #columns: readonly OutputColumn[]
  readonly #format: 'parquet' | 'arrow'
  readonly #written: ManifestPartition[] = []
  #open: { file: AtomicFile; writer: TableWriter; hash: Hash; nLeft: number } | null = null

  constructor(
    folder: string,
    partRows: readonly number[],
    columns: readonly OutputColumn[],
    format: 'parquet' | 'arrow',
  ) {
    this.#folder = folder
    this.#partRows = partRows
    this.#columns = columns
    this.#format = format
  }

  async write(columns: readonly ColumnChunk[], nRows: number): Promise<void> {
    for (let start = 0; start < nRows;) {
      const open = (this.#open ??= await this.#start())
      const end = Math.min(nRows, start + open.nLeft)
      if (end > start) {
        const rows = Int32Array.from({ length: end - start }, (_, i) => start + i)
        const isAll = start === 0 && end === nRows
        await open.writer.write(isAll ? columns : columns.map((chunk) => takeRows(chunk, rows)))
      }
      open.nLeft -= end - start
      start = end
      if (open.nLeft === 0) await this.#end(open)
    }
  }

  /** Writes what is left, empty partitions too, and the manifest. */
  async finish(): Promise<WrittenPartitions> {
    while (this.#written.length < this.#partRows.length) {
      await this.#end(this.#open ?? (await this.#start()))
    }
    const manifest = join(this.#folder, 'manifest.json')
    await writeFileAtomically(manifest, formatManifest(this.#written))
    return { manifest, partitions: this.#written }
  }

  /** Removes everything that was written. */
  async discard(): Promise<void> {
    await this.#open?.file.discard()
    for (const { uri } of this.#written) await rm(join(this.#folder, uri), { force: true })
    await rm(join(this.#folder, 'manifest.json'), { force: true })
  }

  #name(index: number): string {
    const width = Math.max(3, String(this.#partRows.length - 1).length)
    return `part-${String(index).padStart(width, '0')}.${this.#format}`
  }

  async #start() {
    const index = this.#written.length
    const file = await openAtomicFile(join(this.#folder, this.#name(index)))
    const hash = createHash('sha256')
    const sink = {
      write: (bytes: Uint8Array) => {
        hash.update(bytes)
        return file.write(bytes)
      },
    }
    const nLeft = this.#partRows[index]!
    const writer = await createTableWriter(this.#format, sink, this.#columns, nLeft)
    this.#open = { file, writer, hash, nLeft }
    return this.#open
  }

  async #end({ file, writer, hash }: { file: AtomicFile; writer: TableWriter; hash: Hash }) {
    await writer.finish()
    await file.commit()
    this.#open = null
    const index = this.#written.length
    this.#written.push({
      uri: this.#name(index),
      format: this.#format,
      rows: this.#partRows[index]!,
      hash: hash.digest('hex'),
    })
  }
}
