import { createHash } from 'node:crypto'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { CoppiceError } from '@coppice/model'
import { wantedHeader } from '../transport/data-routes.js'
import { backoffMs } from '../transport/reconnector.js'
import {
  ConnectError, coordinatorPath, describeAnswer, describeFailure, parseCoordinatorUrl, type Token,
} from '../transport/index.js'
import { readCa } from '../transport/tls-files.js'

/** Where a coordinator is, and how it knows us. */
export interface CoordinatorAddress {
  readonly url: string
  readonly token: Token | null
  readonly caFile: string | null
}

interface Answer {
  readonly status: number
  readonly body: string
}

const attemptsMax = 6
/** An answer is awaited for so long while nothing moves. */
const silenceMs = 60_000
const bodyBytesMax = 64 << 20

/**
 * The coordinator's status.
 * @throws CoppiceError 'IO' or 'PARAMETER'
 */
export async function fetchStatus(address: CoordinatorAddress): Promise<unknown> {
  const { status, body } = await ask(address, 'GET', '/status', null)
  if (status !== 200) throw refused(address, status, body)
  return JSON.parse(body)
}

/**
 * Uploads a file, unless the coordinator has it already.
 *
 * @returns its uri
 * @throws CoppiceError 'IO' or 'PARAMETER', with what the coordinator said
 */
export async function upload(address: CoordinatorAddress, bytes: Uint8Array): Promise<string> {
  const path = `/v1/data/${createHash('sha256').update(bytes).digest('hex')}`
  const uri = httpUrl(address.url, path).href
  for (let attempt = 1; ; attempt++) {
    try {
      const known = await ask(address, 'HEAD', path, null)
      if (known.status === 200) return uri
      if (known.status === 401 || known.status === 429) throw refused(address, known.status, '')
      const { status, body } = await ask(address, 'PUT', path, bytes)
      if (status === 200 || status === 201) return uri
      if (status !== 503) throw refused(address, status, body)
      if (attempt === attemptsMax) throw refused(address, status, body)
    } catch (error) {
      const mayRetry = error instanceof ConnectError && error.mayRetry
      if (!mayRetry || attempt === attemptsMax) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, Math.random)))
  }
}

function refused({ url, token }: CoordinatorAddress, status: number, body: string): CoppiceError {
  const where = parseCoordinatorUrl(url).host
  if (status === 401 || status === 429 || status === 503) {
    return describeAnswer(where, status, body, token?.source ?? null)
  }
  return new CoppiceError('IO', `${where} refused: ${body.trim() || `status ${status}`}`)
}

function httpUrl(url: string, path: string): URL {
  const base = coordinatorPath(parseCoordinatorUrl(url), path)
  return new URL(base.href.replace(/^ws/, 'http'))
}

async function ask(
  address: CoordinatorAddress, method: string, path: string, body: Uint8Array | null,
): Promise<Answer> {
  const url = httpUrl(address.url, path)
  const isTls = url.protocol === 'https:'
  const ca = address.caFile === null || !isTls ? null : await readCa(address.caFile)
  const request = (isTls ? httpsRequest : httpRequest)(url, {
    method,
    headers: {
      ...(address.token === null ? {} : { Authorization: address.token.header }),
      ...(body === null ? {} : { 'Content-Length': body.length }),
      ...(method === 'HEAD' ? { [wantedHeader]: '1' } : {}),
    },
    ...(ca === null ? {} : { ca }),
    ...(isTls ? { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const : {}),
    timeout: silenceMs,
  })
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(describeFailure(url.origin, error))
    request.on('timeout', () => request.destroy(new Error('handshake has timed out')))
    request.on('error', fail)
    request.on('response', (response) => { readAnswer(response).then(resolve, fail) })
    request.end(body ?? undefined)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let nBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    nBytes += chunk.length
    if (nBytes > bodyBytesMax) throw new Error(`the answer has more than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }
}
