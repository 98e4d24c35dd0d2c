import type { TrainerRequest } from '@coppice/engine'

/** The trainer's requests by kind. */
export type TrainerRecord = {
  [Kind in TrainerRequest['kind']]: Extract<TrainerRequest, { kind: Kind }>
}
