import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { ConnectedCluster } from '../../src/cluster/connected-cluster.js'
import { connect, GBDTRegressor, LocalCluster } from '../../src/index.js'
import { rejects, temporaryFolder } from '../support.js'
import { FakeClient } from './fake-client.js'

const nobody = 'ws://127.0.0.1:1'

describe('connect', () => {
  const file = temporaryFolder()

  it('refuses options that there are not, and two secrets', async () => {
    await rejects(connect(nobody, { tokenfile: 'x' } as object), 'PARAMETER',
      'did you mean "tokenFile"?')
    await rejects(connect(nobody, { token: 'a'.repeat(32), tokenFile: 'x' }), 'PARAMETER',
      'token and tokenFile')
  })

  it('refuses what is no address of a coordinator', async () => {
    await rejects(connect('nonsense'), 'PARAMETER', '"nonsense"', 'ws://host:port')
    await rejects(connect('ws://x:secret@127.0.0.1:1'), 'PARAMETER', 'token')
    await rejects(connect(undefined as never), 'PARAMETER', 'undefined')
  })

  it('says where nothing listens, and which file is wrong', async () => {
    await rejects(connect(nobody, { connectTimeoutMs: 0 }), 'IO', '127.0.0.1:1', 'nothing listens')
    await rejects(connect(nobody, { connectTimeoutMs: -1 }), 'PARAMETER', 'connectTimeoutMs', '-1')
    await rejects(connect(nobody, { tokenFile: file('none') }), 'PARAMETER', 'none',
      'no such file')
    writeFileSync(file('short'), 'secret\n', { mode: 0o600 })
    await rejects(connect(nobody, { tokenFile: file('short') }), 'PARAMETER', 'short',
      '6 characters')
    await rejects(connect(nobody, { token: 'secret' }), 'PARAMETER', '6 characters')
    await assert.rejects(connect(nobody, { token: 'my secret words' }), (error: Error) =>
      !error.message.includes('secret words'))
    await rejects(connect('wss://127.0.0.1:1', { caFile: file('short') }), 'PARAMETER', 'short',
      'PEM')
  })

  it('refuses certificates for what is not encrypted, before anybody is asked', async () => {
    for (const url of [nobody, 'HTTP://127.0.0.1:1']) {
      await rejects(connect(url, { caFile: file('none') }), 'PARAMETER',
        'caFile does nothing with', 'not encrypted', 'wss://')
    }
  })
})

describe('fetch of a cluster', () => {
  it('refuses what is no job, and options that there are not', async () => {
    const cluster = new ConnectedCluster('ws://h:1', new FakeClient('.'))
    await rejects(cluster.fetch(''), 'PARAMETER', 'as status() names it')
    await rejects(cluster.fetch(7 as never), 'PARAMETER', '7')
    await rejects(cluster.fetch('x', { onevent: () => undefined } as never), 'PARAMETER',
      'did you mean "onEvent"?')
  })
})

describe('a cluster that is closed', () => {
  it('says so at once, whatever it is asked', async () => {
    const client = new FakeClient('.')
    const cluster = new ConnectedCluster('ws://h:1', client)
    await cluster.close()
    await cluster.close()
    const words = ['this cluster (ws://h:1) is closed'] as const
    await rejects(new GBDTRegressor().fit([[1], [2]], [1, 2], { cluster }), 'PARAMETER', ...words)
    await rejects(cluster.fetch('x'), 'PARAMETER', ...words)
    await rejects(cluster.status(), 'PARAMETER', ...words)
    await rejects(cluster.predict({} as never), 'PARAMETER', ...words)
    assert.deepEqual([client.jobs, client.uploads], [[], []])
  })
})

describe('LocalCluster.start', () => {
  it('refuses numbers that are none, before a process is started', async () => {
    for (const workers of [0, -1, 1.5, NaN, 1025, 1e9, '2', undefined]) {
      await rejects(LocalCluster.start({ workers: workers as number }), 'PARAMETER', 'workers',
        'from 1 to 1024')
    }
    await rejects(LocalCluster.start({ workers: 1, threadsPerWorker: 0 }), 'PARAMETER',
      'threadsPerWorker', '0')
    await rejects(LocalCluster.start({ workers: 1, threadsPerWorker: 1e9 }), 'PARAMETER',
      'threadsPerWorker', 'from 1 to 1024')
    await rejects(new GBDTRegressor({ numThreads: 1e9 }).fit([[1], [2]], [1, 2]), 'PARAMETER',
      'numThreads', '<= 1024')
    await rejects(LocalCluster.start({ workers: 1, threads: 1 } as never), 'PARAMETER',
      'did you mean "threadsPerWorker"?')
    await rejects(LocalCluster.start({ worker: 2 } as never), 'PARAMETER',
      'did you mean "workers"?')
    await rejects(LocalCluster.start(undefined as never), 'PARAMETER', 'workers')
    await rejects(LocalCluster.start({ workers: 1, auditEvery: 0.5 }), 'PARAMETER', 'auditEvery',
      'an integer from 0 on', '0.5')
    await rejects(LocalCluster.start({ workers: 1, slowRatio: 1 }), 'PARAMETER', 'slowRatio')
    await rejects(LocalCluster.start({ workers: 1, hangTimeoutMs: 59_000 }), 'PARAMETER',
      'hangTimeoutMs is 59000 and hangWarnMs 60000')
  })
})
