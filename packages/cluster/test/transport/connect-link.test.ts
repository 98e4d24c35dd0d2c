import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { ConnectError, connectLink, Token } from '../../src/transport/index.js'
import type { ConnectOptions, ConnectProblem } from '../../src/transport/index.js'
import { describeAnswer, describeFailure } from '../../src/transport/connect-error.js'
import { parseCoordinatorUrl } from '../../src/transport/coordinator-url.js'
import { FaultyProxy } from '../support/faulty-proxy.js'
import { startServer } from '../support/test-server.js'
import type { TestServer } from '../support/test-server.js'

const token = new Token('a-secret-of-enough-characters', 'right.txt')
const wrong = new Token('a-secret-that-nobody-has-ever', 'old.txt')

describe('connectLink', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

  const start = async (...options: Parameters<typeof startServer>): Promise<TestServer> => {
    const test = await startServer(...options)
    closing.push(() => test.stop())
    return test
  }
  /** Listens with something that is no coordinator; gives its port. */
  const listen = async (server: Server | HttpServer): Promise<number> => {
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => undefined)
      sockets.add(socket)
    })
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    closing.push(() => new Promise((resolve) => {
      server.close(resolve)
      for (const socket of sockets) socket.destroy()
    }))
    return (server.address() as AddressInfo).port
  }
  const failure = async (
    address: string,
    options: Partial<ConnectOptions> = {},
  ): Promise<ConnectError> => {
    try {
      const link = await connectLink(address, { role: 'worker', token: null, ...options })
      link.destroy('unwanted')
    } catch (error) {
      assert.ok(error instanceof ConnectError, `${String(error)}`)
      return error
    }
    return assert.fail('it connected')
  }
  const expectProblem = (
    error: ConnectError,
    problem: ConnectProblem,
    mayRetry: boolean,
    message: RegExp,
  ): void => {
    assert.deepEqual([error.problem, error.mayRetry, error.code],
      [problem, mayRetry, mayRetry ? 'IO' : 'PARAMETER'], error.message)
    assert.match(error.message, message)
  }

  it('connects by ws and http addresses, with and without a slash', async () => {
    const test = await start({ token })
    const { port } = test.server
    for (const address of [`ws://127.0.0.1:${port}`, `http://localhost:${port}/`]) {
      const link = await connectLink(address, { role: 'client', token })
      assert.ok(link.isOpen)
      link.destroy('done')
    }
  })

  it('says that nothing listens', async () => {
    const port = await listen(createServer())
    await closing.pop()!()
    for (const host of ['127.0.0.1', 'localhost']) {
      expectProblem(await failure(`ws://${host}:${port}`), 'unreachable', true,
        new RegExp(`cannot connect to ws://${host}:${port}: nothing listens there; is the `
          + 'coordinator running, and is the port right\\? \\(ECONNREFUSED\\)'))
    }
  })

  it('says that there is no such host', async () => {
    const error = await failure('ws://no-such-host.invalid:7077')
    assert.equal(error.problem, 'unreachable')
    assert.match(error.message, /there is no host of this name|cannot be looked up/)
  })

  it('names the token file where the token is refused, and no token at all', async () => {
    const { server } = await start({ token, limits: { failureDelayMs: 0 } })
    expectProblem(await failure(server.url, { token: wrong }), 'unauthorized', false,
      /does not accept the token in old\.txt: put the token there that/)
    expectProblem(await failure(server.url), 'unauthorized', false,
      /the coordinator wants a token: give the file .*--token-file FILE; tokenFile/)
  })

  it('may retry where the coordinator says to wait', async () => {
    const { server } = await start({ token, limits: { failuresPerMinute: 0, failureDelayMs: 0 } })
    expectProblem(await failure(server.url, { token: wrong }), 'busy', true,
      /cannot serve now \(429\); it says: 1 requests of this address/)
  })

  it('tells other servers from coordinators', async () => {
    const web = await listen(createHttpServer((_, response) => {
      response.writeHead(404).end('<h1>nothing here</h1>\nmore')
    }))
    expectProblem(await failure(`ws://127.0.0.1:${web}`), 'not-coordinator', false,
      /no coordinator: it answers 404; it says: <h1>nothing here<\/h1>; check the address/)
    const mail = await listen(createServer((socket) => socket.end('220 mail.example.com\r\n')))
    expectProblem(await failure(`ws://127.0.0.1:${mail}`), 'not-coordinator', false,
      /no coordinator \(Parse Error/)
    const server = createHttpServer()
    new WebSocketServer({ server, handleProtocols: () => false })
    expectProblem(await failure(`ws://127.0.0.1:${await listen(server)}`),
      'not-coordinator', false, /no coordinator \(Server sent no subprotocol\)/)
  })

  it('says at once that a path of the address leads nowhere', async () => {
    const { server } = await start({ token })
    expectProblem(await failure(`${server.url}/jobs/a`, { token }), 'not-coordinator', false,
      new RegExp(`cannot connect to ${server.url}: the coordinator that listens there has no path `
        + `"/jobs/a": leave it away and write ${server.url}; an address has a path only where a `))
  })

  it('does not follow redirections', async () => {
    const { server } = await start()
    const elsewhere = await listen(createHttpServer((_, response) => {
      response.writeHead(302, { Location: `${server.url}/v1/worker` }).end()
    }))
    expectProblem(await failure(`ws://127.0.0.1:${elsewhere}`), 'not-coordinator', false, /302/)
  })

  it('does not wait for ever for an answer, nor for a trickle of one', async () => {
    const silent = await listen(createServer(() => undefined))
    expectProblem(await failure(`ws://127.0.0.1:${silent}`, { handshakeMsMax: 60 }),
      'unreachable', true, /no answer came; check the address, and whether a firewall/)
    const trickle = await listen(createServer((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n')
      const timer = setInterval(() => socket.write('X: y\r\n'), 10)
      socket.on('close', () => clearInterval(timer))
    }))
    expectProblem(await failure(`ws://127.0.0.1:${trickle}`, { handshakeMsMax: 60 }),
      'unreachable', true, /no answer came/)
  })

  it('says that the connection was closed before an answer', async () => {
    const closes = await listen(createServer((socket) => socket.destroy()))
    expectProblem(await failure(`ws://127.0.0.1:${closes}`), 'unreachable', true,
      /closed before an answer came; if the coordinator has --tls-cert, use wss:/)
    const test = await start()
    const proxy = await FaultyProxy.start(test.server.port)
    closing.push(() => proxy.stop())
    proxy.refuse()
    expectProblem(await failure(`ws://127.0.0.1:${proxy.port}`), 'unreachable', true,
      /closed before/)
  })

  it('is given up by its signal, before and in the middle', async () => {
    const silent = await listen(createServer(() => undefined))
    for (const waitMs of [0, 30]) {
      const controller = new AbortController()
      if (waitMs === 0) controller.abort()
      else setTimeout(() => controller.abort(), waitMs)
      await assert.rejects(connectLink(`ws://127.0.0.1:${silent}`,
        { role: 'worker', token: null, signal: controller.signal }),
      { code: 'ABORTED', message: /connecting to 127.0.0.1:\d+ was given up/ })
    }
  })

  it('puts every code that it knows into words, and others as they are', () => {
    const failed = (code: string): ConnectError =>
      describeFailure('ws://h:1', Object.assign(new Error('x'), { code }))
    for (const code of ['CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'EPROTO',
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
      assert.equal(failed(code).problem, 'tls', code)
    }
    for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EAI_AGAIN', 'ESOMETHING']) {
      assert.equal(failed(code).problem, 'unreachable', code)
      assert.match(failed(code).message, new RegExp(code))
    }
    for (const status of [408, 429, 500, 502, 503, 504]) {
      assert.equal(describeAnswer('ws://h:1', status, '', null).problem, 'busy', `${status}`)
    }
    assert.equal(describeAnswer('ws://h:1', 403, 'no', null).problem, 'unauthorized')
    assert.equal(describeAnswer('ws://h:1', 200, '', null).message, 'cannot connect to ws://h:1: '
      + 'what listens there is no coordinator: it answers 200; check the address')
  })
})

describe('parseCoordinatorUrl', () => {
  it('takes addresses of coordinators', () => {
    const parsed = (text: string): string => parseCoordinatorUrl(text).href
    assert.equal(parsed('ws://host:7077'), 'ws://host:7077/')
    assert.equal(parsed('https://host:7077/'), 'wss://host:7077/')
    assert.equal(parsed('wss://[::1]:7077/jobs/a/'), 'wss://[::1]:7077/jobs/a')
  })

  it('refuses others, and never repeats what may be a secret', () => {
    const secret = 'a-secret-of-enough-characters'
    for (const text of ['host', 'host:7077', 'ftp://host:7077', `ws://host:7077?token=${secret}`,
      `ws://user:${secret}@host:7077`, `ws://host/#${secret}`, `${secret}@host:80`, 'ws://', '']) {
      assert.throws(() => parseCoordinatorUrl(text), (error: Error) => {
        assert.match(error.message, /is no address of a coordinator: .*; write ws:\/\/host:port/)
        assert.ok(!error.message.includes(secret), error.message)
        return true
      }, text)
    }
  })
})
