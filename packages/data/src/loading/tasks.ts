/** What one thread does for a job. The same code runs inline and in workers. */
import { mergeSampledValues } from '@coppice/engine'
import { assert } from '@coppice/model'
import type { ByteSource, ColumnChunk, ColumnType, PartitionReader, Unit } from '../reader.js'
import { buildCategoryMaps, type CategoryMaps, encodeUnit } from './encode.js'
import type { EncodePlan, JobContext, LoadTask, TaskResults, UnitPlace } from './job.js'
import { textError } from './near-numbers.js'
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
  #context: JobContext | null = null
  #categoryMaps: CategoryMaps = []
  #mapsOf: EncodePlan | null = null

  constructor(access: PartitionAccess) {
    this.#access = access
  }

  setContext(context: JobContext): void {
    this.#context = context
  }

  async run<T extends LoadTask>(task: T): Promise<TaskResults[T['kind']]>
  async run(task: LoadTask): Promise<TaskResults[LoadTask['kind']]> {
    switch (task.kind) {
      case 'plan': {
        const { reader, source } = await this.#access.open(task.partitionIdx)
        return reader.plan(source, this.#requireContext().textOptions)
      }
      case 'hash':
        return this.#access.hash(task.partitionIdx)
      case 'merge':
        return mergeSampledValues(task.parts)
      case 'scan':
        return this.#scan(task.partitionIdx, task.unit, task.asText)
      case 'parse':
        await this.#read(task.partitionIdx, task.unit, [task.column],
          this.#requireContext().columns.map(() => task.type))
        return null
      case 'encode':
        await this.#encode(task.partitionIdx, task.unit)
        return null
    }
  }

  #requireContext(): JobContext {
    assert(this.#context !== null, 'a task came before its context')
    return this.#context
  }

  async #scan(partitionIdx: number, unit: Unit, asText: readonly number[] | null) {
    const { columns, scan } = this.#requireContext()
    assert(scan !== null, 'a scan needs a plan')
    const wanted = asText ?? columns.map((_, i) => i)
    const types = columns.map(({ forced }) => (asText === null ? forced : 'string'))
    const chunks = await this.#read(partitionIdx, unit, wanted, types)
    const place = this.#place(partitionIdx, unit)
    for (const [i, column] of columns.entries()) {
      const isNumber = column.isNumeric || (column.role === 'label' && scan.labelKind === 'number')
      const chunk = chunks[i]
      if (asText !== null || !isNumber || chunk?.type !== 'string') continue
      const parse = this.run({ kind: 'parse', partitionIdx, unit, column: i, type: 'float' })
      throw await textError(column, place, chunk, parse)
    }
    return scanUnit(scan, columns, place, chunks)
  }

  async #encode(partitionIdx: number, unit: Unit): Promise<void> {
    const { columns, encode } = this.#requireContext()
    assert(encode !== null, 'rows are encoded by a plan')
    if (this.#mapsOf !== encode) {
      this.#categoryMaps = buildCategoryMaps(encode.categories)
      this.#mapsOf = encode
    }
    const wanted = columns.map((_, i) => i)
    const chunks = await this.#read(partitionIdx, unit, wanted, encode.types)
    const place = this.#place(partitionIdx, unit)
    encodeUnit(encode, columns, this.#categoryMaps, place, chunks as ColumnChunk[])
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

  /** One chunk per job column; null for those that are not wanted. */
  async #read(
    partitionIdx: number,
    unit: Unit,
    wanted: readonly number[],
    types: readonly (ColumnType | null)[],
  ): Promise<(ColumnChunk | null)[]> {
    const { columns, partitions, textOptions } = this.#requireContext()
    const { plan, columnIdx } = partitions[partitionIdx]!
    const { reader, source } = await this.#access.open(partitionIdx)
    const present = wanted.filter((i) => columnIdx[i]! >= 0)
    const read = await reader.read(
      source,
      plan,
      unit,
      present.map((i) => columnIdx[i]!),
      present.map((i) => types[i]!),
      textOptions,
    )
    const chunks: (ColumnChunk | null)[] = columns.map(() => null)
    for (const [k, i] of present.entries()) chunks[i] = read[k]!
    // A sparse file leaves out the columns that are 0 in all of its rows.
    for (const i of wanted) {
      chunks[i] ??= { type: 'int', values: new Float64Array(unit.nRows) }
    }
    return chunks
  }
}
