import { trainingDialogue, type TrainingInputs, type TrainResult } from '@coppice/engine'

/**
 * The result of a training that is to end where the model that it resumes from ends: no iteration
 * is asked for, so no row is needed.
 *
 * @param stoppedBy - why it ends there, unless that model was complete already by early stopping
 */
export function settleTraining(
  inputs: TrainingInputs, stoppedBy: 'aborted' | 'callback',
): TrainResult {
  const dialogue = trainingDialogue(inputs)
  let step = dialogue.next()
  while (step.done !== true) {
    step = dialogue.next(step.value.kind === 'iterate' ? 'aborted' : null)
  }
  const { model, stoppedBy: reason } = step.value
  const isOver = reason === 'early-stopping' || (reason === 'completed' && stoppedBy === 'aborted')
  return { model, stoppedBy: isOver ? reason : stoppedBy }
}
