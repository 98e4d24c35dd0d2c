import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoppiceError, sha256, toHex } from '@coppice/model'
import {
  ClusterClient, type ClusterStatus, type CoordinatorHandle, type CoordinatorProcessOptions,
  runCoordinator, Token,
} from '../../../src/node/index.js'
import { journalLine } from '../../../src/journal/format.js'
import { encodeMessage } from '../../../src/protocol/codec.js'
import { closeCodes, connectLink, type LinkRole } from '../../../src/transport/index.js'
import { eventually } from '../../support/eventually.js'
import { LinkRecorder } from '../../support/link-recorder.js'
import { dataSpec, digestOf, makeData, orderOf, trainHere } from './local-training.js'
import { TestCluster } from './test-cluster.js'

const secret = 'a-secret-of-more-than-16-characters'

describe('runCoordinator', function () {
  this.timeout(20_000)

  const wrong: readonly (readonly [string, CoordinatorProcessOptions, RegExp])[] = [
    ['no port', { listen: '127.0.0.1' }, /cannot listen on "127\.0\.0\.1": write host:port/],
    ['a port too high', { listen: '127.0.0.1:70000' }, /cannot listen on/],
    ['others without a token', { listen: '0.0.0.0:0' }, /must show a token: give --token-file/],
    ['a token too short', { listen: '127.0.0.1:0', token: 'short' }, /has only 5 characters/],
    ['a lease shorter than heartbeats', { listen: '127.0.0.1:0', leaseMs: 600 },
      /leaseMs is 600 and heartbeatMs 500: a worker would be given up/],
    ['half a worker', { listen: '127.0.0.1:0', minWorkers: 0.5 },
      /minWorkers must be an integer from 1 on, got 0\.5/],
    ['audits before every iteration', { listen: '127.0.0.1:0', auditEvery: -1 },
      /auditEvery must be an integer from 0 on, got -1/],
    ['a median worker that is slow', { listen: '127.0.0.1:0', slowRatio: 0.5 },
      /slowRatio must be a number above 1, or 0 for never, got 0\.5/],
    ['a worker given up before it is told of', { listen: '127.0.0.1:0', hangWarnMs: 700_000 },
      /hangTimeoutMs is 600000 and hangWarnMs 700000: .* make hangTimeoutMs longer/],
    ['a file where the folder should be', { listen: '127.0.0.1:0', journalDir: '/dev/null/x' },
      /cannot use the folder for journals \/dev\/null\/x: \/dev\/null is no folder/],
    ['a folder that cannot be made', { listen: '127.0.0.1:0', journalDir: '/proc/coppice/j' },
      /cannot use the folder for journals \/proc\/coppice\/j: the folder .* cannot be made: /],
    ['uploads where nothing can be made', { listen: '127.0.0.1:0', spoolDir: '/proc/coppice/j' },
      /cannot use the folder for uploads \/proc\/coppice\/j: the folder .* cannot be made: /],
  ]
  for (const [what, options, message] of wrong) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(runCoordinator(options), (error) =>
        error instanceof CoppiceError && message.test(error.message))
    })
  }

  it('lets in who has the token, and tells the others what to do', async () => {
    const coordinator = await runCoordinator({ listen: '127.0.0.1:0', token: secret })
    try {
      await assert.rejects(ClusterClient.connect(coordinator.url), /wants a token/)
      const token = new Token('another-secret-of-that-length', 'other.txt')
      await assert.rejects(ClusterClient.connect(coordinator.url, { token }),
        /does not accept the token in other\.txt/)
      const client = await ClusterClient.connect(coordinator.url, { token: secret })
      const status = await client.status()
      assert.equal(status.phase, 'idle')
      assert.equal(status.url, coordinator.url)
    } finally {
      await coordinator.close()
    }
  })

  it('reads the token from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coppice-token-'))
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, `${secret}\n`, { mode: 0o600 })
    const coordinator = await runCoordinator({ listen: '127.0.0.1:0', tokenFile })
    try {
      const client = await ClusterClient.connect(coordinator.url, { tokenFile })
      assert.equal((await client.status()).job, null)
    } finally {
      await coordinator.close()
      rmSync(folder, { recursive: true })
    }
  })

  it('names what is wrong when nothing listens', async () => {
    const coordinator = await runCoordinator({ listen: '127.0.0.1:0' })
    await coordinator.close()
    await assert.rejects(ClusterClient.connect(coordinator.url, { connectTimeoutMs: 0 }),
      /^CoppiceError: cannot connect to .*nothing listens there/)
    await assert.rejects(ClusterClient.connect(coordinator.url, { connectTimeoutMs: 300 }),
      { code: 'IO', message: /no connection for 0\.\d s.*nothing listens there/ })
  })

  it('is waited for by a client that comes first, which says so once', async () => {
    const first = await runCoordinator({ listen: '127.0.0.1:0', token: secret })
    const { url } = first
    await first.close()
    const notices: string[] = []
    let coordinator: CoordinatorHandle | null = null
    try {
      const client = ClusterClient.connect(url, { token: secret, onNotice: (text) => {
        notices.push(text)
        const listen = url.replace('ws://', '')
        setTimeout(() => void runCoordinator({ listen, token: secret }).then((started) => {
          coordinator = started
        }), 500)
      } })
      assert.equal((await (await client).status()).phase, 'idle')
      assert.deepEqual(notices, [`waiting for the coordinator at ${url}: cannot connect to ` +
        `${url}: nothing listens there; is the coordinator running, and is the port right? ` +
        '(ECONNREFUSED)'])
    } finally {
      await (coordinator as CoordinatorHandle | null)?.close()
    }
  })

  it('is not waited for by a client that is told to stop, or looks at something else', async () => {
    const stop = new AbortController()
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      await assert.rejects(ClusterClient.connect(`ws://127.0.0.1:${port}`),
        { code: 'PARAMETER', message: /no coordinator/ })
    } finally {
      server.close()
    }
    const waiting = ClusterClient.connect('ws://127.0.0.1:1', {
      signal: stop.signal, onNotice: () => stop.abort(),
    })
    await assert.rejects(waiting, { code: 'ABORTED' })
  })

  it('numbers its starts apart', async () => {
    const journalDir = mkdtempSync(join(tmpdir(), 'coppice-terms-'))
    try {
      const terms: number[] = []
      for (let i = 0; i < 3; i++) {
        const coordinator = await runCoordinator({ listen: '127.0.0.1:0', journalDir })
        terms.push(coordinator.status().term)
        await coordinator.close()
      }
      const first = terms[0]!
      assert.deepEqual(terms, [first, first % 2000 + 1, (first % 2000 + 1) % 2000 + 1])
    } finally {
      rmSync(journalDir, { recursive: true })
    }
  })

  it('has a folder of journals to itself, and says who has it', async () => {
    const journalDir = mkdtempSync(join(tmpdir(), 'coppice-folder-'))
    const first = await runCoordinator({ listen: '127.0.0.1:0', journalDir })
    try {
      await assert.rejects(runCoordinator({ listen: '127.0.0.1:0', journalDir }), {
        code: 'IO',
        message: `the folder of journals ${journalDir} is in use by process ${process.pid} on host `
          + `${hostname()}; stop that coordinator first, or remove `
          + `${join(journalDir, 'coordinator.lock')} if it no longer runs`,
      })
      await first.close()
      // whoever could not start leaves nothing behind either
      const taken = await runCoordinator({ listen: '127.0.0.1:0' })
      const listen = taken.url.replace('ws://', '')
      await assert.rejects(runCoordinator({ listen, journalDir }), /another program listens there/)
      await taken.close()
      await (await runCoordinator({ listen: '127.0.0.1:0', journalDir })).close()
      assert.ok(!readdirSync(journalDir).includes('coordinator.lock'))
    } finally {
      await first.close()
      rmSync(journalDir, { recursive: true })
    }
  })

  it('says of a damaged journal which file it is, and goes on with the others', async () => {
    const journalDir = mkdtempSync(join(tmpdir(), 'coppice-damaged-'))
    const [path, other] = ['broken', 'other'].map((job) => join(journalDir, `${job}.journal`))
    const bytes = Buffer.concat([journalLine(), Buffer.alloc(200, 0xff)])
    writeFileSync(path!, bytes)
    writeFileSync(other!, 'something else, and long enough to be seen')
    mkdirSync(join(journalDir, 'folder.journal'))
    const coordinator = await runCoordinator({ listen: '127.0.0.1:0', journalDir })
    try {
      const told = coordinator.status().notices.map(({ text }) => text)
      assert.equal(told.length, 3)
      const ofBroken = `job broken cannot go on: the journal ${path} is damaged at byte ` +
        `${journalLine().length}: record 0 `
      assert.ok(told[0]!.startsWith(ofBroken), told[0])
      assert.match(told[0]!, /; restore the file, or move it away to give the job up$/)
      assert.match(told[1]!,
        /^job folder cannot go on: cannot read the journal .*: it is a folder$/)
      assert.equal(told[2], `job other cannot go on: ${other} is not a journal: it does not ` +
        'begin as a journal; name another folder, or remove the file')
    } finally {
      await coordinator.close()
      rmSync(journalDir, { recursive: true })
    }
  })

  it('takes uploads, once, and gives the address under which they are read', async () => {
    const coordinator = await runCoordinator({ listen: '127.0.0.1:0', token: secret })
    try {
      const client = await ClusterClient.connect(coordinator.url, { token: secret })
      const bytes = new TextEncoder().encode('a,b\n1,2\n')
      const uri = await client.upload(bytes)
      assert.equal(uri, `${coordinator.url.replace('ws', 'http')}/v1/data/${toHex(sha256(bytes))}`)
      assert.equal(await client.upload(bytes), uri)
      const headers = { Authorization: `Bearer ${secret}` }
      assert.equal(await (await fetch(uri, { headers })).text(), 'a,b\n1,2\n')
      const { notices } = coordinator.status()
      assert.equal(notices.filter(({ text }) => text.includes('uploaded')).length, 1)
    } finally {
      await coordinator.close()
    }
  })
})

describe('uploads', function () {
  this.timeout(20_000)

  it('outlast their coordinator while a job needs them; then they are removed', async () => {
    const journalDir = mkdtempSync(join(tmpdir(), 'coppice-uploads-'))
    const data = makeData(23, 'number', { train: { nRows: 200, nPartitions: 2 } })
    const folder = join(journalDir, 'uploads')
    const yesterday = Date.now() / 1000 - 90_000
    let cluster = await TestCluster.start(0, { journalDir })
    try {
      const client = await cluster.client()
      const bytes = readdirSync(data.path('train')).map((name) =>
        readFileSync(join(data.path('train'), name)))
      const uris = await Promise.all(bytes.map((content) => client.upload(content)))
      await client.upload(new TextEncoder().encode('a left one'))
      const order = orderOf({ objective: 'regression', numIterations: 3, numLeaves: 4 },
        dataSpec('', { inputs: uris }))
      const notices: string[] = []
      const waiting = client.train(order, { onNotice: (text) => notices.push(text) }, 'uploaded')
      await eventually('it waits', () => cluster.coordinator.status().job === 'uploaded')
      await client.close()
      await assert.rejects(waiting)
      await cluster.stop()
      for (const name of readdirSync(folder)) utimesSync(join(folder, name), yesterday, yesterday)
      writeFileSync(join(folder, 'notes.txt'), 'not ours')
      utimesSync(join(folder, 'notes.txt'), yesterday, yesterday)
      cluster = await TestCluster.start(1, { journalDir })
      await eventually('the left one is removed', () => readdirSync(folder).length === 3)
      assert.deepEqual(readdirSync(folder).sort(),
        [...bytes.map((content) => toHex(sha256(content))), 'notes.txt'].sort())
      const again = await cluster.client()
      const { model } = await again.train(order, {}, 'uploaded')
      assert.equal(model.trees.length, 3)
    } finally {
      await cluster.stop()
      data.remove()
      rmSync(journalDir, { recursive: true })
    }
  })
})

describe('a coordinator among hostile connections', function () {
  this.timeout(20_000)

  it('closes what sends no message, with the reason, and goes on with the others', async () => {
    const data = makeData(21, 'number', { train: { nRows: 300, nPartitions: 3 } })
    const cluster = await TestCluster.start(1)
    try {
      const order = orderOf({ objective: 'regression', numIterations: 8, numLeaves: 5 },
        dataSpec(data.path('train')))
      const client = await cluster.client()
      const dial = async (role: LinkRole): Promise<LinkRecorder> =>
        new LinkRecorder(await connectLink(cluster.coordinator.url, { role, token: null }))
      const hostile: readonly (readonly [LinkRole, Uint8Array, RegExp])[] = [
        ['worker', Uint8Array.of(1, 2, 3), /value/],
        ['worker', encodeMessage({ type: 'abort', job: 'x' }), /"abort"/],
        ['client', Uint8Array.of(0xc1), /value|read/],
        ['client', encodeMessage({ type: 'drain' }), /"drain"/],
      ]
      const result = await client.train({ ...order, wantsGo: true }, {
        onCommitted: async ({ iteration }) => {
          const attack = hostile[iteration]
          if (attack === undefined) return 'go'
          const [role, bytes, reason] = attack
          const link = await dial(role)
          link.link.send(bytes)
          const close = await link.closed()
          assert.equal(close.code, closeCodes.protocol)
          assert.match(close.reason, reason)
          return 'go' as const
        },
      })
      assert.equal(digestOf(result.model), digestOf((await trainHere(order)).model))
      const told = cluster.notices.filter((line) => line.includes('sent what is no message'))
      assert.equal(told.length, hostile.length)
    } finally {
      await cluster.stop()
      data.remove()
    }
  })

  it('answers a client of another protocol', async () => {
    const coordinator = await runCoordinator({ listen: '127.0.0.1:0' })
    try {
      const link = new LinkRecorder(
        await connectLink(coordinator.url, { role: 'client', token: null }))
      const spec = { ...orderOf({}, dataSpec('/x')), resumeFrom: null }
      link.link.send(encodeMessage({
        type: 'submit', protocol: 99, job: 'j', spec, fromIteration: 0,
      }))
      const [answer] = await link.received(1)
      assert.match(Buffer.from(answer!).toString(), /speaks protocol 99, the coordinator 1/)
      link.link.destroy('done')
    } finally {
      await coordinator.close()
    }
  })
})

describe('the status of a cluster', function () {
  this.timeout(20_000)

  it('counts the audits that passed, as many as were wanted', async () => {
    const data = makeData(23, 'number', { train: { nRows: 200, nPartitions: 4 } })
    const cluster = await TestCluster.start(2, { auditEvery: 2 })
    try {
      const client = await cluster.client()
      const order = orderOf({ objective: 'regression', numIterations: 2000, numLeaves: 4 },
        dataSpec(data.path('train')), { wantsGo: true })
      const { model } = await client.train(order, {
        onCommitted: () =>
          Promise.resolve(cluster.coordinator.status().nAuditsPassed < 2 ? 'go' : 'stop'),
      })
      assert.ok(model.trees.length < 2000, `${model.trees.length} trees`)
      assert.ok(cluster.coordinator.status().nAuditsPassed >= 2)
    } finally {
      await cluster.stop()
      data.remove()
    }
  })

  it('says who holds what, how far it is, and what passed', async () => {
    const data = makeData(22, 'number', { train: { nRows: 400, nPartitions: 5 } })
    const cluster = await TestCluster.start(2)
    try {
      await eventually('workers are in', () => cluster.coordinator.status().workers.length === 2)
      const idle = cluster.coordinator.status()
      assert.equal(idle.phase, 'idle')
      assert.deepEqual(idle.workers.map(({ name, phase }) => [name, phase]),
        [['w0', 'idle'], ['w1', 'idle']])
      const client = await cluster.client()
      let during: ClusterStatus | null = null
      const order = orderOf({ objective: 'regression', numIterations: 6, numLeaves: 5 },
        dataSpec(data.path('train')), { wantsGo: true })
      await client.train(order, {
        onCommitted: async ({ iteration }) => {
          if (iteration === 4) during = await client.status()
          return 'go' as const
        },
      }, 'watched')
      assert.ok(during !== null)
      const status: ClusterStatus = during
      const { job, phase, iteration, nIterations, nPartitions, orphans, queue } = status
      assert.deepEqual({ job, phase, iteration, nIterations, nPartitions, orphans, queue }, {
        job: 'watched', phase: 'waiting', iteration: 5, nIterations: 6, nPartitions: 5,
        orphans: [], queue: [],
      })
      assert.equal(status.workers.reduce((sum, worker) => sum + worker.nPartitions, 0), 5)
      for (const worker of status.workers) {
        assert.ok(worker.bytesIn > 0 && worker.bytesOut > 0 && worker.lastHeardMs < 5000)
        assert.equal(worker.nThreads, 1)
      }
      assert.ok(status.nRounds >= 5 * 2, `${status.nRounds} rounds`)
      assert.ok(status.bytesPerTree > 100, `${status.bytesPerTree} bytes`)
      assert.ok(status.slowest !== null && ['w0', 'w1'].includes(status.slowest.name))
      assert.ok(status.slowest.lastRatio >= 0.5 && status.slowest.lastRatio <= 1)
      assert.ok(status.notices.some(({ text }) => text === 'worker w0 joined with 1 thread'))
    } finally {
      await cluster.stop()
      data.remove()
    }
  })
})
