import {
  type ColumnRef, type ColumnType, featureTypes, type Format, type Prediction, type PredictionType,
  resolveRoles, type RoleOptions, type UnnamedColumns, unpackPrediction, type WantedType,
} from '@coppice/data'
import {
  loadDataset, openRaw, predictFiles, predictionThreads, type RawTable, readSideNumbers,
  resolveInputs, type RowFile,
} from '@coppice/data/node'
import type { BinnedDataset } from '@coppice/engine'
import { CoppiceError, type Predictor } from '@coppice/model'
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
   * Takes weights and init scores from files beside those of the rows, as LightGBM does:
   * `x.csv.weight`, `x.csv.init`. Columns that are named go first. Not on a cluster.
   */
  readonly sideFiles?: boolean | undefined
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

  /** @throws CoppiceError 'IO' or 'DATA' when the inputs name no file, or one twice */
  static async open(
    inputs: string | readonly string[], options: FileOptions,
  ): Promise<FileSource> {
    await resolveInputs(inputs, options.format)
    return new FileSource(inputs, options)
  }

  /** For files that only the workers of a cluster can read: they are not looked at. */
  static elsewhere(inputs: string | readonly string[], options: FileOptions): FileSource {
    return new FileSource(inputs, options)
  }

  /** Names of the features, in their order. @throws CoppiceError 'IO' or 'DATA' */
  async featureNames(): Promise<readonly string[]> {
    const raw = await openRaw(this.inputs, this.options)
    await raw.close()
    return resolveRoles(raw.names, this.options).features.map((index) => raw.names[index]!)
  }

  async load({ labelKind, binning, ...rest }: LoadRequest): Promise<BinnedDataset> {
    const { data, partitions } = await loadDataset({
      ...this.options,
      ...rest,
      inputs: this.inputs,
      params: binning,
      ...(labelKind === null ? {} : { labelKind }),
    })
    return this.#hasSides(labelKind) ? withSides(data, await this.#rowFiles(
      partitions.map(({ nRows }) => nRows)), this.options) : data
  }

  /** Rows without labels are those of which features alone are wanted. */
  #hasSides(labelKind: LoadRequest['labelKind']): boolean {
    return this.options.sideFiles === true && labelKind !== null
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
      const sides = this.options.sideFiles === true && roles.weight === null
        ? await readSideNumbers(await this.#rowFiles(raw.rowCounts), 'weight') : null
      return {
        nRows,
        labels: roles.labels.length > 0 ? roles.labels.map((index) => names[index]!)
          : isSparse && names[0] === 'label' ? ['label'] : [],
        weight: sides === null ? nameOf(roles.weight) : sideWeight,
        query: group === undefined ? null : queryName(names, { label, group }),
        batches: (wanted, types) =>
          unitsWithWeights(raw, wanted, { ...this.options.schema, ...types },
            sides?.values ?? null),
        predict: (predictor, type, numThreads) =>
          predictRaw(raw, predictor, type, { numThreads, schema: this.options.schema ?? {} }),
        close: () => raw.close(),
      }
    } catch (error) {
      await raw.close()
      throw error
    }
  }
}

/** The column of query ids, where the rows have it: those to predict may not. */
function queryName(
  names: readonly string[], roles: Pick<RoleOptions, 'label' | 'group'>,
): string | null {
  try {
    const { group } = resolveRoles(names, roles)
    return group === null ? null : names[group]!
  } catch (error) {
    if (error instanceof CoppiceError && error.code === 'DATA') return null
    throw error
  }
}

/** A name that no column has. */
const sideWeight = '\0weight'

/** The data set with the numbers that are beside its files; named columns go first. */
async function withSides(
  data: BinnedDataset, files: readonly RowFile[], options: FileOptions,
): Promise<BinnedDataset> {
  const weights = options.weight === undefined ? await readSideNumbers(files, 'weight') : null
  const scores = options.initScore === undefined ? await readSideNumbers(files, 'init') : null
  return {
    ...data,
    weight: weights?.values ?? data.weight,
    initScore: scores?.values ?? data.initScore,
  }
}

/** Units of which one column may be an array beside all rows. */
async function* unitsWithWeights(
  raw: RawTable, wanted: readonly string[], types: Readonly<Record<string, WantedType>>,
  weights: Float64Array | null,
): AsyncGenerator<RowBatch> {
  const at = weights === null ? -1 : wanted.indexOf(sideWeight)
  if (at < 0) return yield* raw.units(wanted, types)
  for await (const unit of raw.units(wanted.filter((_, i) => i !== at), types)) {
    const { firstRow, nRows } = unit
    const values = weights!.slice(firstRow, firstRow + nRows)
    yield { ...unit, columns: unit.columns.toSpliced(at, 0, { type: 'float', values }) }
  }
}

async function* predictRaw<T extends PredictionType>(
  raw: RawTable, predictor: Predictor, type: T,
  { numThreads, schema }: {
    readonly numThreads: number, readonly schema: Readonly<Record<string, ColumnType>>,
  },
): AsyncGenerator<Prediction[T]> {
  const { model } = predictor
  const wanted = model.features.map(({ name }) => name)
  const types = { ...schema, ...featureTypes(model) }
  const nThreads = predictionThreads(numThreads,
    { nRows: raw.nRows, nColumns: wanted.length, nTrees: predictor.nTrees })
  for await (const { predictions } of
    predictFiles(raw, { predictor, type, wanted, types, kept: [] }, nThreads)) {
    yield unpackPrediction(model, type, predictions)
  }
}
