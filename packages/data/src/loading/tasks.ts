/** What one thread does for a job. The same code runs inline and in workers. */
import {
  type BinnedBlock, type FloatLookup, mergeSampledValues, type Packing,
} from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import type { WantedType } from '../column-types.js'
import { withValues } from '../formats/stored-columns.js'
import type { PredictedRows } from '../prediction/plan.js'
import { UnitPredictor } from '../prediction/predict-unit.js'
import type {
  ByteSource,
  ColumnType,
  PartitionReader,
  RowArrays,
  SampledNumbers,
  StoredColumn,
  Unit,
} from '../reader.js'
import { ownArrays, ReusedArrays } from '../row-arrays.js'
import { type Encoder, encodeUnit, floatLookupsOf, makeEncoder, packedLike } from './encode.js'
import { binFloatRows } from './fill-blocks.js'
import { scanGroups } from './groups.js'
import type {
  EncodedUnit,
  EncodeTask,
  Encoding,
  JobContext,
  JobPartition,
  LocalResults,
  LocalTask,
  UnitPlace,
} from './job.js'
import { textError } from './near-numbers.js'
import { withLine } from './place.js'
import { type OpenUnit, readStoredUnit, type UnitColumn } from './read-unit.js'
import { SampledRows } from './sampled-rows.js'
import { scanUnit } from './scan.js'

/** A partition that can be read. */
export interface OpenPartition {
  readonly reader: PartitionReader
  readonly source: ByteSource
}

/** How a thread gets at the partitions. */
export interface PartitionAccess {
  /** Opens a partition, or gives the one that is still open. */
  open(partitionIdx: number): Promise<OpenPartition>
  /** SHA-256 of all bytes, in lower-case hex. */
  hash(partitionIdx: number): Promise<string>
}

/** Runs the tasks of one job in one thread. */
export class TaskWorker {
  readonly #access: PartitionAccess
  readonly #units: UnitPredictor
  #context: JobContext | null = null
  #encoding: Encoding | null = null
  #encoder: Encoder | null = null
  /** As the encoder's, for floats in memory; undefined until there are any. */
  #floatLookups: readonly FloatLookup[] | null | undefined = undefined
  /** How the rows of the last unit were packed, if they were. */
  #packing: Packing | null = null
  /** Those that no task has now. */
  readonly #idleArrays: ReusedArrays[] = []

  /** @param units - what a thread predicts with, whatever the context */
  constructor(access: PartitionAccess, units = new UnitPredictor()) {
    this.#access = access
    this.#units = units
  }

  setContext(context: JobContext): void {
    this.#context = context
  }

  setEncoding(encoding: Encoding | null): void {
    this.#encoding = encoding
    this.#encoder = null
    this.#floatLookups = undefined
    this.#packing = null
  }

  async run<T extends LocalTask>(task: T): Promise<LocalResults[T['kind']]>
  async run(task: LocalTask): Promise<LocalResults[LocalTask['kind']]> {
    switch (task.kind) {
      case 'plan': {
        const { reader, source } = await this.#access.open(task.partitionIdx)
        const plan = await reader.plan(source, this.#requireContext().textOptions)
        return { plan, byteLength: source.byteLength }
      }
      case 'hash':
        return this.#access.hash(task.partitionIdx)
      case 'merge':
        return mergeSampledValues(task.parts)
      case 'scan':
        return this.#withArrays((arrays) =>
          this.#scan(arrays, task.partitionIdx, task.unit, task.asText))
      case 'parse':
        await this.#read(ownArrays, task.partitionIdx, task.unit, [task.column],
          this.#requireContext().columns.map(() => task.type))
        return null
      case 'types':
        return this.#withArrays((arrays) => this.#types(arrays, task))
      case 'predict':
        return this.#predict(task)
      case 'encode':
        return this.#withArrays((arrays) => this.#encode(arrays, task))
    }
  }

  #requireContext(): JobContext {
    assert(this.#context !== null, 'a task came before its context')
    return this.#context
  }

  /** Lends arrays to the unit of a task, until its promise is settled. */
  async #withArrays<T>(work: (arrays: RowArrays) => Promise<T>): Promise<T> {
    const arrays = this.#idleArrays.pop() ?? new ReusedArrays()
    try {
      return await work(arrays)
    } finally {
      arrays.reset()
      this.#idleArrays.push(arrays)
    }
  }

  async #scan(
    arrays: RowArrays,
    partitionIdx: number,
    unit: Unit,
    asText: readonly number[] | null,
  ) {
    const { columns, scan } = this.#requireContext()
    assert(scan !== null, 'a scan needs a plan')
    const wanted = asText ?? columns.map((_, i) => i)
    const types = columns.map(({ forced }) => (asText === null ? forced : 'string'))
    const place = this.#place(partitionIdx, unit)
    const rows = new SampledRows(scan.sampleRule, place)
    const sampled = asText === null ? await this.#sample(partitionIdx, unit, rows) : null
    const chunks = await this.#read(arrays, partitionIdx, unit,
      wanted.filter((i) => !(sampled?.[i])), types)
    for (const [i, column] of columns.entries()) {
      const isNumber = column.isNumeric || (column.role === 'label' &&
        (scan.labelKind === 'number' || scan.labelKind === 'bounds'))
      const chunk = chunks[i]
      if (asText !== null || !isNumber || chunk?.type !== 'string') continue
      const parse = this.run({ kind: 'parse', partitionIdx, unit, column: i, type: 'float' })
      throw await textError(column, place, chunk, parse)
    }
    return withLine(
      () => scanUnit(scan, columns, place, chunks.map((chunk, i) => sampled?.[i] ?? chunk), rows),
      await this.#lineOf(partitionIdx, unit))
  }

  /** Finds lines of the rows of a unit, where its file has lines. */
  async #lineOf(
    partitionIdx: number, unit: Unit,
  ): Promise<((row: number) => Promise<number>) | undefined> {
    const { reader, source } = await this.#access.open(partitionIdx)
    const { plan } = this.#requireContext().partitions[partitionIdx]!
    return reader.lineOf && ((row) => reader.lineOf!(source, plan, unit, row))
  }

  /** Per column what the reader tells without making a column of it, if anything. */
  async #sample(
    partitionIdx: number, unit: Unit, rows: SampledRows,
  ): Promise<readonly (SampledNumbers | null)[] | null> {
    const { columns, partitions, scan } = this.#requireContext()
    const { reader } = await this.#access.open(partitionIdx)
    if (reader.readSample === undefined) return null
    const { plan, columnIdx } = partitions[partitionIdx]!
    const isSampling = scan !== null && scan.sampleRule !== null
    const wanted = columns.flatMap(({ role, isCategorical }, i) =>
      role === 'feature' && !isCategorical && columnIdx[i]! >= 0 ? [i] : [])
    const found = reader.readSample(plan, unit, wanted.map((i) => columnIdx[i]!),
      wanted.map((i) => columns[i]!.forced),
      () => isSampling ? rows.offsets : 'none')
    const all = new Array<SampledNumbers | null>(columns.length).fill(null)
    for (const [k, i] of wanted.entries()) all[i] = found[k]!
    return all
  }

  async #encode(arrays: RowArrays, task: EncodeTask): Promise<EncodedUnit> {
    const { partitionIdx, unit, targetIdx } = task
    const { columns } = this.#requireContext()
    assert(this.#encoding !== null, 'rows are encoded by a plan')
    const { plan, targets, areBinned = false } = this.#encoding
    const encoder = (this.#encoder ??= makeEncoder(plan))
    const place = this.#place(partitionIdx, unit)
    const { blocks: whole } = targets[targetIdx]!
    const known = areBinned ? [] : plan.keepsRaw ? null
      : (whole === null ? await this.#packAsBefore(encoder, partitionIdx, unit) : null) ??
        await this.#binFloats(encoder, partitionIdx, unit, whole)
    const wanted = columns.flatMap(({ role }, i) => role === 'feature' && known !== null ? [] : [i])
    const chunks = await this.#read(arrays, partitionIdx, unit, wanted, plan.types)
    const blocks = await withLine(
      () => encodeUnit(encoder, targets[targetIdx]!, columns, place, chunks, known),
      await this.#lineOf(partitionIdx, unit))
    this.#packing = blocks.at(-1)?.packing ?? null
    const groupIdx = task.wantsGroups ? columns.findIndex(({ role }) => role === 'group') : -1
    const groups = groupIdx < 0 ? null
      : scanGroups(columns[groupIdx]!.name, place, withValues(chunks[groupIdx]!))
    return { groups, blocks }
  }

  /** Bins a unit whose reader has its features as floats in memory; null where that is not so. */
  async #binFloats(
    encoder: Encoder, partitionIdx: number, unit: Unit, blocks: readonly BinnedBlock[] | null,
  ): Promise<BinnedBlock[] | null> {
    const { reader } = await this.#access.open(partitionIdx)
    if (reader.readFloats === undefined) return null
    const lookups = this.#floatLookups === undefined
      ? (this.#floatLookups = floatLookupsOf(encoder.plan.features)) : this.#floatLookups
    if (lookups === null) return null
    const { columns, partitions } = this.#requireContext()
    const { plan, columnIdx } = partitions[partitionIdx]!
    const features = columns.flatMap(({ role }, i) => role === 'feature' ? [i] : [])
    const rows = reader.readFloats(plan, unit, features.map((i) => columnIdx[i]!),
      features.map((i) => encoder.plan.types[i]!))
    return rows === null ? null
      : binFloatRows(lookups, rows, blocks, this.#place(partitionIdx, unit))
  }

  /**
   * Packs a unit whose reader gives rows in the way of the unit before, which takes a fraction of
   * the time; null where that cannot be.
   */
  async #packAsBefore(
    encoder: Encoder, partitionIdx: number, unit: Unit,
  ): Promise<BinnedBlock[] | null> {
    const { columns, partitions } = this.#requireContext()
    const { reader } = await this.#access.open(partitionIdx)
    if (reader.readRows === undefined || this.#packing === null) return null
    const { plan, columnIdx } = partitions[partitionIdx]!
    const features = columns.flatMap(({ role }, i) => role === 'feature' ? [i] : [])
    if (features.some((i) => columnIdx[i]! < 0)) return null
    const rows = reader.readRows(plan, unit, features.map((i) => columnIdx[i]!),
      features.map((i) => encoder.plan.types[i]!))
    return rows === null ? null
      : packedLike(this.#packing, encoder, rows, this.#place(partitionIdx, unit))
  }

  #predict({
    partitionIdx,
    unit,
    start,
    end,
  }: Extract<LocalTask, { kind: 'predict' }>): Promise<PredictedRows> {
    const { prediction, columns, partitions } = this.#requireContext()
    assert(prediction !== null, 'a prediction needs a plan')
    const all = columns.map((_, i) => i)
    const { name, firstRow } = partitions[partitionIdx]!
    // Global row ids tell partitions apart also where a context has one of them.
    const key = `${prediction.modelHash} ${name} ${firstRow + unit.firstRow}`
    return this.#units.predict(prediction, { key, nRows: unit.nRows, start, end }, () =>
      this.#readRaw(partitionIdx, unit, all, prediction.types),
    )
  }

  /** Types of columns; those that a sparse file leaves out are 0. */
  async #types(
    arrays: RowArrays,
    { partitionIdx, unit, columns }: Extract<LocalTask, { kind: 'types' }>,
  ): Promise<ColumnType[]> {
    const anyTypes = this.#requireContext().columns.map(() => null)
    const chunks = await this.#readStored(arrays, partitionIdx, unit, columns, anyTypes)
    return columns.map((i) => chunks[i]?.type ?? 'int')
  }

  /** Columns of the job as they are, as predictions take them. */
  async #readRaw(
    partitionIdx: number,
    unit: Unit,
    columns: readonly number[],
    types: readonly (WantedType | null)[],
  ): Promise<UnitColumn[]> {
    const { columnIdx, ...open } = await this.#openPlanned(partitionIdx)
    return readStoredUnit({ ...open, unit }, columns.map((i) => columnIdx[i]!), types)
  }

  /** A partition with what is known of it, as it was when it was planned. */
  async #openPlanned(partitionIdx: number): Promise<Omit<OpenUnit, 'unit'> &
    Pick<JobPartition, 'columnIdx'>> {
    const { partitions, textOptions } = this.#requireContext()
    const { plan, columnIdx, byteLength } = partitions[partitionIdx]!
    const { reader, source } = await this.#access.open(partitionIdx)
    requireSameLength(source, byteLength)
    return { reader, source, plan, textOptions, columnIdx }
  }

  #place(partitionIdx: number, unit: Unit): UnitPlace {
    const { name, firstRow } = this.#requireContext().partitions[partitionIdx]!
    return {
      partition: name,
      firstRow: firstRow + unit.firstRow,
      partitionRow: unit.firstRow,
      nRows: unit.nRows,
    }
  }

  /**
   * One chunk per job column; null for those that are not wanted. Only features and labels may
   * be coded, and only features sparse.
   */
  async #read(
    arrays: RowArrays,
    partitionIdx: number,
    unit: Unit,
    wanted: readonly number[],
    types: readonly (ColumnType | null)[],
  ): Promise<(StoredColumn | null)[]> {
    const { columns } = this.#requireContext()
    const chunks = await this.#readStored(arrays, partitionIdx, unit, wanted, types)
    // A sparse file leaves out the columns that are 0 in all of its rows.
    const absent = {
      type: 'int', nRows: unit.nRows, rows: new Int32Array(0), stored: new Float64Array(0),
    } as const
    for (const i of wanted) {
      const { role } = columns[i]!
      const chunk = chunks[i] ?? absent
      const mayStay = role === 'feature' || (role === 'label' && !('stored' in chunk))
      chunks[i] = mayStay ? chunk : withValues(chunk)
    }
    return chunks
  }

  /** One chunk per job column, as the file stores it; null for those not wanted, or not in it. */
  async #readStored(
    arrays: RowArrays,
    partitionIdx: number,
    unit: Unit,
    wanted: readonly number[],
    types: readonly (ColumnType | null)[],
  ): Promise<(StoredColumn | null)[]> {
    const { reader, source, plan, textOptions, columnIdx } = await this.#openPlanned(partitionIdx)
    const present = wanted.filter((i) => columnIdx[i]! >= 0)
    const read = await (reader.readStored ?? reader.read).call(
      reader, source, plan, unit, present.map((i) => columnIdx[i]!),
      present.map((i) => types[i]!), textOptions, arrays)
    const chunks: (StoredColumn | null)[] = columnIdx.map(() => null)
    for (const [k, i] of present.entries()) chunks[i] = read[k]!
    return chunks
  }
}

/** A plan is of no use for a file that has become another one. */
function requireSameLength({ name, byteLength }: ByteSource, planned: number): void {
  if (byteLength === planned) return
  throw new CoppiceError(
    'IO',
    `${name} has ${byteLength} bytes but had ${planned} when its rows were counted: it was ` +
      `changed or truncated since; restore it, or start again`,
  )
}
