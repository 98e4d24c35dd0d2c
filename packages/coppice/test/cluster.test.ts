import assert from 'node:assert/strict'
import type { ClusterStatus, WorkerStatus } from '../src/index.js'
import { warnOfAbort, wholeName } from '../src/commands/fetch.js'
import { statusText } from '../src/commands/status.js'
import { FlagValues } from '../src/flag-values.js'
import { flowersCsv, type Running, Workspace } from './support.js'

describe('a cluster on the command line', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const secret = 'a'.repeat(64)
  const other = 'b'.repeat(64)
  const train = (...args: string[]) => ['train', '--data', 'train.csv', '--label', 'species',
    '--ignore', 'id,kind', '--num_iterations', '3', '--num_leaves', '4', '--model', 'm.json',
    ...args]

  before(() => {
    work.write('train.csv', flowersCsv(300, 1))
    work.write('token', `${secret}\n`)
    work.write('other', other)
    work.write('short', 'secret\n')
    work.write('empty', '')
  })
  after(() => work.remove())

  describe('refuses', () => {
    const cases: [what: string, code: number, words: string[], args: string[]][] = [
      ['two places', 2, ['--cluster', '--local-workers'],
        train('--cluster', 'ws://127.0.0.1:1', '--local-workers', '2')],
      ['no workers at all', 2, ['--local-workers', '"0"'], train('--local-workers', '0')],
      ['a token without a cluster', 2, ['--token-file', '--cluster'],
        train('--token-file', 'token')],
      ['a token for local workers', 2, ['--token-file', '--cluster'],
        train('--local-workers', '2', '--token-file', 'token')],
      ['certificates without a cluster', 2, ['--ca-file', '--cluster'],
        train('--ca-file', 'ca.pem')],
      ['certificates for what is not encrypted', 2, ['--ca-file', 'wss://'],
        train('--cluster', 'ws://127.0.0.1:1', '--ca-file', 'ca.pem')],
      ['certificates for a worker that encrypts nothing', 2, ['--ca-file', '--coordinator'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--ca-file', 'ca.pem']],
      ['certificates for a status that is not encrypted', 2, ['--ca-file', 'wss://'],
        ['status', '--cluster', 'ws://127.0.0.1:1', '--ca-file', 'ca.pem']],
      ['a training without a label, before it connects', 2, ['--label is missing'],
        ['train', '--data', 'train.csv', '--cluster', 'ws://127.0.0.1:1', '--model', 'm.json']],
      ['threads of workers that others started', 2, ['--threads 3', 'coppice worker'],
        train('--cluster', 'ws://127.0.0.1:1', '--threads', '3')],
      ['what is no address', 2, ['"nonsense"', 'ws://host:port'],
        train('--cluster', 'nonsense')],
      ['another scheme', 2, ['ftp', 'ws://host:port'], train('--cluster', 'ftp://host')],
      ['a token in the address', 2, ['--token-file'],
        train('--cluster', 'ws://x:y@127.0.0.1:1')],
      ['a coordinator that is not there', 1, ['127.0.0.1:1', 'nothing listens'],
        train('--cluster', 'ws://127.0.0.1:1', '--connect-timeout', '0')],
      ['a coordinator that is waited for in vain', 1,
        ['127.0.0.1:1', 'nothing listens', 'no connection for'],
        train('--cluster', 'ws://127.0.0.1:1', '--connect-timeout', '1')],
      ['how long to wait for nobody', 2, ['--connect-timeout', '--cluster'],
        train('--connect-timeout', '5')],
      ['a token file that is missing', 2, ['token file none: no such file or folder; check the'],
        train('--cluster', 'ws://127.0.0.1:1', '--token-file', 'none')],
      ['a token file that is a folder', 2, ['token file .: it is a folder'],
        ['status', '--cluster', 'ws://127.0.0.1:1', '--token-file', '.']],
      ['certificates that are missing', 2, ['none (--ca-file): no such file or folder'],
        ['status', '--cluster', 'wss://127.0.0.1:1', '--ca-file', 'none']],
      ['a certificate that is missing', 2, ['none (--tls-cert): no such file or folder'],
        ['coordinator', '--listen', '127.0.0.1:0', '--tls-cert', 'none', '--tls-key', 'none']],
      ['a journal that is a file', 1, ['for journals token: ', 'token is no folder; name another'],
        ['coordinator', '--listen', '127.0.0.1:0', '--journal', 'token']],
      ['a token that can be guessed', 2, ['short', '6 characters', 'openssl'],
        train('--cluster', 'ws://127.0.0.1:1', '--token-file', 'short')],
      ['an empty token', 2, ['empty', 'is empty'],
        train('--cluster', 'ws://127.0.0.1:1', '--token-file', 'empty')],
      ['a worker without a coordinator', 2, ['--coordinator', 'COPPICE_COORDINATOR'],
        ['worker']],
      ['more workers than a machine has', 2, ['--local-workers', 'from 1 to 1024', '"1000000000"'],
        train('--local-workers', '1000000000')],
      ['more threads than a worker has', 2, ['--threads', 'from 1 to 1024', '"1000000000"'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--threads', '1000000000']],
      ['more threads than a training has', 2, ['--threads', 'from 1 to 1024', '"1e9"'],
        train('--threads', '1e9')],
      ['more threads than one, by another name', 2, ['num_threads', '1024', '"1025"'],
        train('--num_threads', '1025')],
      ['more threads than a prediction has', 2, ['--threads', 'from 1 to 1024', '"1025"'],
        ['predict', '--model', 'm.json', '--data', 'train.csv', '--out', 'o.csv',
          '--local-workers', '1', '--threads', '1025']],
      ['no threads', 2, ['--threads', '"0"'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--threads', '0']],
      ['a name with spaces', 2, ['"a b"', '--name'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--name', 'a b']],
      ['a size of no cache', 2, ['--cache-size', '--cache DIR'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--cache-size', '100000000']],
      ['a cache of no size', 2, ['--cache-size must be bytes', '10G', '64 MiB', '"10 apples"'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--cache', 'c', '--cache-size',
          '10 apples']],
      ['a cache that is too small', 2, ['--cache-size', '67108864', '"1000"'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--cache', 'c', '--cache-size', '1000']],
      ['a cache that is a file', 1, ['token', 'as a cache'],
        ['worker', '--coordinator', 'ws://127.0.0.1:1', '--cache', 'token']],
      ['status of nobody', 2, ['--cluster', 'COPPICE_COORDINATOR'], ['status']],
      ['a model of nobody', 2, ['--cluster', 'COPPICE_COORDINATOR'],
        ['fetch', '--job', 'x', '--model', 'm.json']],
      ['a model of no job', 2, ['--job is missing'],
        ['fetch', '--cluster', 'ws://127.0.0.1:1', '--model', 'm.json']],
      ['a model that goes nowhere', 2, ['--model is missing'],
        ['fetch', '--cluster', 'ws://127.0.0.1:1', '--job', 'x']],
      ['a model of a coordinator that is waited for in vain', 1,
        ['127.0.0.1:1', 'nothing listens', 'no connection for'],
        ['fetch', '--cluster', 'ws://127.0.0.1:1', '--job', 'x', '--model', 'm.json',
          '--connect-timeout', '1']],
      ['a port without a host', 2, ['--listen', '"7077"', 'host:port'],
        ['coordinator', '--listen', '7077']],
      ['half a key pair', 2, ['--tls-cert', '--tls-key'], ['coordinator', '--tls-cert', 'c.pem']],
      ['a lease shorter than two heartbeats', 2, ['--lease 600', '--heartbeat 500'],
        ['coordinator', '--lease', '600']],
      ['durability of nothing', 2, ['--durability', '--journal'],
        ['coordinator', '--durability', 'strict']],
      ['fewer audits than none', 2, ['--audit-every', '"-1"'], ['coordinator', '--audit-every=-1']],
      ['a median worker that is slow', 2, ['--slow-ratio', 'above 1', '"1"'],
        ['coordinator', '--slow-ratio', '1']],
      ['giving up before a warning', 2, ['--hang-timeout 30', '--hang-warn 60'],
        ['coordinator', '--hang-timeout', '30']],
      ['strangers without a token', 2, ['0.0.0.0', '--token-file'],
        ['coordinator', '--listen', '0.0.0.0:0']],
    ]
    for (const [what, code, words, args] of cases) {
      it(what, async () => {
        await work.fails(code, words, ...args)
        assert.ok(!work.has('m.json'))
      })
    }
  })

  describe('with a coordinator', () => {
    let running: Running
    let url = ''

    before(async () => {
      running = work.start('coordinator', '--listen', '127.0.0.1:0', '--token-file', 'token',
        '--start-timeout', '2', '--log-format', 'json', '--audit-every', '0', '--slow-ratio',
        '1.5', '--hang-warn', '20', '--hang-timeout', '90')
      await running.sees('"listening"')
      const line = running.stderr().split('\n').find((each) => each.includes('"listening"'))
      assert.ok(line !== undefined, running.stderr())
      url = (JSON.parse(line) as { url: string }).url
    })
    after(() => void running.child.kill('SIGKILL'))

    it('is let in by the secret only, and told where it looked for it', async () => {
      const wrong = ['--token-file', 'other']
      await work.fails(2, ['token in other', 'was started with'],
        ...train('--cluster', url, ...wrong))
      await work.fails(2, ['wants a token', '--token-file'], ...train('--cluster', url))
      await work.fails(2, ['token in other'], 'status', '--cluster', url, ...wrong)
      const { code, stderr } = await work.run('worker', '--coordinator', url, ...wrong)
      assert.equal(code, 2, stderr)
      assert.match(stderr, /does not accept the token in other/)
    })

    it('is alone at its address, and says nothing of a journal to who cannot start', async () => {
      const stderr = await work.fails(2, ['another program'], 'coordinator', '--listen',
        new URL(url).host, '--token-file', 'token')
      assert.doesNotMatch(stderr, /journal/)
    })

    it('shows its status as text and as JSON; flags beat the environment', async () => {
      const environment = { COPPICE_COORDINATOR: url, COPPICE_TOKEN_FILE: 'token' }
      const text = await work.startWith(environment, 'status').finished
      assert.equal(text.code, 0, text.stderr)
      assert.match(text.stdout, /^job +none\nworkers +0 with 0 threads; 1 more are needed/m)
      const json = await work.startWith({ ...environment, COPPICE_TOKEN_FILE: 'other' }, 'status',
        '--json', '--token-file', 'token').finished
      assert.equal(json.code, 0, json.stderr)
      const status = JSON.parse(json.stdout) as ClusterStatus
      assert.deepEqual([status.url, status.phase, status.workers], [url, 'idle', []])
    })

    it('saves the trees of a training that ends for want of workers, and says why', async () => {
      const token = ['--token-file', 'token']
      const worker = work.start('worker', '--coordinator', url, '--threads', '1', ...token)
      try {
        const training = work.start('train', '--data', 'train.csv', '--label', 'species',
          '--ignore', 'id,kind', '--num_iterations', '100000', '--num_leaves', '4', '--cluster',
          url, ...token, '--model', 'm.json', '--checkpoint', 'check.json', '--log-format', 'json')
        await training.sees('"iteration":4,')
        worker.child.kill('SIGKILL')
        const { code, stderr } = await training.finished
        assert.equal(code, 1, stderr)
        assert.match(stderr, /{"event":"notice","text":"worker [^"]* lost: /)
        assert.match(stderr,
          /the trees so far are saved; go on with --resume check\.json, by the same comm/)
        assert.match(stderr, /a longer --start-timeout/)
        assert.match(stderr.trimEnd().split('\n').at(-1)!,
          /^{"event":"error","code":"ABORTED","message":"0 of at least 1 workers were there/)
        const { trees } = JSON.parse(work.read('check.json')) as { trees: unknown[] }
        assert.ok(trees.length > 4)
        assert.ok(!work.has('m.json'))
      } finally {
        worker.child.kill('SIGKILL')
        await worker.finished
      }
    })

    it('fetches the model of a training whose command was killed', async () => {
      const token = ['--token-file', 'token']
      const worker = work.start('worker', '--coordinator', url, '--threads', '1', ...token)
      try {
        await work.fails(2, ['there is no job "x" here'], 'fetch', '--cluster', url, '--job', 'x',
          '--model', 'm.json', ...token)
        const args = ['--data', 'train.csv', '--label', 'species', '--ignore', 'id,kind',
          '--num_iterations', '30', '--num_leaves', '4']
        await work.ok('train', ...args, '--model', 'here.json')
        const training = work.start('train', ...args, '--cluster', url, ...token, '--model',
          'm.json', '--log-format', 'json')
        await training.sees('"event":"started"')
        const { stdout } = await work.ok('status', '--json', '--cluster', url, ...token)
        training.child.kill('SIGKILL')
        const said = (await training.finished).stderr
        const { job, ended } = JSON.parse(stdout) as ClusterStatus
        const name = job ?? ended.at(-1)!.job
        assert.equal(said.split(`{"event":"job","job":"${name}"}`).length, 2, said)
        const { stderr } = await work.ok('fetch', '--cluster', url, ...token, '--job',
          name.slice(0, 4), '-o',
          'fetched.json')
        assert.match(stderr, /saved the model to fetched\.json \(30 trees\)/)
        assert.equal(work.read('fetched.json'), work.read('here.json'))
        const text = await work.ok('status', '--cluster', url, ...token)
        assert.match(text.stdout, new RegExp(`^ended +${name}: completed, its model can be`, 'm'))
      } finally {
        worker.child.kill('SIGKILL')
        await worker.finished
      }
    })

    it('tells how to fetch what Ctrl-C left, and that the model is not whole', async () => {
      const token = ['--token-file', 'token']
      const worker = work.start('worker', '--coordinator', url, '--threads', '1', ...token)
      try {
        const training = work.start('train', '--data', 'train.csv', '--label', 'species',
          '--ignore', 'id,kind', '--num_iterations', '100000', '--num_leaves', '4', '--cluster',
          url, ...token, '--model', 'm.json')
        await training.sees('[')
        training.child.kill('SIGINT')
        const { code, stderr } = await training.finished
        assert.equal(code, 3, stderr)
        const [, job] = /^job (\S+): 'coppice fetch --cluster /m.exec(stderr) ?? []
        assert.ok(job !== undefined, stderr)
        assert.ok(stderr.includes(`--job ${job.slice(0, 8)} --model FILE' gets the trees so far`))
        const fetched = await work.ok('fetch', '--cluster', url, ...token, '--job', job, '-o',
          'part.json', '--quiet')
        const { trees } = JSON.parse(work.read('part.json')) as { trees: unknown[] }
        assert.equal(fetched.stderr, `warning: the training was aborted after ${trees.length} ` +
          'iterations; the model has the trees until then\n')
        const text = await work.ok('status', '--cluster', url, ...token)
        assert.match(text.stdout, new RegExp(`${job}: aborted; the trees until then, if any, can`))
      } finally {
        worker.child.kill('SIGKILL')
        await worker.finished
      }
    })

    it('ends with status 0 when it is asked to', async () => {
      running.child.kill('SIGTERM')
      const { code, stderr } = await running.finished
      assert.equal(code, 0, stderr)
      for (const line of stderr.trimEnd().split('\n')) JSON.parse(line)
    })
  })

  it('explains itself', async () => {
    for (const [command, ...words] of [
      ['coordinator', '--listen', '--journal', '--audit-every', '--slow-ratio', '--hang-warn',
        '--hang-timeout', 'openssl rand'],
      ['worker', 'COPPICE_COORDINATOR', '--cache', 'COPPICE_CACHE', 'Exit status of a worker',
        'drained'],
      ['status', '--json', 'COPPICE_TOKEN_FILE'],
      ['fetch', '--cluster', '--connect-timeout', '--job', '--model'],
      ['train', '--cluster', '--local-workers'],
    ] as const) {
      const { stdout } = await work.ok(command, '--help')
      for (const word of words) assert.ok(stdout.includes(word), `${command}: ${word}`)
    }
  })
})

describe('a size in bytes', () => {
  it('may have a unit', () => {
    const size = (text: string) => new FlagValues({ size: text }, undefined).bytes('size', 1000)
    for (const [text, bytes] of [['1000', 1000], ['10G', 10e9], ['10GB', 10e9], ['1.5k', 1500],
      ['10GiB', 10 * 2 ** 30], ['512 MiB', 2 ** 29], ['2tb', 2e12]] as const) {
      assert.equal(size(text), bytes, text)
    }
    for (const text of ['999', '1000i', '1e9', '-5G', 'G', '1P', '99999999T']) {
      assert.throws(() => size(text), /--size must be bytes, .* at least 1000 /, text)
    }
  })
})

describe('the job that is fetched', () => {
  const ended = ['4f1c0000-a', '4f1c1111-b', 'abc'].map((job) => ({
    job, kind: 'training' as const, state: 'done' as const, text: 'completed', endedAt: 'T',
  }))
  const cluster = {
    status: () => Promise.resolve({ job: '7777-c', queue: ['8888-d'], ended } as object as
      ClusterStatus),
  }

  it('is meant by a beginning of its name that no other has', async () => {
    for (const [given, meant] of [['4f1c0', '4f1c0000-a'], ['4f1c1111-b', '4f1c1111-b'],
      ['7777', '7777-c'], ['8888', '8888-d'], ['abc', 'abc'], ['other', 'other']] as const) {
      assert.equal(await wholeName(cluster, given), meant)
    }
    await assert.rejects(wholeName(cluster, '4f1c'),
      /--job 4f1c may be 4f1c0000-a or 4f1c1111-b; write more/)
    await assert.rejects(wholeName(cluster, '777'), /--job 777 is too short; write 4 letters/)
  })

  it('is refused where it was aborted before its first tree', () => {
    const end = { kind: 'stopped', nIterations: 0, bestIteration: null } as const
    const values = new FlagValues({}, undefined)
    assert.throws(() => warnOfAbort('j', { ...end, reason: 'aborted' }, values),
      { code: 'MODEL', message: /job j was aborted before its first iteration: there is no model/ })
    warnOfAbort('j', { ...end, reason: 'no-split' }, values)
    warnOfAbort('j', null, values)
  })
})

describe('statusText', () => {
  const worker: WorkerStatus = {
    name: 'w1', nThreads: 4, phase: 'training', nPartitions: 3, iteration: 41,
    rssBytes: 1.5e9, memoryBytes: 8e9, lastHeardMs: 210, bytesIn: 12_345_678, bytesOut: 950,
  }
  const idle: ClusterStatus = {
    url: 'ws://h:7077', term: 1, build: 'b', job: null, phase: 'idle', iteration: 0,
    nIterations: 0, rows: null, queue: [], ended: [], minWorkers: 2, workers: [], slowest: null,
    nPartitions: 0, orphans: [], nRounds: 0, bytesPerTree: 0, nAnswersDropped: 0,
    nAuditsPassed: 0, notices: [],
  }

  it('says what is missing before a training begins', () => {
    assert.equal(statusText(idle), [
      'coordinator  ws://h:7077', 'job          none',
      'workers      0 with 0 threads; 2 more are needed before a training begins',
      'partitions   0', ''].join('\n'))
  })

  it('is a table of the workers, with who is slow and what was lost', () => {
    const status: ClusterStatus = {
      ...idle, job: 'j', phase: 'training', iteration: 41, nIterations: 100, queue: ['k'],
      ended: [
        { job: 'a', kind: 'training', state: 'done', text: 'completed', endedAt: 'T0' },
        { job: 'b', kind: 'training', state: 'done', text: 'early-stopping', endedAt: 'T1' },
        { job: 'c', kind: 'training', state: 'left', text: 'no workers', endedAt: 'T2' },
        { job: 'd', kind: 'prediction', state: 'done', text: '7 rows predicted', endedAt: 'T3' },
        { job: 'e', kind: 'training', state: 'failed', text: 'no file', endedAt: 'T4' },
      ],
      workers: [worker, { ...worker, name: 'w22', phase: 'lost', nThreads: 12 }],
      slowest: { name: 'w1', lastRatio: 0.834 }, nPartitions: 4,
      orphans: ['a.csv', 'b.csv', 'c.csv', 'd.csv'], nRounds: 7, bytesPerTree: 52_345,
      nAnswersDropped: 1, nAuditsPassed: 2,
      notices: Array.from({ length: 20 }, (_, i) => ({ time: 't', text: `notice ${i}` })),
    }
    assert.equal(statusText(status), [
      'coordinator  ws://h:7077',
      'job          j: training, iteration 41 of 100; 1 waiting',
      'ended        e: failed: no file (T4)',
      '             d: 7 rows predicted (T3)',
      '             c: may go on: no workers (T2)',
      '             b: early-stopping, its model can be fetched (T1)',
      'workers      2 with 16 threads',
      'partitions   4, of which 4 have no holder: a.csv, b.csv, c.csv, ...',
      'traffic      52.3 kB per tree, 7 rounds, 1 answer dropped, 2 audits passed',
      'slowest      w1, waited for in 83 % of the rounds',
      '',
      'worker  phase     threads  partitions  iteration  memory  heard       in    out',
      'w1      training        4           3         41  1.5 GB  0.2 s  12.3 MB  950 B',
      'w22     lost           12           3         41  1.5 GB  0.2 s  12.3 MB  950 B',
      '',
      ...Array.from({ length: 8 }, (_, i) => `t  notice ${12 + i}`), ''].join('\n'))
  })
})
