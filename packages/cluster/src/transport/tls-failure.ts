import { errorCode } from './error-text.js'

/** What came instead of a TLS handshake, by the code of the error. */
const reasons: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'a client spoke ws:// or http:// (no TLS) to this wss:// port',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'a client took too long for the TLS handshake',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'a client speaks no TLS 1.2 or later',
  ERR_SSL_NO_SHARED_CIPHER: 'a client knows no cipher that this server knows',
}

const gaveUp =
  'a client gave up during the TLS handshake (it may not trust the certificate: see --ca-file)'

/** Why a server had no TLS connection with somebody who came, without OpenSSL's own lines. */
export function describeHandshake(error: unknown): string {
  const code = errorCode(error)
  if (code === null) return gaveUp
  // clients send an alert, or just close
  const isTheirs = code === 'ECONNRESET' || code === 'EPIPE' || code.includes('_ALERT_')
  return reasons[code] ?? (isTheirs ? gaveUp : `what came is no TLS handshake (${code})`)
}
