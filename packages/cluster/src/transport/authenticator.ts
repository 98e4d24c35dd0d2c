import type { IncomingMessage } from 'node:http'
import { AddressTally } from './address-tally.js'
import { isLoopbackHost } from './loopback.js'
import { bearerOf } from './token.js'
import type { Token } from './token.js'

/** Whether a request may go on; a refusal says what to answer. */
export type Verdict =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused', readonly status: 400 | 401 | 403 | 429, readonly text: string,
    /** A token was wrong or missing: answer late. */
    readonly isFailure: boolean }

/**
 * Decides from the headers alone who may go on, before anything else of the request is looked at.
 *
 * Guessing is slowed, not locked out: every failure is answered late and strangers have few
 * connections, so an address has some dozens of guesses a second at a secret of at least 16
 * characters; beyond `failuresPerMinute` it gets 429. The right token always passes: behind one
 * address there may be a whole cluster, and one worker with an old token must not stop the others.
 */
export class Authenticator {
  readonly #token: Token | null
  readonly #failuresPerMinute: number
  readonly #failures = new AddressTally()

  constructor(token: Token | null, failuresPerMinute: number) {
    this.#token = token
    this.#failuresPerMinute = failuresPerMinute
  }

  /** `now` in milliseconds. */
  check(request: IncomingMessage, now: number): Verdict {
    if ((request.url ?? '').includes('?')) {
      return refuse(400, 'this path takes no query; a token belongs into the header '
        + '"Authorization: Bearer", since URLs end up in logs')
    }
    if (request.headers.host === undefined) return refuse(400, 'the request has no Host header')
    // Browsers let any page open a WebSocket to any address, this machine's own included, and
    // say so in this header. None of our programs sends it.
    if (request.headers.origin !== undefined) {
      return refuse(403, 'requests of web pages (with an Origin header) are not taken here')
    }
    if (this.#token === null) return checkHost(request)
    const presented = bearerOf(request.headers.authorization)
    if (presented !== null && this.#token.equals(presented)) return { kind: 'granted' }
    return this.#fail(request, presented === null, now)
  }

  #fail(request: IncomingMessage, isMissing: boolean, now: number): Verdict {
    const n = this.#failures.add(request.socket.remoteAddress ?? '', now)
    if (n > this.#failuresPerMinute) {
      return { kind: 'refused', status: 429, isFailure: true,
        text: `${n} requests of this address had no valid token within a minute; wait a minute` }
    }
    const text = isMissing
      ? 'this Coppice coordinator wants the header "Authorization: Bearer <token>": '
        + 'give --token-file'
      : 'the token is not the one of this coordinator: give the same --token-file at both ends'
    return { kind: 'refused', status: 401, text, isFailure: true }
  }
}

/**
 * Without a token only this machine is served, and only under a name of its own: a page whose
 * name was made to point here (DNS rebinding) still says its own name.
 */
function checkHost(request: IncomingMessage): Verdict {
  if (isLoopbackHost(request.headers.host)) return { kind: 'granted' }
  return refuse(403, 'a coordinator without a token serves 127.0.0.1, [::1] and localhost only; '
    + 'use one of these names, or start it with --token-file')
}

function refuse(status: 400 | 403, text: string): Verdict {
  return { kind: 'refused', status, text, isFailure: false }
}
