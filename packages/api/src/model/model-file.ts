import { openFileSource, writeFileAtomically } from '@coppice/data/node'
import {
  CoppiceError, formatCpp, formatJavaScript, formatLightGBM, isLightGBM, type IterationRange,
  type Model, parseLightGBM, parseModel, serializeModel, type TextLayout,
} from '@coppice/model'

/**
 * Writes a model file, whole or not at all: equal models give equal bytes.
 * @throws CoppiceError 'IO' naming the path, also for a full disk
 */
export async function saveModel(model: Model, path: string): Promise<void> {
  await writeFileAtomically(path, serializeModel(model))
}

/** How a model is written for LightGBM. */
export interface LightGBMOptions {
  /** Those to write; LightGBM predicts with all that it finds. */
  readonly iterations?: IterationRange
  /** All columns of the training data: those that are no features become features unused. */
  readonly layout?: TextLayout
}

/**
 * Writes a text model of LightGBM, whole or not at all.
 * @throws CoppiceError 'IO' naming the path, 'MODEL' for what LightGBM does not have
 */
export async function saveLightGBM(
  model: Model, path: string, options: LightGBMOptions,
): Promise<void> {
  await writeFileAtomically(path, formatLightGBM(model, options))
}

/** Languages that models are translated into. */
export type CodeLanguage = 'javascript' | 'cpp'

/**
 * A model as source code without dependencies, see `formatJavaScript` and `formatCpp`.
 * @throws CoppiceError 'PARAMETER' for another language, and iterations outside the model
 */
export function codeOf(
  model: Model, language: CodeLanguage, options: { readonly iterations?: IterationRange },
): string {
  switch (language) {
    case 'javascript': return formatJavaScript(model, options)
    case 'cpp': return formatCpp(model, options)
    default: throw new CoppiceError('PARAMETER', 'models are translated into javascript and cpp; ' +
      `got ${JSON.stringify(language)}`)
  }
}

/** Writes a model as source code, whole or not at all. @throws as `codeOf`, and 'IO' */
export async function saveCode(
  model: Model, path: string, language: CodeLanguage,
  options: { readonly iterations?: IterationRange },
): Promise<void> {
  await writeFileAtomically(path, codeOf(model, language, options))
}

/** Reads the text of a model, ours or LightGBM's, by its start. @throws CoppiceError 'MODEL' */
export function readModel(text: string | Uint8Array): Model {
  const start = typeof text === 'string' ? text.slice(0, 64)
    : new TextDecoder().decode(text.subarray(0, 64))
  return isLightGBM(start) ? parseLightGBM(text) : parseModel(text)
}

/**
 * Reads a model file, ours or a text model of LightGBM.
 * @throws CoppiceError 'IO' when it cannot be read, 'MODEL' naming the file and what is wrong
 */
export async function loadModel(path: string): Promise<Model> {
  const source = await openFileSource(path)
  let bytes: Uint8Array
  try {
    bytes = await source.slice(0, source.byteLength)
  } finally {
    await source.close()
  }
  try {
    return readModel(bytes)
  } catch (error) {
    if (!(error instanceof CoppiceError)) throw error
    throw new CoppiceError(error.code, `${path}: ${error.message}`, { cause: error.cause })
  }
}
