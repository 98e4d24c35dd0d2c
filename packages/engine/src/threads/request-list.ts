import type { EngineRequest } from '../execution/protocol.js'
import { decodeRequest, encodeRequest } from '../execution/request-codec.js'

/**
 * Requests in shared memory, each behind its length: encoded once for all threads.
 *
 * @param bytesMax - of one request, see `requestBytesMax`
 */
export function writeRequests(
  requests: readonly EngineRequest[], bytesMax: number,
): SharedArrayBuffer {
  const scratch = new Uint8Array(bytesMax)
  const encoded = requests.map((request) => scratch.slice(0, encodeRequest(request, scratch)))
  const nBytes = encoded.reduce((sum, bytes) => sum + 4 + bytes.length, 0)
  const list = new SharedArrayBuffer(nBytes)
  const view = new DataView(list)
  let at = 0
  for (const bytes of encoded) {
    view.setUint32(at, bytes.length, true)
    new Uint8Array(list, at + 4, bytes.length).set(bytes)
    at += 4 + bytes.length
  }
  return list
}

/** Reads what `writeRequests` wrote, one request at a time. */
export function* readRequests(list: SharedArrayBuffer): Generator<EngineRequest> {
  const view = new DataView(list)
  let at = 0
  while (at < list.byteLength) {
    const length = view.getUint32(at, true)
    yield decodeRequest(new Uint8Array(list, at + 4, length))
    at += 4 + length
  }
}
