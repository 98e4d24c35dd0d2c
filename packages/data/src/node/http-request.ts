import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import * as tls from 'node:tls'
import { CoppiceError } from '@coppice/model'
import { displayUri } from './uri.js'

/** A request for a file, or (HEAD) for what is told of it. */
export interface FileRequest {
  readonly method: 'GET' | 'HEAD'
  readonly url: URL
  /** Headers that say which bytes are wanted. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers that say who asks: for the host of `url` only. */
  readonly secretHeaders: Readonly<Record<string, string>>
  /** Certificates (PEM) that are trusted beside those that Node trusts, or null. */
  readonly ca: string | null
  readonly signal: AbortSignal
}

const redirectsMax = 5

/** One set of connections for each set of trusted certificates. */
const httpsAgents = new Map<string | null, HttpsAgent>()
const httpAgent = new HttpAgent({ keepAlive: true })

/**
 * Sends a request, follows where it is redirected to, and gives the answer when its headers
 * are there. fetch would do, but for certificates of one's own, and for headers that it hands on
 * to strangers.
 *
 * Rejects with what Node says of broken connections, CoppiceError 'IO' for bad redirects.
 */
export async function sendRequest(request: FileRequest): Promise<IncomingMessage> {
  let { url } = request
  for (let n = 0; ; n++) {
    const answer = await sendOne(url, request)
    const { location } = answer.headers
    const status = answer.statusCode ?? 0
    if (status < 300 || status >= 400 || location === undefined) return answer
    answer.destroy()
    const next = URL.canParse(location, url) ? new URL(location, url) : null
    const isHttp = next?.protocol === 'http:' || next?.protocol === 'https:'
    const isWorse = url.protocol === 'https:' && next?.protocol === 'http:'
    if (next === null || !isHttp || isWorse || n >= redirectsMax) {
      const why = n >= redirectsMax ? `it is redirected more than ${redirectsMax} times`
        : `it is redirected to ${location}, which is not followed`
      throw new CoppiceError('IO', `cannot read ${displayUri(request.url.href)}: ${why}`)
    }
    url = next
  }
}

function sendOne(url: URL, request: FileRequest): Promise<IncomingMessage> {
  const { method, headers, secretHeaders, ca, signal } = request
  const all = url.origin === request.url.origin ? { ...secretHeaders, ...headers } : headers
  return new Promise((resolve, reject) => {
    const options = { method, headers: all, signal }
    const sent = url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: httpsAgentOf(ca) })
      : httpRequest(url, { ...options, agent: httpAgent })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end()
  })
}

function httpsAgentOf(ca: string | null): HttpsAgent {
  let agent = httpsAgents.get(ca)
  if (agent === undefined) {
    // A list of one's own replaces the usual one.
    const trusted = ca === null ? {} : { ca: [...tls.rootCertificates, ca] }
    agent = new HttpsAgent({ keepAlive: true, ...trusted })
    httpsAgents.set(ca, agent)
  }
  return agent
}
