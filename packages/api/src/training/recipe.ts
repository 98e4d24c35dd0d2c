import type { LabelKind } from '@coppice/data'
import type { InferredParams, ResolvedParams } from '@coppice/engine'
import type { Dataset } from '../data/dataset.js'
import type { CustomCode } from './custom.js'
import type { RawParams } from './params.js'

/** An evaluation set with the name it has in messages and in the history. */
export interface NamedDataset {
  readonly name: string
  readonly data: Dataset
}

/** What a training knows before the data are read, and what the data are to tell. */
export interface Recipe {
  /** The parameters, valid as far as that can be told without the data. */
  readonly checked: ResolvedParams
  readonly labelKind: LabelKind
  /** Raw parameters as far as they are given. */
  readonly given: RawParams
  /** What the classes of the labels are to tell. */
  readonly inferred: InferredParams
}

/** A recipe with the user's own code that it refers to. */
export interface CodedRecipe extends Recipe {
  readonly code: CustomCode
}
