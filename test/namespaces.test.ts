import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ClusterStatus } from '@coppice/api'
import { sha256Of, trainAlone } from './support/cluster-chaos.js'
import { MadeNetwork } from './support/cluster-namespaces.js'
import { makeProblem, type Problem } from './support/cluster-problem.js'
import type { CommandProcess } from './support/cluster-process.js'
import { ClusterSite } from './support/cluster-site.js'
import { readClient, readCoordinators } from './support/cluster-story.js'
import { root } from './support/repository.js'
import { skipBecause } from './support/skip.js'

/** packages/cluster/test/support/certificates.ts, which belongs to another project. */
interface Certificates {
  readonly TestAuthority: new () => {
    readonly cert: string
    issue(options: { readonly subject: string, readonly hosts: readonly string[] }):
      { readonly cert: string, readonly key: string }
  }
}

const workers = ['w0', 'w1']

describe('a cluster on several hosts, with TLS and a token', function () {
  this.timeout(60_000)
  let folder: string
  let network: MadeNetwork
  let site: ClusterSite
  let problem: Problem
  let sha256: string

  before(async function () {
    const reason = await MadeNetwork.whyNot()
    if (reason !== null) skipBecause(this, reason)
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-hosts-'))
    network = await MadeNetwork.make(['coordinator', ...workers, 'client'])
    const { address } = network.host('coordinator')
    const files = await writeCertificates(folder, address)
    site = await ClusterSite.create({
      folder, minWorkers: 1,
      coordinatorFlags: ['--heartbeat', '200', '--lease', '1500'],
      place: {
        host: address, scheme: 'wss',
        coordinatorFlags: ['--tls-cert', files.cert, '--tls-key', files.key],
        diallerFlags: ['--ca-file', files.authority],
        prefixOf: (name) => network.on(name),
      },
    })
    problem = await makeProblem({
      seed: 9, nRows: 4000, nNumeric: 5, nCategorical: 2, format: 'parquet', partitions: 5,
      objective: 'regression', hasWeights: false, hasValid: true,
      params: { num_iterations: 30, num_leaves: 15, min_data_per_group: 20 },
    }, path.join(folder, 'data'))
    sha256 = await trainAlone(problem)
    const coordinator = await site.startCoordinator()
    for (const name of workers) await site.startWorker(name)
    for (const name of workers) await coordinator.waitFor(new RegExp(`worker ${name} joined`))
  })

  after(async () => {
    await (site as ClusterSite | undefined)?.destroy()
    await (network as MadeNetwork | undefined)?.remove()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  })

  /** Waits for a client's end. @returns SHA-256 of its model */
  async function ending(client: CommandProcess, model: string): Promise<string> {
    const { code } = await client.ended
    assert.equal(code, 0, client.tail())
    assert.equal(readClient(client.lines).commits.length, 30)
    return sha256Of(model)
  }

  it('makes the bytes of one process', async () => {
    const model = path.join(folder, 'calm.json')
    const client = await site.train([...problem.flags, '--model', model], 'client')
    assert.equal(await ending(client, model), sha256)
    const { workersJoined, workersLost } = readCoordinators(site.coordinatorLines)
    assert.deepEqual([workersJoined, workersLost], [2, 0])
  })

  it('shows its status on another host, over TLS', async () => {
    const status = await site.status('client') as ClusterStatus
    assert.equal(status.url, site.url)
    assert.match(status.url, /^wss:/)
    assert.deepEqual(status.workers.map(({ name, nThreads }) => [name, nThreads]),
      workers.map((name) => [name, 1]))
    assert.ok(status.workers.every(({ bytesIn, bytesOut }) => bytesIn > 0 && bytesOut > 0))
    assert.deepEqual(status.ended.map(({ state, text }) => [state, text]), [['done', 'completed']])
  })

  it('makes them too when a host is cut off in mid-training, without a word', async () => {
    const model = path.join(folder, 'cut.json')
    const client = await site.train([...problem.flags, '--model', model], 'client')
    await client.waitFor(/"event":"iteration","iteration":5,/)
    await network.unplug('w1')
    const coordinator = site.current('coordinator')!
    const { text } = await coordinator.waitFor(/worker w1 lost/)
    assert.match(text, /moved to w0/)
    await network.plug('w1')
    assert.equal(await ending(client, model), sha256)
    // It finds the way back by itself.
    const nJoined = (): number => readCoordinators(site.coordinatorLines).workersJoined
    while (nJoined() < 3) await nextLine(coordinator)
    assert.deepEqual(await site.close(), [])
  })
})

function nextLine(process: CommandProcess): Promise<void> {
  return new Promise((resolve) => {
    const stop = process.onLine(() => {
      stop()
      resolve()
    })
  })
}

async function writeCertificates(
  folder: string, address: string,
): Promise<{ readonly authority: string, readonly cert: string, readonly key: string }> {
  const file = path.join(root, 'packages/cluster/dist/test/support/certificates.js')
  const { TestAuthority } = await import(pathToFileURL(file).href) as Certificates
  const authority = new TestAuthority()
  const { cert, key } = authority.issue({ subject: 'coordinator', hosts: [address] })
  const files = { authority: path.join(folder, 'ca.pem'), cert: path.join(folder, 'cert.pem'),
    key: path.join(folder, 'key.pem') }
  await writeFile(files.authority, authority.cert)
  await writeFile(files.cert, cert)
  await writeFile(files.key, key, { mode: 0o600 })
  return files
}
