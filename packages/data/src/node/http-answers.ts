/** What the answers of web servers, and failed connections, mean. */
import type { IncomingHttpHeaders } from 'node:http'

/** What tells one state of the file from another. */
export interface FileState {
  readonly byteLength: number
  /** The entity tag without the mark of weakness, or null. */
  readonly etag: string | null
  /** It changes with every byte, so a server can be asked to compare it. */
  readonly isStrong: boolean
  readonly lastModified: string | null
}

/** What to do about an answer that does not pass by itself. */
export const adviceOfStatus: Readonly<Record<number, string | undefined>> = {
  401: 'it wants to know who asks: check the token',
  403: 'access is denied: check the token, or whether a signed URL has expired',
  404: 'there is no such file: check the address',
  410: 'the file is gone: check the address',
}

/** Whether there is no such file, whoever asks: about rights others may have better ones. */
export function isAbsent(status: number): boolean {
  return status === 404 || status === 410
}

/** Whether it may help to ask again. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

/** How long the server asks to wait, in ms, or null. */
export function retryAfter(headers: IncomingHttpHeaders): number | null {
  const seconds = Number(headers['retry-after'] ?? NaN)
  return seconds >= 0 ? 1000 * seconds : null
}

/** `bytes 0-99/1234`; a total of '*' is null. The end is exclusive. */
export function parseRange(headers: IncomingHttpHeaders) {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '')
  if (match === null) return null
  const [, first, last, total] = match
  return {
    start: Number(first),
    end: Number(last) + 1,
    total: total === '*' ? null : Number(total),
  }
}

/** What an answer says of the state of the file. */
export function stateOf(headers: IncomingHttpHeaders, byteLength: number | null) {
  const tag = headers.etag
  return {
    byteLength,
    // A tag that is weak because the file is fresh may become strong later.
    etag: tag?.replace(/^W\//, '') ?? null,
    isStrong: tag !== undefined && !tag.startsWith('W/'),
    lastModified: headers['last-modified'] ?? null,
  }
}

/**
 * What differs between any two states of a file, or null: a strong entity tag, or when it was
 * changed, which counts whole seconds: one that had not passed when the answer was sent may yet
 * see another change (RFC 9110, 8.8.2.2).
 */
export function validatorOf(headers: IncomingHttpHeaders): string | null {
  const { etag, date, 'last-modified': changed } = headers
  if (etag !== undefined && !etag.startsWith('W/')) return etag
  const ageMs = Date.parse(date ?? '') - Date.parse(changed ?? '')
  return ageMs >= 1000 ? changed! : null
}

/**
 * The state of a file of which a server told without sending any of it, or null where bytes have
 * to be asked for: it does not say how many there are, nor that it serves ranges, nor what would
 * differ if they did.
 */
export function toldState(headers: IncomingHttpHeaders): FileState | null {
  const byteLength = Number(headers['content-length'] ?? NaN)
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity'
  const servesRanges = headers['accept-ranges']?.toLowerCase() === 'bytes'
  const isKnown = Number.isSafeInteger(byteLength) && byteLength > 0
  if (!isKnown || !isPlain || !servesRanges || validatorOf(headers) === null) return null
  return { ...stateOf(headers, byteLength), byteLength }
}

/** Whether an answer is of another state of the file; what is not said does not differ. */
export function differs(answer: ReturnType<typeof stateOf>, state: FileState): boolean {
  const keys = ['byteLength', 'etag', 'lastModified'] as const
  return keys.some((key) =>
    answer[key] !== null && state[key] !== null && answer[key] !== state[key])
}

/** What went wrong with a connection. */
export function networkReason(error: unknown): string {
  return adviceOfCode[codeOf(error)] ?? `the connection failed: ${(error as Error).message}`
}

/** The code of an error of Node, such as ECONNRESET. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}

const adviceOfCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused; check host and port, and whether the server runs',
  ENOTFOUND: 'there is no such host; check the address',
  EAI_AGAIN: 'the host cannot be looked up now; check the network',
  ECONNRESET: 'the connection was reset',
}

const trustAdvice = 'have it trusted, with NODE_EXTRA_CA_CERTS'

/** What to do about certificates, by the code of the error: these do not pass by themselves. */
export const adviceOfCertificate: Readonly<Record<string, string | undefined>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is self-signed; ${trustAdvice}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is signed by nobody known; ${trustAdvice}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is signed by nobody known; ${trustAdvice}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `its certificate is signed by nobody known; ${trustAdvice}`,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is that of another host; check the address',
}
