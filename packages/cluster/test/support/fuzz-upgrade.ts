import { connect } from 'node:net'
import { TestRandom } from '@coppice/testkit'
import { connectLink, CoordinatorServer, Token } from '../../src/transport/index.js'
import { eventually } from './eventually.js'
import { upgradeRequest } from './raw-http.js'

/** Which inputs to run: each depends on the seed and its number alone. */
export interface FuzzOptions {
  readonly nInputs: number
  readonly seed: number
  /** Number of the first input. */
  readonly first: number
}

/** What a campaign ends with; the same shape as those of the other targets. */
export interface FuzzReport {
  readonly text: string
  readonly hasFailed: boolean
}

const secret = 'the-secret-of-this-campaign-0123456789'
/** Stands in what only those with the token may see. */
const marker = 'for-known-eyes-only'
const deadlineMs = 250
/** So long after the deadline a connection may still be open: machines are busy. */
const patienceMs = 3000
const nParallel = 16
const knownStatus = new Set([100, 101, 200, 201, 206, 304, 400, 401, 403, 404, 405, 408, 413, 416,
  417, 422, 426, 429, 431, 503, 507])

interface Input {
  readonly index: number
  readonly bytes: Buffer
  readonly isHalfClosing: boolean
}

/**
 * Sends requests that are nearly right to a real server. The server must answer with HTTP or
 * close; let nobody in without the token; let go of everybody in time; and serve the next one.
 */
export async function fuzzUpgrade(options: FuzzOptions): Promise<FuzzReport> {
  const { nInputs, seed, first } = options
  const start = performance.now()
  const server = await CoordinatorServer.listen({
    port: 0,
    token: new Token(secret, 'the campaign'),
    status: () => ({ marker }),
    onLink: (link) => link.listen({ onPayload: () => undefined, onClose: () => undefined }),
    limits: { deadlineMs, failureDelayMs: 0, failuresPerMinute: Infinity },
    linkLimits: { closeMsMax: 100 },
  })
  let nAdmitted = 0
  let failure: { input: Input, error: Error } | null = null
  let next = first
  const running = new Set<number>()
  const onCrash = (): void => {
    process.stderr.write(`upgrade: the process fails near the inputs ${[...running].join(', ')}\n`)
  }
  process.on('uncaughtExceptionMonitor', onCrash)
  const work = async (): Promise<void> => {
    while (next < first + nInputs && failure === null) {
      const input = makeInput(seed, next++)
      running.add(input.index)
      try {
        if (await tryInput(server.port, input)) nAdmitted++
      } catch (error) {
        failure ??= { input, error: error as Error }
      }
      running.delete(input.index)
    }
  }
  await Promise.all(Array.from({ length: nParallel }, work))
  const end = await stillServes(server)
  process.off('uncaughtExceptionMonitor', onCrash)
  await server.close()
  if (failure !== null) return { text: failureText(seed, failure), hasFailed: true }
  if (end !== null) return { text: `upgrade: FAILED after ${nInputs} inputs: ${end}`,
    hasFailed: true }
  const perSecond = nInputs / ((performance.now() - start) / 1000)
  return { text: `upgrade: ${nInputs} inputs, ${(100 - 100 * nAdmitted / nInputs).toFixed(1)} % `
    + `refused, ${perSecond.toFixed(0)} a second`, hasFailed: false }
}

/** Null, or what is wrong with a server that should be as good as new. */
async function stillServes(server: CoordinatorServer): Promise<string | null> {
  try {
    await eventually(`strangers and links are gone (${JSON.stringify(server.counts)})`,
      () => server.counts.strangers === 0 && server.counts.links === 0)
    const link = await connectLink(server.url,
      { role: 'worker', token: new Token(secret, 'the campaign') })
    link.destroy('done')
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** Runs an input; true if it was let in. Throws when the server breaks a promise. */
async function tryInput(port: number, input: Input): Promise<boolean> {
  const text = input.bytes.toString('latin1')
  const hasToken = new RegExp(`bearer[ \t]+${secret}`, 'i').test(text)
  const reply = await exchange(port, input, hasToken)
  if (reply !== '') {
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1] ?? 0)
    if (!knownStatus.has(status)) throw new Error(`the answer is ${JSON.stringify(reply)}`)
  }
  const isAdmitted = reply.startsWith('HTTP/1.1 101') || reply.includes(marker)
  if (isAdmitted && !hasToken) throw new Error('it was let in without the token')
  if (input.index % 16 === 0 && !reply.startsWith('HTTP/1.1 101')) {
    throw new Error(`a valid request got ${JSON.stringify(reply.slice(0, 200))}`)
  }
  return isAdmitted
}

/**
 * Sends an input, gives what comes back. Who has no token must be let go by the server; who has
 * one may be kept, so there it is enough that an answer comes, or none in a moment.
 */
async function exchange(port: number, input: Input, hasToken: boolean): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    const finish = (isClosed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      if (isClosed || hasToken) resolve(text)
      else reject(new Error(`the connection was not closed; so far: ${JSON.stringify(text)}`))
    }
    const timer = setTimeout(() => finish(false), hasToken ? 2 * deadlineMs
      : deadlineMs + patienceMs)
    socket.on('error', () => finish(true))
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (hasToken) setTimeout(() => finish(false), 2)
    })
    socket.once('end', () => finish(true)).once('close', () => finish(true))
    if (input.isHalfClosing) socket.end(input.bytes)
    else socket.write(input.bytes)
  })
}

function makeInput(seed: number, index: number): Input {
  const random = new TestRandom(new TestRandom(new TestRandom(seed).word() ^ index).word())
  const heads = bases()
  // Every 16th is left as it is: a server that refuses everybody would be no success.
  if (index % 16 === 0) {
    return { index, bytes: Buffer.from(heads[index % 32 === 0 ? 0 : 1]!), isHalfClosing: false }
  }
  let bytes: Buffer = Buffer.from(random.pick(heads), 'latin1')
  const n = 1 + random.below(random.below(4) === 0 ? 8 : 2)
  for (let i = 0; i < n; i++) {
    bytes = random.below(2) === 0 ? mutateBytes(random, bytes) : mutateLines(random, bytes, heads)
  }
  return { index, bytes, isHalfClosing: random.below(16) > 0 }
}

/** Requests that are right, or wrong in one way. */
function bases(): string[] {
  const bearer = { Authorization: `Bearer ${secret}` }
  const plain = (line: string, more = ''): string =>
    `${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secret}\r\n${more}\r\n`
  const stranger = (line: string): string => `${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  return [
    upgradeRequest('/v1/worker', bearer),
    upgradeRequest('/v1/client', bearer),
    upgradeRequest('/v1/worker'),
    upgradeRequest('/v1/worker', { Authorization: 'Bearer wrong-wrong-wrong-wrong' }),
    upgradeRequest(`/v1/worker?token=${secret}`),
    upgradeRequest('/v1/worker', { Origin: 'http://example.com', ...bearer }),
    plain('GET /status'), stranger('GET /status'), stranger('GET /healthz'), stranger('GET /'),
    plain(`GET /v1/data/${'a'.repeat(64)}`), stranger(`PUT /v1/data/${'a'.repeat(64)}`),
    plain('POST /status', 'Content-Length: 5\r\n'),
  ]
}

const lines = ['Transfer-Encoding: chunked', 'Content-Length: 10', 'Content-Length: -1',
  'Content-Length: 99999999999999999999', 'Expect: 100-continue', 'Expect: x', 'Upgrade: h2c',
  'Connection: close', 'Connection: keep-alive, Upgrade', 'Host: evil.example.com', 'Host:',
  'Authorization: Bearer', 'Authorization: Basic eDp5', 'Authorization : Bearer x', ' folded',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99',
  'Sec-WebSocket-Protocol: coppice, coppice', 'Sec-WebSocket-Key: ', 'Sec-WebSocket-Version: x',
  'X: \0', ': nameless', 'no colon', 'Range: bytes=0-,1-', `X-Long: ${'y'.repeat(17_000)}`,
  `${'H'.repeat(5000)}: z`, ...Array.from({ length: 4 }, (_, i) => `X-${i}: ${'z'.repeat(4090)}`)]

const firstLines = ['GET /v1/worker HTTP/1.0', 'GET /v1/worker HTTP/2.0', 'GET /v1/worker',
  'PRI * HTTP/2.0', 'CONNECT 127.0.0.1:80 HTTP/1.1', 'OPTIONS * HTTP/1.1', 'TRACE / HTTP/1.1',
  'GET http://localhost/v1/worker HTTP/1.1', 'GET //v1/worker HTTP/1.1',
  'GET /v1/worker/ HTTP/1.1', 'GET /v1/%77orker HTTP/1.1', 'GET /V1/WORKER HTTP/1.1',
  'GET /v1/../status HTTP/1.1', 'GET /status#/healthz HTTP/1.1', 'get /healthz HTTP/1.1',
  `PUT /v1/data/${'b'.repeat(64)} HTTP/1.1`, `GET /${'p'.repeat(9000)} HTTP/1.1`]

/** Changes the request as HTTP: its first line, its headers, what follows them. */
function mutateLines(random: TestRandom, bytes: Buffer, heads: readonly string[]): Buffer {
  const head = bytes.toString('latin1').split('\r\n')
  const at = 1 + random.below(Math.max(1, head.length - 1))
  switch (random.below(8)) {
    case 0: head[0] = random.pick(firstLines); break
    case 1: head.splice(at, 0, random.pick(lines)); break
    case 2: head.splice(at, 1, random.pick(lines)); break
    case 3: head.splice(at, 1); break
    case 4: head.splice(at, 0, head[random.below(head.length)]!); break
    case 5: head.push(random.pick(heads)); break
    case 6: return Buffer.from(head.join(random.pick(['\n', '\r', '\r\n\r\n', '\r\n \r\n'])),
      'latin1')
    default: head.push(String.fromCharCode(...randomBytes(random)))
  }
  return Buffer.from(head.join('\r\n'), 'latin1')
}

/** Changes the request as bytes. */
function mutateBytes(random: TestRandom, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const at = random.below(copy.length + 1)
  switch (random.below(6)) {
    case 0: return copy.subarray(0, at)
    case 1: return copy.subarray(at)
    case 2: return Buffer.concat([copy.subarray(0, at), randomBytes(random), copy.subarray(at)])
    case 3: {
      const end = Math.min(copy.length, at + random.below(40))
      return Buffer.concat([copy.subarray(0, at), copy.subarray(end)])
    }
    case 4: return randomBytes(random)
    default:
      if (at < copy.length) copy[at]! ^= 1 << random.below(8)
      return copy
  }
}

function randomBytes(random: TestRandom): Buffer {
  return Buffer.from(Array.from({ length: random.below(1 << random.below(9)) },
    () => random.below(256)))
}

function failureText(seed: number, { input, error }: { input: Input, error: Error }): string {
  return [
    `upgrade: FAILED at input ${input.index} (${input.bytes.length} bytes): ${error.message}`,
    `replay: npm run fuzz -- --target upgrade --seed ${seed} --first ${input.index} --inputs 1`,
    `input, base64: ${input.bytes.subarray(0, 8192).toString('base64')}`,
  ].join('\n')
}
