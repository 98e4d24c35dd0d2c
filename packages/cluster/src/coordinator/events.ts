import type {
  EngineAnswer, EngineRequest, EngineSetup, TargetShape, TrainingDialogue, TrainResult,
} from '@coppice/engine'
import type { DatasetRecipe } from '@coppice/data'
import type {
  AnswerPayload, Context, FromWorker, LoadedPartitionInfo, SourcePartition, TaskBody, TaskResult,
  ToWorker, WireError,
} from '../protocol/messages.js'
import type { TrainerRecord } from './trainer.js'

/** What happens to a coordinator. */
export type CoordinatorEvent =
  | { readonly kind: 'message', readonly link: number, readonly message: FromWorker }
  | { readonly kind: 'closed', readonly link: number, readonly reason: string }
  /** Time passed; to be given every 100 ms or so. */
  | { readonly kind: 'tick' }
  /** A job begins: its tasks may follow. */
  | { readonly kind: 'job', readonly job: string }
  /** What the tasks that follow share. */
  | { readonly kind: 'context', readonly context: Context }
  | { readonly kind: 'tasks', readonly tasks: readonly TaskOrder[] }
  /** The job's rows are known: hold them and train. */
  | { readonly kind: 'train', readonly order: TrainOrder }
  /** The announced iteration is written down, and nobody asked to stop (or did). */
  | { readonly kind: 'go', readonly answer: 'go' | 'stop' }
  /** Ends the job with the model of the committed iterations. */
  | { readonly kind: 'abort' }
  /** Ends the job with nothing. */
  | { readonly kind: 'cancel' }

/** A task for any worker; better one that has read its source before. */
export interface TaskOrder {
  readonly task: number
  /** The context it needs, or 0. */
  readonly context: number
  readonly source: number | null
  readonly body: TaskBody
}

/** A partition of a job. */
export interface JobPartition {
  readonly name: string
  /** 0: training; 1, 2, ... evaluation sets. */
  readonly dataset: number
  readonly nRows: number
  /** What it costs to hold and to work on. */
  readonly weight: number
  /** Its source's number among the tasks, or null. */
  readonly source: number | null
}

/** A training, once its data sets are surveyed. */
export interface TrainOrder {
  readonly recipes: readonly DatasetRecipe[]
  readonly sources: readonly (readonly SourcePartition[])[]
  readonly shape: TargetShape
  /** See the message 'job'. */
  readonly initModel?: Uint8Array | undefined
  readonly partitions: readonly JobPartition[]
  /** Of all partitions, from the journal; null where they are not known yet. */
  readonly infos: readonly LoadedPartitionInfo[] | null
  /** Makes the trainer once the rows are known: infos of all partitions, in order. */
  readonly makeTrainer: (infos: readonly LoadedPartitionInfo[]) => TrainingDialogue
}

/** What a coordinator does. Effects are carried out in order. */
export type CoordinatorEffect =
  | { readonly kind: 'send', readonly link: number, readonly message: ToWorker }
  | { readonly kind: 'close', readonly link: number, readonly reason: string }
  | { readonly kind: 'task-result', readonly task: number, readonly result: TaskResult }
  | { readonly kind: 'task-error', readonly task: number, readonly error: WireError }
  /** All partitions are loaded for the first time: to be journaled. */
  | { readonly kind: 'plan', readonly infos: readonly LoadedPartitionInfo[] }
  /** The plan is made: the model's header is known. */
  | { readonly kind: 'opened', readonly request: TrainerRecord['open'] }
  | { readonly kind: 'tell', readonly event: TrainerRecord['tell']['event'] }
  /** An iteration is committed: to be journaled and told; the answer is a 'go' event. */
  | { readonly kind: 'announce', readonly request: TrainerRecord['announce'] }
  | { readonly kind: 'done', readonly result: TrainResult }
  /** `mayResume`: other workers, or more of them, may do better with what the journal has. */
  | { readonly kind: 'failed', readonly error: WireError, readonly mayResume: boolean }
  /** For people: who came, who was lost and why, what moved where. */
  | { readonly kind: 'notice', readonly text: string }

/** Adds up answers; see reduce/. */
export interface RequestReducer {
  /** Makes ready for a request. @returns chunks of each store's answer; 0 if none is waited for */
  begin(request: EngineRequest): number
  /** @throws ProtocolError where the payload is not one of this request */
  add(chunk: number, payload: AnswerPayload): void
  /** All is added to a chunk: what can be computed of it may be, while others are waited for. */
  complete(chunk: number): void
  /**
   * What is wrong with one store's part, and those before of the same answer, by themselves, or
   * null: do its features sum to the same totals? What is told may be of parts that were added.
   * Asked only after a request whose sums did not add up.
   *
   * @throws ProtocolError as `add`
   */
  inspect(store: number, chunk: number, payload: AnswerPayload): string | null
  /** The answer, once everything is added. */
  finish(): EngineAnswer
}

export type MakeReducer = (setup: EngineSetup) => RequestReducer
