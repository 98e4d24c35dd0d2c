import { CoppiceError } from '@coppice/model'
import type { ErrorCode } from '@coppice/model'
import { errorCode, errorText } from './error-text.js'
import { greetingStart } from './http-text.js'

/** Why a connection to a coordinator was not made. */
export type ConnectProblem =
  /** Nobody answers: no such host, nothing listens, no route, no answer in time. */
  | 'unreachable'
  /** It answers that it cannot serve now. */
  | 'busy'
  /** The token is missing or wrong. */
  | 'unauthorized'
  /** The encrypted connection cannot be made, or the other end is not who it should be. */
  | 'tls'
  /** Something else listens there. */
  | 'not-coordinator'

/** A connection that was not made. `mayRetry`: it may be, later, without anybody's doing. */
export class ConnectError extends CoppiceError {
  readonly problem: ConnectProblem
  readonly mayRetry: boolean

  constructor(problem: ConnectProblem, message: string, options?: { cause?: unknown }) {
    const mayRetry = problem === 'unreachable' || problem === 'busy'
    super(mayRetry ? 'IO' : 'PARAMETER' satisfies ErrorCode, message, options)
    this.problem = problem
    this.mayRetry = mayRetry
  }
}

/** What Node's TLS says of certificates, in words of what to do. */
const certificateProblems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it on the coordinator (or correct the '
    + 'clock of this machine)',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: correct the clocks of both machines',
  CERT_REVOKED: 'its certificate was revoked: renew it on the coordinator',
  ...sameFor(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED', 'CERT_SIGNATURE_FAILURE'],
  'its certificate is not signed by an authority that this machine trusts: give the authority\'s '
    + 'certificate, or the certificate itself where it is self-signed (--ca-file FILE; caFile in a '
    + 'program)'),
  ...sameFor(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'],
    'it does not speak TLS: use ws:// instead of wss://, or give the coordinator --tls-cert and '
    + '--tls-key'),
}

const networkProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the coordinator running, and is the port right?',
  ENOTFOUND: 'there is no host of this name; check the name',
  EAI_AGAIN: 'the name cannot be looked up at the moment',
  EHOSTUNREACH: 'there is no route to this host; check the network',
  ENETUNREACH: 'there is no route to this network; check the network',
  ETIMEDOUT: 'no answer came; check the address, and whether a firewall drops the packets',
  ECONNRESET: 'the connection was closed before an answer came; if the coordinator has '
    + '--tls-cert, use wss://',
  EPIPE: 'the connection was closed before an answer came',
}

/** Puts the failure of an upgrade into words. `where` is the coordinator's address. */
export function describeFailure(where: string, error: unknown): ConnectError {
  const inner = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
  const code = errorCode(error) ?? errorCode(inner) ?? ''
  const text = errorText(error)
  const fail = (problem: ConnectProblem, why: string): ConnectError =>
    new ConnectError(problem, `cannot connect to ${where}: ${why}`, { cause: error })
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail('tls', `its certificate is for another host (${text}): use a name that is in the `
      + 'certificate')
  }
  const certificate = certificateProblems[code]
  if (certificate !== undefined) return fail('tls', `${certificate} (${code})`)
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return fail('tls', text)
  const network = networkProblems[code]
  if (network !== undefined) return fail('unreachable', `${network} (${code})`)
  if (/handshake has timed out/.test(text)) {
    return fail('unreachable', networkProblems['ETIMEDOUT']!)
  }
  if (text === 'socket hang up') return fail('unreachable', networkProblems['ECONNRESET']!)
  if (code.startsWith('HPE_') || isOtherProtocol(text)) {
    return fail('not-coordinator', `what listens there is no coordinator (${text}); check the `
      + 'address')
  }
  return fail('unreachable', text)
}

/** What ws says when the answer to the upgrade is not that of our server. */
function isOtherProtocol(text: string): boolean {
  return /^(Invalid (Upgrade|Sec-WebSocket-)|Server (sent|indicated) )/.test(text)
}

/**
 * Puts an HTTP answer that is no upgrade into words.
 *
 * @param said - the beginning of its text
 * @param path - of the coordinator's address, '/' for none
 */
export function describeAnswer(
  where: string,
  status: number,
  said: string,
  tokenSource: string | null,
  path = '/',
): ConnectError {
  const quoted = said === '' ? '' : `; it says: ${said}`
  const fail = (problem: ConnectProblem, why: string): ConnectError =>
    new ConnectError(problem, `cannot connect to ${where}: ${why}`)
  if (status === 401) {
    return fail('unauthorized', tokenSource === null
      ? 'the coordinator wants a token: give the file with the token that it was started with '
        + '(--token-file FILE; tokenFile in a program)'
      : `the coordinator does not accept the token in ${tokenSource}: put the token there that `
        + 'the coordinator was started with')
  }
  if (status === 403) return fail('unauthorized', `the coordinator refuses (403)${quoted}`)
  if (status === 408 || status === 429 || status >= 500) {
    return fail('busy', `the coordinator cannot serve now (${status})${quoted}`)
  }
  if (status === 404 && path !== '/' && said.startsWith(greetingStart)) {
    return fail('not-coordinator', `the coordinator that listens there has no path "${path}": `
      + `leave it away and write ${where}; an address has a path only where a proxy maps one`)
  }
  return fail('not-coordinator', `what listens there is no coordinator: it answers ${status}`
    + `${quoted}; check the address`)
}

function sameFor(codes: readonly string[], text: string): Record<string, string> {
  return Object.fromEntries(codes.map((code) => [code, text]))
}
