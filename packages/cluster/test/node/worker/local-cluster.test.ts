import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterClient } from '../../../src/node/client.js'
import { LocalCluster } from '../../../src/node/local-cluster.js'
import { runWorker } from '../../../src/node/worker-process.js'
import type { DataSpec } from '../../../src/protocol/client-messages.js'
import { eventually } from '../../support/eventually.js'
import { digestOf, makeFiles, trainedHere } from './made-files.js'
import { isAlive } from './process-life.js'

const params = { objective: 'binary', num_iterations: 12, num_leaves: 15, metric: ['auc'] }

describe('LocalCluster', function () {
  this.timeout(60_000)
  const files = makeFiles(8, 2000, 4)
  const journal = mkdtempSync(join(tmpdir(), 'coppice-journal-'))
  let cluster: LocalCluster | null = null
  let expected = ''

  before(async () => {
    expected = await trainedHere(files, 'y', params)
  })
  afterEach(async () => {
    await cluster?.stop()
    cluster = null
  })
  after(() => {
    files.remove()
    rmSync(journal, { recursive: true, force: true })
  })

  async function train(onIteration: (iteration: number) => void = () => undefined) {
    const client = await ClusterClient.connect(cluster!.url, { token: cluster!.token })
    try {
      // one data set is read where it lies, the other is brought
      const uploads = await Promise.all(readdirSync(files.valid).map((name) =>
        client.upload(readFileSync(join(files.valid, name)))))
      return await client.train({
        params, labelKind: 'binary', inferred: null, train: dataOf([files.train]),
        evalSets: [{ name: 'valid', data: dataOf(uploads) }], resumeFrom: null, wantsGo: false,
      }, { onEvent: (event) => {
        if (event.kind === 'iteration') onIteration(event.iteration)
      } })
    } finally {
      await client.close()
    }
  }

  it('trains the bytes of one thread, also when every process is killed once', async () => {
    const notices: string[] = []
    cluster = await LocalCluster.start({
      workers: 2, threadsPerWorker: 1, journalDir: journal,
      onNotice: (text) => notices.push(text),
    })
    const pids = [...cluster.workerPids, cluster.coordinatorPid!]
    const { model } = await train((iteration) => {
      const pid = new Map([[2, pids[0]!], [5, pids[2]!], [8, pids[1]!]]).get(iteration)
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL')
    })
    assert.equal(digestOf(model), expected)
    const all = (): number[] => [...cluster!.workerPids, cluster!.coordinatorPid ?? 0]
    await eventually('all are there again, as other processes', () =>
      all().filter((pid) => pid > 0 && !pids.includes(pid)).length === 3, 20_000)
    assert.equal(cluster.nRestarts, 3)
    assert.ok(notices.includes('worker local-0 ended (SIGKILL); starting it again'))
  })

  it('goes on without a worker that does not come back, also with the next job', async () => {
    cluster = await LocalCluster.start({
      workers: 2, threadsPerWorker: 1, restartsMax: 0, times: { stallMs: 5000 },
    })
    const pid = cluster.workerPids[0]!
    const first = await train((iteration) => {
      if (iteration === 2) process.kill(pid, 'SIGKILL')
    })
    assert.equal(digestOf(first.model), expected)
    assert.equal(cluster.workerPids.length, 1)
    assert.equal(digestOf((await train()).model), expected)
  })

  it('leaves no process behind when its own is killed', async () => {
    const main = fileURLToPath(new URL('./orphans-main.js', import.meta.url))
    const parent: ChildProcess = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 2] })
    const [line] = await once(parent.stdout!.setEncoding('utf8'), 'data') as [string]
    const pids = JSON.parse(line) as number[]
    assert.equal(pids.length, 3)
    assert.ok(pids.every(isAlive))
    parent.kill('SIGKILL')
    await eventually('they are gone', () => !pids.some(isAlive), 20_000)
  })

  it('says what is wrong with its numbers', async () => {
    await assert.rejects(LocalCluster.start({ workers: 0 }),
      { code: 'PARAMETER', message: /workers of a local cluster .* got 0/ })
    await assert.rejects(LocalCluster.start({ workers: 1e9 }),
      { code: 'PARAMETER', message: /workers of a local cluster .* 1 to 1024, got 1000000000/ })
    await assert.rejects(runWorker({ coordinator: 'ws://127.0.0.1:1', token: null, threads: 1e9 }),
      { code: 'PARAMETER', message: /threads .* 1 to 1024, got 1000000000/ })
    await assert.rejects(LocalCluster.start({ workers: 1, threadsPerWorker: 1.5 }),
      { code: 'PARAMETER', message: /threadsPerWorker .* got 1.5/ })
  })
})

function dataOf(inputs: readonly string[]): DataSpec {
  return {
    inputs, format: null, header: 'auto', missingValues: null, roles: { label: 'y' },
    schema: null, rows: null,
  }
}
