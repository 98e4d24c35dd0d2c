import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { PROTOCOL_VERSION } from '../protocol/messages.js'

let known: string | null = null

/**
 * What decides the bytes of a model, as 16 hex digits: the versions of the packages that compute,
 * the kernels' WebAssembly module, and the protocol. Coordinator and workers must have the same.
 * It does not depend on where the packages are installed.
 */
export function buildId(): string {
  known ??= computeBuildId()
  return known
}

function computeBuildId(): string {
  const hash = createHash('sha256').update(`protocol ${PROTOCOL_VERSION}\n`)
  for (const name of ['model', 'engine', 'data']) {
    hash.update(`@coppice/${name} ${versionAt(import.meta.resolve(`@coppice/${name}`))}\n`)
  }
  hash.update(`@coppice/cluster ${versionAt(new URL('../index.js', import.meta.url).href)}\n`)
  // The module is a file of the engine that holds the binary as text.
  const engine = import.meta.resolve('@coppice/engine')
  hash.update(readFileSync(new URL('./kernels/wasm-binary.js', engine)))
  return hash.digest('hex').slice(0, 16)
}

/** The version of the package whose `dist/src/index.js` this is. */
function versionAt(indexUrl: string): string {
  const text = readFileSync(new URL('../../package.json', indexUrl), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
