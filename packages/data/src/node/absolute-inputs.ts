import { stat } from 'node:fs/promises'
import path from 'node:path'

/** Characters that a pattern gives a meaning to. */
const special = /[*?[\]{}()!\\]/g

/**
 * Inputs as another process finds them: paths, folders and patterns from the root on, uris as
 * they are. Nothing is resolved: patterns stay patterns.
 */
export function absoluteInputs(inputs: string | readonly string[]): Promise<string[]> {
  return Promise.all((typeof inputs === 'string' ? [inputs] : inputs).map(absoluteInput))
}

async function absoluteInput(input: string): Promise<string> {
  const isUri = /^([a-z][a-z0-9+.-]+:\/\/|file:)/i.test(input)
  if (isUri || path.isAbsolute(input)) return input
  const isPattern = /[*?[{]/.test(input) && await stat(input).then(() => false, () => true)
  if (!isPattern) return path.resolve(input)
  // What the name of the working folder holds is meant as it stands.
  return path.posix.join(process.cwd().replaceAll(special, '\\$&'), input)
}
