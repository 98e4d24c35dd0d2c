/**
 * The plain data of a loading job. Contexts, tasks and results cross threads by copy and machines
 * by message; only the targets of encoding are shared memory, and stay within a process.
 */
import type {
  BinnedBlock,
  FeatureInfo,
  SampledCategories,
  SampledValues,
  SampleRule,
} from '@coppice/engine'
import type { Scalar } from '@coppice/model'
import type { PredictedRows, PredictionPlan } from '../prediction/plan.js'
import type { ColumnType, PartitionPlan, TextOptions, Unit } from '../reader.js'

/** Parameters of binning, by their camelCase names; see the parameter table for their meaning. */
export interface BinningParams {
  readonly maxBin: number
  readonly minDataInBin: number
  readonly binConstructSampleCnt: number
  readonly dataRandomSeed: number
  readonly useMissing: boolean
  readonly zeroAsMissing: boolean
  readonly featurePreFilter: boolean
  readonly minDataInLeaf: number
  readonly maxBinByFeature?: string
  readonly forcedbinsFilename?: string
  /** Values of numeric features are kept beside their bins. */
  readonly linearTree?: boolean
}

/** The defaults of the parameter table. */
export const defaultBinning: BinningParams = {
  maxBin: 255,
  minDataInBin: 3,
  binConstructSampleCnt: 200_000,
  dataRandomSeed: 1,
  useMissing: true,
  zeroAsMissing: false,
  featurePreFilter: true,
  minDataInLeaf: 20,
}

/**
 * What the label is: 'class' any texts, booleans or integers, encoded as class indices; 'binary'
 * the numbers 0 and 1, booleans or two texts, encoded too; 'number' is left as it is, and so are
 * 'bounds' of times, of which the upper may be Infinity.
 */
export type LabelKind = 'class' | 'binary' | 'number' | 'bounds'

/** What a scan looks for: 'zero-or-one' is a look at which number is not, of a binary label. */
export type ScannedLabel = LabelKind | 'zero-or-one'

/** Whether labels are encoded as indices of classes. */
export function isOfClasses(kind: LabelKind): boolean {
  return kind === 'class' || kind === 'binary'
}

export type ColumnRole = 'feature' | 'label' | 'weight' | 'group' | 'position' | 'initScore'

/** A column that the job reads. */
export interface JobColumn {
  readonly name: string
  readonly role: ColumnRole
  /** The user declared the feature categorical. */
  readonly isCategorical: boolean
  /** Type that the user or the reference forces, or null. */
  readonly forced: ColumnType | null
  /** Text in it is an error: weights, positions, init scores, features known as numbers. */
  readonly isNumeric: boolean
  /** The files say that it is text, or the caller gave nothing but texts. */
  readonly isDeclaredText: boolean
}

/** Where the rows of a unit are. */
export interface UnitPlace {
  readonly partition: string
  /** Global row id of the first row. */
  readonly firstRow: number
  /** The same row, counted within the partition. */
  readonly partitionRow: number
  readonly nRows: number
}

/** What planning finds: the plan, and the length of the file it is a plan of. */
export interface PlannedSource {
  readonly plan: PartitionPlan
  readonly byteLength: number
}

/** One partition of the job, once it is planned. */
export interface JobPartition {
  readonly name: string
  /** Global row id of its first row. */
  readonly firstRow: number
  /** Bytes of the file when it was planned; another length later means that it was changed. */
  readonly byteLength: number
  readonly plan: PartitionPlan
  /** Per job column: its index in the plan, or -1 where a sparse partition lacks it. */
  readonly columnIdx: readonly number[]
}

/** What the first pass looks for. */
export interface ScanPlan {
  /** null where the bins are known from a reference. */
  readonly sampleRule: SampleRule | null
  readonly labelKind: ScannedLabel | null
}

/** How the second pass turns values into bins. */
export interface EncodePlan {
  /** Per column: the type to read it with; null infers. */
  readonly types: readonly (ColumnType | null)[]
  readonly features: readonly FeatureInfo[]
  readonly classes: readonly Scalar[] | null
  /** See `BinnedBlock.raw`. */
  readonly keepsRaw: boolean
}

/** The arrays that consecutive rows go to; they may sit on SharedArrayBuffers. */
export interface EncodeTargets {
  /** Global row id of the first row of `label`, `weight`, `initScore` and `shownAt`. */
  readonly firstRow: number
  /** Where bins go; null where units give back blocks of their own, packed where that pays. */
  readonly blocks: readonly BinnedBlock[] | null
  readonly label: Float64Array | null
  readonly weight: Float64Array | null
  readonly initScore: Float64Array | null
  readonly shownAt: Float64Array | null
}

/** What one unit tells of a feature. */
export type FeatureScan =
  | { readonly kind: 'values'; readonly sampled: SampledValues }
  | {
      readonly kind: 'categories'
      /** Distinct values in order of first appearance: texts, or numbers. */
      readonly values: readonly string[] | Float64Array
      /** By index into `values`. */
      readonly sampled: SampledCategories
    }

/** What one unit tells of the label. */
export interface LabelScan {
  /** Distinct values, for 'class' and 'binary'. */
  readonly values: readonly string[] | Float64Array
  readonly min: number
  readonly max: number
}

/** Runs of equal query ids in one unit. */
export interface GroupScan {
  readonly keys: readonly (string | number)[]
  readonly lengths: readonly number[]
}

export interface UnitScan {
  readonly types: readonly ColumnType[]
  /** Per column; null for columns of other roles. */
  readonly features: readonly (FeatureScan | null)[]
  /** Of each label column, in their order. */
  readonly labels: readonly LabelScan[]
  readonly groups: GroupScan | null
  readonly hasPositiveWeight: boolean
}

/** What all tasks of a job share. */
export interface JobContext {
  readonly textOptions: TextOptions
  readonly columns: readonly JobColumn[]
  readonly partitions: readonly JobPartition[]
  readonly scan: ScanPlan | null
  /** For tasks that predict. */
  readonly prediction: PredictionPlan | null
}

/** A piece of work that any machine can do: it depends on the context and the files alone. */
export type LoadTask =
  | { readonly kind: 'plan'; readonly partitionIdx: number }
  | { readonly kind: 'hash'; readonly partitionIdx: number }
  | {
      readonly kind: 'scan'
      readonly partitionIdx: number
      readonly unit: Unit
      /** Columns that must be read as text after all; null in the first round. */
      readonly asText: readonly number[] | null
    }
  | {
      /** Reads one column with a type, for the error that names what is not of it. */
      readonly kind: 'parse'
      readonly partitionIdx: number
      readonly unit: Unit
      readonly column: number
      readonly type: ColumnType
    }
  | { readonly kind: 'merge'; readonly parts: readonly SampledValues[] }
  | {
      /** Reads columns of a unit as they are, for their types. */
      readonly kind: 'types'
      readonly partitionIdx: number
      readonly unit: Unit
      readonly columns: readonly number[]
    }
  | {
      /** Predicts rows of a unit. */
      readonly kind: 'predict'
      readonly partitionIdx: number
      readonly unit: Unit
      /** Rows within the unit, the end excluded. */
      readonly start: number
      readonly end: number
    }

/** What the second pass needs beside the context. Does not leave the process. */
export interface Encoding {
  readonly plan: EncodePlan
  readonly targets: readonly EncodeTargets[]
  /** The bins of all rows are in the targets; default false. */
  readonly areBinned?: boolean
}

/** Bins one unit into a target. */
export interface EncodeTask {
  readonly kind: 'encode'
  readonly partitionIdx: number
  readonly unit: Unit
  /** Which of the encoding's targets its rows go to. */
  readonly targetIdx: number
  /** Give back the unit's query groups, where there are such. */
  readonly wantsGroups: boolean
}

/** A piece of work for a thread of this process. */
export type LocalTask = LoadTask | EncodeTask

/** What a task gives back, by its kind. */
export interface TaskResults {
  readonly plan: PlannedSource
  /** SHA-256 of the file in lower-case hex. */
  readonly hash: string
  readonly scan: UnitScan
  readonly parse: null
  readonly merge: SampledValues
  readonly types: readonly ColumnType[]
  readonly predict: PredictedRows
}

/** What an encoded unit gives back. */
export interface EncodedUnit {
  /** Its query groups, where they are wanted and there are such. */
  readonly groups: GroupScan | null
  /** Its bins, where the targets have no blocks; else none. */
  readonly blocks: readonly BinnedBlock[]
}

export interface LocalResults extends TaskResults {
  readonly encode: EncodedUnit
}
