import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import path from 'node:path'
import { createServer } from 'node:tls'
import { TestRandom } from '@coppice/testkit'
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.js'
import { type Hello, PROTOCOL_VERSION } from '../../src/protocol/messages.js'
import { connectLink, Token } from '../../src/transport/index.js'
import { TestAuthority } from './certificates.js'
import { sendRaw, upgradeRequest } from './raw-http.js'

export interface HarassOptions {
  readonly port: number
  /** The secret of the coordinator: some strangers have it. */
  readonly token: string
  readonly seed: number
  readonly lastsMs: number
  readonly signal: AbortSignal
}

export interface StrangersReport {
  /** How often each was refused. */
  readonly nRefused: Readonly<Record<string, number>>
  /** From the first byte sent to the refusal. */
  readonly slowestMs: number
  /** Who was let in, or refused without the reason. */
  readonly problems: readonly string[]
}

/** What became of one: refused, not heard of at all (the coordinator is down), or what is wrong. */
type Verdict = 'refused' | 'unheard' | { readonly problem: string }

/** So long an answer is waited for: a coordinator may be paused. */
const patienceMs = 5000
const pauseMs = 25

/**
 * Those who are not to be let in, all at once and again and again: without a token, with a wrong
 * one, with bytes that are nothing, with frames that are too long, with messages that are none, of
 * another build and of another protocol.
 */
export async function harass(options: HarassOptions): Promise<StrangersReport> {
  const { lastsMs, signal } = options
  const end = performance.now() + lastsMs
  const nRefused: Record<string, number> = {}
  const problems: string[] = []
  let slowestMs = 0
  await Promise.all(Object.entries(strangers).map(async ([name, come], i) => {
    const random = new TestRandom(options.seed + i)
    nRefused[name] = 0
    while (performance.now() < end && !signal.aborted) {
      const start = performance.now()
      const verdict = await come(options, random)
      if (verdict === 'refused') {
        nRefused[name]!++
        slowestMs = Math.max(slowestMs, performance.now() - start)
      } else if (verdict !== 'unheard') {
        problems.push(`${name}: ${verdict.problem}`)
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }))
  return { nRefused, slowestMs, problems }
}

type Stranger = (options: HarassOptions, random: TestRandom) => Promise<Verdict>

const strangers: Readonly<Record<string, Stranger>> = {
  'no token': ({ port }) => asks(port, null, /--token-file/),
  'wrong token': ({ port }) =>
    asks(port, `Bearer ${randomBytes(24).toString('hex')}`, /the same --token-file|wait a minute/),
  'no HTTP': async ({ port }, random) => {
    const bytes = Uint8Array.from({ length: 1 + random.below(3000) }, () => random.below(256))
    const { status, isClosed, text } = await sendRaw(port, bytes,
      { isHalfClosing: true, patienceMs })
    if (isClosed && (status === 0 || status >= 400)) return 'refused'
    return text === '' ? 'unheard' : { problem: `it was answered ${text.slice(0, 200)}` }
  },
  'too long a frame': ({ port, token }) => sendsFrame(port, token),
  'no message': (options, random) => {
    const bytes = Uint8Array.from({ length: 1 + random.below(3000) }, () => random.below(256))
    return says(options, bytes, () => null)
  },
  'another build': (options) => says(options, encodeMessage(hello(PROTOCOL_VERSION)),
    (code) => code === 'build' ? null : `it was rejected for "${code}"`),
  'another protocol': (options) => says(options, encodeMessage(hello(PROTOCOL_VERSION + 1)),
    (code) => code === 'version' ? null : `it was rejected for "${code}"`),
}

/** Asks for an upgrade; has to be told why not. */
async function asks(port: number, authorization: string | null, why: RegExp): Promise<Verdict> {
  const { status, text } = await sendRaw(port,
    upgradeRequest('/v1/worker', { Authorization: authorization }), { patienceMs })
  if (status === 0) return 'unheard'
  if ((status === 401 || status === 429) && /--token-file|wait a minute/.test(text)) {
    return why.test(text) || status === 429 ? 'refused'
      : { problem: `it was told another reason: ${text}` }
  }
  return { problem: `it was answered ${text.slice(0, 200)}` }
}

/** Has the token, and announces a frame of a terabyte. */
async function sendsFrame(port: number, token: string): Promise<Verdict> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  socket.write(upgradeRequest('/v1/worker', { Authorization: `Bearer ${token}` }))
  let isOpen = false
  return new Promise((resolve) => {
    const finish = (verdict: Verdict): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(verdict)
    }
    const timer = setTimeout(() =>
      finish(isOpen ? { problem: 'the connection stays open' } : 'unheard'), patienceMs)
    socket.on('data', (bytes) => {
      if (isOpen) return
      if (!/^HTTP\/1\.1 101 /.test(bytes.toString('latin1'))) return finish('unheard')
      isOpen = true
      // FIN and binary, masked, a length of 64 bits, a mask of zeros
      socket.write(Uint8Array.of(0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    })
    socket.on('close', () => finish(isOpen ? 'refused' : 'unheard'))
  })
}

/** Has the token, and says something after which nobody goes on with it. */
async function says(
  { port, token }: HarassOptions, bytes: Uint8Array, check: (code: string) => string | null,
): Promise<Verdict> {
  let link
  try {
    link = await connectLink(`ws://127.0.0.1:${port}`,
      { role: 'worker', token: new Token(token, 'a stranger'), handshakeMsMax: patienceMs })
  } catch {
    return 'unheard'
  }
  return new Promise((resolve) => {
    let problem: string | null = null
    const timer = setTimeout(() => {
      problem = 'nothing came of it'
      link.destroy('nothing came of it')
    }, patienceMs)
    link.listen({
      onPayload: (payload) => {
        const message = decodeMessage(payload, 'to-worker')
        problem = message.type === 'reject' ? check(message.code) : `it was told ${message.type}`
        link.close(1000, 'understood')
      },
      onClose: () => {
        clearTimeout(timer)
        resolve(problem === null ? 'refused'
          : problem === 'nothing came of it' ? 'unheard' : { problem })
      },
    })
    link.send(bytes)
  })
}

function hello(protocol: number): Hello {
  return {
    type: 'hello', protocol, build: '0'.repeat(64), worker: 'stranger',
    incarnation: randomBytes(8).toString('hex'), nThreads: 1, memoryBytes: 1 << 30,
    state: {
      job: null, view: 0, hasSetup: false, iteration: 0, nRequests: 0, digest: '',
      mark: '', stores: [], tasks: [], isDraining: false, rssBytes: 0,
    },
  }
}

const dayMs = 86_400_000

/** Listens where a coordinator might, with a certificate that expired yesterday. */
export async function startImpostor(folder: string): Promise<{
  readonly port: number
  /** Of the authority that made the certificate. */
  readonly caFile: string
  stop(): void
}> {
  const authority = new TestAuthority()
  const caFile = path.join(folder, 'ca.pem')
  await writeFile(caFile, authority.cert)
  const now = Date.now()
  const server = createServer(authority.issue({
    subject: 'coordinator', hosts: ['127.0.0.1'],
    from: new Date(now - 30 * dayMs), to: new Date(now - dayMs),
  }), (socket) => socket.destroy())
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port, caFile,
    stop: () => { server.close() },
  }
}
