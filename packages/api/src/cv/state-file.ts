/** What a cross-validation keeps in a file, to go on after an end in the middle. */
import { writeFileAtomically } from '@coppice/data/node'
import { CoppiceError, parseModel, serializeModel } from '@coppice/model'
import { readTextFile } from '../node/text-file.js'
import type { FoldState } from './fold-trainer.js'

interface StateText {
  readonly format: 'coppice-cv'
  readonly formatVersion: 1
  /** Of parameters, rows and folds: those of another cross-validation are of no use. */
  readonly key: string
  readonly folds: readonly { readonly isOver: boolean, readonly model: string | null }[]
}

/** Writes the states of all folds, whole or not at all. @throws CoppiceError 'IO' */
export async function writeStates(
  path: string, key: string, states: readonly FoldState[],
): Promise<void> {
  const folds = states.map(({ isOver, model }) =>
    ({ isOver, model: model === null ? null : serializeModel(model) }))
  const text: StateText = { format: 'coppice-cv', formatVersion: 1, key, folds }
  await writeFileAtomically(path, `${JSON.stringify(text)}\n`)
}

/**
 * Reads what `writeStates` wrote; null where there is no file.
 * @throws CoppiceError 'IO' for a file that is something else, or of another cross-validation
 */
export async function readStates(
  path: string, key: string, nFolds: number,
): Promise<FoldState[] | null> {
  const text = await readTextFile(path)
  if (text === null) return null
  const state = parseState(path, text)
  if (state.key !== key || state.folds.length !== nFolds) {
    throw new CoppiceError('IO', `${path} is of a cross-validation with other parameters, data or ` +
      'folds; name another file, or remove it to begin anew')
  }
  return state.folds.map(({ isOver, model }) =>
    ({ isOver, model: model === null ? null : parseModel(model) }))
}

function parseState(path: string, text: string): StateText {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw notAState(path, error)
  }
  const state = value as Partial<StateText> | null
  const isState = state?.format === 'coppice-cv' && state.formatVersion === 1 &&
    Array.isArray(state.folds) && state.folds.every((fold: unknown) =>
    typeof (fold as StateText['folds'][number]).isOver === 'boolean' &&
      ['string', 'object'].includes(typeof (fold as StateText['folds'][number]).model))
  if (!isState) throw notAState(path)
  return state as StateText
}

function notAState(path: string, cause?: unknown): CoppiceError {
  return new CoppiceError('IO', `${path} is no state of a cross-validation of this version; name ` +
    'another file, or remove it', { cause })
}
