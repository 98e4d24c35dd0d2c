import type { Model } from '../types.js'
import { CoppiceError } from '../errors.js'
import { chainOf } from './chain.js'
import { validateModel } from './validate.js'

/**
 * Reads a model file: the inverse of `serializeModel`. White space and the order of keys are
 * free, everything else is checked, the chain hash included.
 *
 * @param text - the text, or its UTF-8 bytes; a byte order mark is skipped
 * @throws CoppiceError 'MODEL', whatever the input, naming the first thing that is wrong
 */
export function parseModel(text: string | Uint8Array): Model {
  const model = validateModel(parseJson(typeof text === 'string' ? text : decode(text)))
  const chain = chainOf(model)
  if (chain !== model.chainHash) {
    throw new CoppiceError('MODEL',
      `model: chainHash is ${model.chainHash}, but header and trees hash to ${chain}; the file ` +
      'was changed or damaged after it was written')
  }
  return model
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CoppiceError('MODEL',
      `model: the ${bytes.length} bytes are not UTF-8 text, so this is not a model file`, { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
  } catch (cause) {
    // Engines word syntax errors differently and may quote the text; nesting may also overflow.
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause)
    throw new CoppiceError('MODEL',
      `model: the text is not JSON (${reason}); the file is truncated or not a model`, { cause })
  }
}
