import {
  type ColumnChunk, type ColumnRef, type ColumnType, featureTypes, type Format, implicitLabel,
  type NumberChunk, type Prediction, type PredictionType, resolveRoles, type RoleOptions,
  type UnitColumn, type UnnamedColumns, unpackPrediction,
} from '@coppice/data'
import {
  loadDataset, openRaw, predictFiles, predictionThreads, type RawTable, type RawUnit,
  readSideNumbers, readSideQueries, refuseUnreadTextOptions, resolveInputs, type RowFile,
  type SideEnding,
} from '@coppice/data/node'
import type { BinnedDataset } from '@coppice/engine'
import { CoppiceError, type Predictor } from '@coppice/model'
import { checkFileOptions } from './option-kinds.js'
import { queryRoles } from './query-groups.js'
import type { LoadRequest, OpenRows, RowBatch, RowSource } from './source.js'

/** How files are read, and what their columns are. */
export interface FileOptions extends RoleOptions {
  /** As `group`: the column of query ids. */
  readonly queryId?: ColumnRef | undefined
  /** The format of all files, instead of what their names and first bytes say. */
  readonly format?: Format | undefined
  /** Text files begin with a line of column names; default 'auto'. */
  readonly header?: boolean | 'auto' | undefined
  /** Texts that mean missing, in text files; default '', NA, N/A, NaN, nan, null, NULL, None, ?. */
  readonly missingValues?: readonly string[] | undefined
  /**
   * CSV and TSV without a header: numbers the columns as LightGBM does, without the label, which
   * is named `label`. Default: all columns by their place.
   */
  readonly unnamed?: UnnamedColumns | undefined
  /**
   * Takes weights, init scores, sizes of queries and positions from files beside those of the rows,
   * as LightGBM does: `x.csv.weight`, `x.csv.init`, `x.csv.query`, `x.csv.position`; or some of
   * these. Columns that are named go first. Not on a cluster.
   */
  readonly sideFiles?: boolean | readonly SideEnding[] | undefined
  /** Types by column name, instead of the inferred ones. */
  readonly schema?: Readonly<Record<string, ColumnType>> | undefined
}

/** Rows in files. */
export class FileSource implements RowSource {
  readonly isInMemory = false
  readonly inputs: string | readonly string[]
  readonly options: FileOptions

  private constructor(inputs: string | readonly string[], options: FileOptions) {
    this.inputs = inputs
    const { group, queryId, ...rest } = options
    const roles = queryRoles({ group, queryId })
    this.options = { ...rest, ...(roles.group === undefined ? {} : { group: roles.group }) }
  }

  /**
   * @param inherited - options of another data set, where `own` does not say otherwise
   * @throws CoppiceError 'IO' or 'DATA' when the inputs name no file, or one twice; 'PARAMETER' for
   *   own options of text files where there are none
   */
  static async open(
    inputs: string | readonly string[], own: FileOptions, inherited: FileOptions = {},
  ): Promise<FileSource> {
    checkFileOptions(inputs, own)
    const options = { ...inherited, ...own }
    refuseUnreadTextOptions(await resolveInputs(inputs, options.format), own)
    return new FileSource(inputs, options)
  }

  /** For files that only the workers of a cluster can read: they are not looked at. */
  static elsewhere(inputs: string | readonly string[], options: FileOptions): FileSource {
    checkFileOptions(inputs, options)
    return new FileSource(inputs, options)
  }

  /** Names of the features, in their order. @throws CoppiceError 'IO' or 'DATA' */
  async featureNames(): Promise<readonly string[]> {
    const raw = await openRaw(this.inputs, this.options)
    await raw.close()
    return resolveRoles(raw.names, this.options).features.map((index) => raw.names[index]!)
  }

  async load({ labelKind, binning, ...rest }: LoadRequest): Promise<BinnedDataset> {
    const { data: rows, partitions, columns } = await loadDataset({
      ...this.options,
      ...rest,
      inputs: this.inputs,
      params: binning,
      ...(labelKind === null ? {} : { labelKind }),
    })
    const files = partitions.map(({ name, firstRow }) => ({ name, firstRow }))
    const data = { ...rows, names: { labels: labelsOf(columns, this.options), files } }
    return hasSides(this.options) && labelKind !== null ? withSides(data, await this.#rowFiles(
      partitions.map(({ nRows }) => nRows)), this.options) : data
  }

  async #rowFiles(counts: readonly number[]): Promise<RowFile[]> {
    const inputs = await resolveInputs(this.inputs, this.options.format)
    return inputs.map(({ path }, i) => ({ path, nRows: counts[i]! }))
  }

  async open(): Promise<OpenRows> {
    const raw = await openRaw(this.inputs, this.options)
    try {
      const { names, nRows } = raw
      // Names that only training needs may be absent from rows to predict.
      const { label, weight, group } = this.options
      const roles = resolveRoles(names, { label, weight })
      const isSparse = raw.partitions.some(({ format }) => format === 'libsvm')
      const nameOf = (index: number | null): string | null => index === null ? null : names[index]!
      const files = hasSides(this.options) ? await this.#rowFiles(raw.rowCounts) : []
      const sides = await besideRows(files, this.options)
      const query = sides.has(sideQuery) ? { query: sideQuery } : queryOf(names,
        { label, weight, group: group ?? (isSparse && names.includes('qid') ? 'qid' : undefined) })
      return {
        nRows,
        labels: roles.labels.length > 0 ? roles.labels.map((index) => names[index]!)
          : [implicitLabel(names, raw.partitions) ?? []].flat(),
        weight: sides.has(sideWeight) ? sideWeight : nameOf(roles.weight),
        ...query,
        batches: (wanted, types) =>
          withSideColumns(wanted, sides,
            (own) => raw.units(own, { ...this.options.schema, ...types })),
        ...(!isSparse ? {} : {
          storedBatches: (wanted, types) => withSideColumns<UnitColumn>(wanted, sides,
            (own) => raw.storedUnits(own, { ...this.options.schema, ...types })),
        }),
        fitTo: (model) => raw.fitTo(model, this.options),
        predict: (predictor, type, numThreads) =>
          predictRaw(raw, predictor, type, numThreads, this.options),
        close: () => raw.close(),
      }
    } catch (error) {
      await raw.close()
      throw error
    }
  }
}

/** Names of the label columns, in the order in which they are given. */
function labelsOf(
  columns: readonly { readonly name: string }[], { label }: Pick<FileOptions, 'label'>,
): readonly string[] {
  const names = columns.map(({ name }) => name)
  return resolveRoles(names, { label }).labels.map((index) => names[index]!)
}

/** The column of query ids, where the rows have it: those to predict may not. */
function queryOf(
  names: readonly string[], roles: Pick<RoleOptions, 'label' | 'weight' | 'group'>,
): Pick<OpenRows, 'query' | 'noQuery'> {
  try {
    const { group } = resolveRoles(names, roles)
    return { query: group === null ? null : names[group]! }
  } catch (error) {
    if (error instanceof CoppiceError && error.code === 'DATA') {
      return { query: null, noQuery: error }
    }
    throw error
  }
}

/** Names that no column has. */
const [sideWeight, sideQuery] = ['\0weight', '\0query']

/** Whether some files beside the data are used, or one. */
function hasSides({ sideFiles = false }: FileOptions, ending?: SideEnding): boolean {
  if (typeof sideFiles === 'boolean') return sideFiles
  return ending === undefined ? sideFiles.length > 0 : sideFiles.includes(ending)
}

/** What is beside all rows and is no feature, by name: weights, and the number of each query. */
async function besideRows(
  files: readonly RowFile[], options: FileOptions,
): Promise<ReadonlyMap<string, Float64Array>> {
  const sides = new Map<string, Float64Array>()
  const weights = options.weight === undefined && hasSides(options, 'weight')
    ? await readSideNumbers(files, 'weight') : null
  if (weights !== null) sides.set(sideWeight, weights.values)
  const sizes = options.group === undefined && hasSides(options, 'query')
    ? await readSideQueries(files) : null
  if (sizes === null) return sides
  const queries = new Float64Array(sizes.reduce((sum, size) => sum + size, 0))
  let row = 0
  for (const [query, size] of sizes.entries()) queries.fill(query, row, row += size)
  return sides.set(sideQuery, queries)
}

/** The data set with the numbers that are beside its files; named columns go first. */
async function withSides(
  data: BinnedDataset, files: readonly RowFile[], options: FileOptions,
): Promise<BinnedDataset> {
  const numbers = async (
    ending: Exclude<SideEnding, 'query'>, column: unknown,
  ): Promise<Float64Array | null> => column !== undefined || !hasSides(options, ending) ? null
    : (await readSideNumbers(files, ending))?.values ?? null
  const shownAt = await numbers('position', options.position)
  const wantsQueries = data.groupSizes === null && hasSides(options, 'query')
  return {
    ...data,
    weight: await numbers('weight', options.weight) ?? data.weight,
    initScore: await numbers('init', options.initScore) ?? data.initScore,
    groupSizes: wantsQueries ? await readSideQueries(files) : data.groupSizes,
    ...(shownAt === null ? {} : { shownAt }),
  }
}

/**
 * Units of which columns may be arrays beside all rows.
 * @param read - the units of the other columns
 */
async function* withSideColumns<Column = ColumnChunk>(
  wanted: readonly string[], sides: ReadonlyMap<string, Float64Array>,
  read: (own: readonly string[]) => AsyncIterable<RawUnit<Column>>,
): AsyncGenerator<RowBatch<Column | NumberChunk>> {
  for await (const unit of read(wanted.filter((name) => !sides.has(name)))) {
    const { firstRow, nRows } = unit
    const own = unit.columns.values()
    const columns = wanted.map((name): Column | NumberChunk => {
      const side = sides.get(name)
      return side === undefined ? own.next().value!
        : { type: 'float', values: side.slice(firstRow, firstRow + nRows) }
    })
    yield { ...unit, columns }
  }
}

async function* predictRaw<T extends PredictionType>(
  raw: RawTable, predictor: Predictor, type: T, numThreads: number, options: FileOptions,
): AsyncGenerator<Prediction[T]> {
  const { model } = predictor
  raw.fitTo(model, options)
  const wanted = model.features.map(({ name }) => name)
  const types = { ...options.schema, ...featureTypes(model) }
  const nThreads = predictionThreads(numThreads,
    { nRows: raw.nRows, nColumns: wanted.length, nTrees: predictor.nTrees, type })
  for await (const { predictions } of
    predictFiles(raw, { predictor, type, wanted, types, kept: [] }, nThreads)) {
    yield unpackPrediction(model, type, predictions)
  }
}
