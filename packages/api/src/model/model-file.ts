import { openFileSource, writeFileAtomically } from '@coppice/data/node'
import { CoppiceError, type Model, parseModel, serializeModel } from '@coppice/model'

/**
 * Writes a model file, whole or not at all: equal models give equal bytes.
 * @throws CoppiceError 'IO' naming the path, also for a full disk
 */
export async function saveModel(model: Model, path: string): Promise<void> {
  await writeFileAtomically(path, serializeModel(model))
}

/**
 * Reads a model file.
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
    return parseModel(bytes)
  } catch (error) {
    if (!(error instanceof CoppiceError)) throw error
    throw new CoppiceError(error.code, `${path}: ${error.message}`, { cause: error.cause })
  }
}
