import { type Model, serializeModel, sha256, toHex } from '@coppice/model'

/** A model as threads get it. */
export interface ModelBytes {
  /** UTF-8 JSON, in memory that threads share. */
  readonly model: Uint8Array
  readonly modelHash: string
}

const known = new WeakMap<Model, ModelBytes>()

/** The bytes of a model, made once. */
export function modelBytes(model: Model): ModelBytes {
  let found = known.get(model)
  if (found === undefined) {
    const own = new TextEncoder().encode(serializeModel(model))
    const shared = new Uint8Array(new SharedArrayBuffer(own.length))
    shared.set(own)
    found = { model: shared, modelHash: toHex(sha256(own)) }
    known.set(model, found)
  }
  return found
}
