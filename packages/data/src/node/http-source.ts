import type { FileSource } from './file-source.js'
import { type FileState, parseRange, stateOf, toldState, validatorOf } from './http-answers.js'
import { type HttpSettings, Requester } from './http-ranges.js'
import { PAGE_BYTES, type RangeReader, remoteSource } from './remote-source.js'
import { parseHttp } from './uri.js'

/**
 * Opens a file on a web server. Reads are requests for ranges, repeated after connection losses,
 * timeouts and the answers 408, 425, 429 and 5xx. A file that changes between requests is an
 * error.
 *
 * Rejects with CoppiceError 'IO' naming the URL (without the secrets of a signed one).
 *
 * @param headers - sent with every request, but not to other hosts that it is redirected to
 * @param keep - puts something between the source and its reads that may have what they fetch, if
 *   it is of the same state: the server is asked for that first, and for no bytes
 */
export async function openHttpSource(
  uri: string,
  headers: Readonly<Record<string, string>> = {},
  settings: HttpSettings = {},
  keep?: (reader: RangeReader) => RangeReader,
): Promise<FileSource> {
  const requester = new Requester(parseHttp(uri), headers, settings)
  if (keep !== undefined) {
    const told = await requester.look()
    const state = told === null ? null : toldState(told)
    if (state !== null) {
      const reader = new HttpReader(requester, state, validatorOf(told!))
      return remoteSource(keep(reader), new Uint8Array(0))
    }
  }
  const { status, headers: got, bytes } = await requester.request(0, PAGE_BYTES, null)
  if (status === 206) {
    const range = parseRange(got)
    if (range === null || range.start !== 0 || range.total === null) {
      throw requester.error('its server answers without saying which bytes of how many it sends')
    }
    const state = { ...stateOf(got, range.total), byteLength: range.total }
    if (bytes.length !== Math.min(PAGE_BYTES, range.total)) {
      throw requester.error(`its server sent ${bytes.length} bytes where ${PAGE_BYTES} were asked`)
    }
    const reader = new HttpReader(requester, state, validatorOf(got))
    return remoteSource(keep?.(reader) ?? reader, bytes)
  }
  return wholeSource(requester.name, status === 416 ? new Uint8Array(0) : bytes)
}

/** A file that is in memory. */
function wholeSource(name: string, bytes: Uint8Array): FileSource {
  return {
    name,
    byteLength: bytes.length,
    slice: (start, end) => Promise.resolve(bytes.slice(start, end)),
    close: () => Promise.resolve(),
  }
}

class HttpReader implements RangeReader {
  readonly name: string
  readonly byteLength: number
  readonly validator: string | null
  readonly #requester: Requester
  readonly #state: FileState

  constructor(requester: Requester, state: FileState, validator: string | null) {
    this.name = requester.name
    this.validator = validator
    this.byteLength = state.byteLength
    this.#requester = requester
    this.#state = state
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const { bytes } = await this.#requester.request(start, end, this.#state)
    return bytes
  }
}
