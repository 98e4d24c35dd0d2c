/**
 * What is used of the connection to a coordinator; `ClusterClient` of @coppice/cluster is one.
 */
import type { LoadProgress, RoleOptions } from '@coppice/data'
import type { CommittedIteration, InferredParams, TrainingEvent, TrainResult }
  from '@coppice/engine'
import type { Model } from '@coppice/model'

/** Where a data set is and how it is read. */
export interface DataSpec {
  readonly inputs: readonly string[]
  readonly format: string | null
  readonly header: boolean | 'auto'
  readonly missingValues: readonly string[] | null
  readonly roles: RoleOptions
  readonly schema: Readonly<Record<string, string>> | null
}

/** A training, as a client asks for it. */
export interface JobSpec {
  readonly params: Readonly<Record<string, unknown>>
  readonly labelKind: 'number' | 'binary' | 'class'
  readonly inferred: InferredParams
  readonly train: DataSpec
  readonly evalSets: readonly { readonly name: string, readonly data: DataSpec }[]
  readonly resumeFrom: Uint8Array | null
  readonly wantsGo: boolean
}

/** What a client hears of its training. */
export interface JobHandlers {
  readonly onLoading?: (progress: LoadProgress & { readonly dataset: string }) => void
  readonly onNotice?: (text: string) => void
  readonly onEvent?: (event: TrainingEvent) => void
  readonly onCommitted?: (record: CommittedIteration, model: () => Model) =>
    'go' | 'stop' | Promise<'go' | 'stop'>
  readonly signal?: AbortSignal
}

/** A connection to a coordinator. */
export interface TrainingClient {
  train(spec: JobSpec, handlers: JobHandlers): Promise<TrainResult>
  /** Hands over a file; the address is that under which the workers find it. */
  upload(bytes: Uint8Array): Promise<string>
  status(): Promise<unknown>
  close(): Promise<void>
}
