import assert from 'node:assert/strict'
import { flowersCsv, start, Workspace } from './support.js'

describe('an interrupted coppice train', function () {
  this.timeout(60_000)
  const work = new Workspace()
  const trainTo = (model: string, nIterations: number, ...args: string[]) =>
    ['train', '--data', 'train.csv', '--label', 'species', '--ignore', 'id,kind',
      '--objective', 'binary', '--num_leaves', '4', '--num_iterations', String(nIterations),
      '--log-format', 'json', '--model', model, ...args]
  const train = (nIterations: number, ...args: string[]) =>
    trainTo('model.json', nIterations, ...args)

  let whole = ''
  before(async () => {
    work.write('train.csv', flowersCsv(2000, 1))
    await work.ok(...train(1500))
    whole = work.read('model.json')
  })
  after(() => work.remove())

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`leaves a checkpoint after ${signal}, from which it goes on to the same bytes`, async () => {
      const running = work.start(...trainTo(`${signal}.json`, 1500,
        '--checkpoint', 'check.json', '--checkpoint-every', '100000'))
      await running.sees('"iteration":3,')
      running.child.kill(signal)
      const { code, stderr } = await running.finished
      assert.equal(code, 3, stderr)
      assert.match(stderr, new RegExp(
        `^{"event":"error","code":"ABORTED","message":"interrupted by ${signal} after \\d+ ` +
        'iterations; the trees so far are saved; go on with --resume check.json"}$', 'm'))
      assert.ok(!work.has(`${signal}.json`), 'no model is written')
      const { trees } = JSON.parse(work.read('check.json')) as { trees: unknown[] }
      assert.ok(trees.length > 3 && trees.length < 1500)
      const resumed = await work.ok(...trainTo('resumed.json', 1500,
        '--resume', 'check.json'))
      assert.match(resumed.stderr, new RegExp(`"firstIteration":${trees.length},`))
      assert.equal(work.read('resumed.json'), whole)
    })
  }

  it('says that nothing is saved without --checkpoint', async () => {
    const running = work.start(...trainTo('never.json', 100_000))
    await running.sees('"iteration":3,')
    running.child.kill('SIGINT')
    const { code, stderr } = await running.finished
    assert.equal(code, 3)
    assert.match(stderr, /nothing is saved \(use --checkpoint FILE\)/)
    assert.deepEqual(work.names().filter((name) => name.includes('never')), [])
  })

  it('saves every so many iterations, with the same metrics file after all', async () => {
    work.write('valid.csv', flowersCsv(300, 2))
    const args = ['--valid', 'valid.csv', '--metrics-file']
    await work.ok(...train(25, ...args, 'whole.jsonl', '--checkpoint', 'every.json',
      '--checkpoint-every', '10'))
    const { trees } = JSON.parse(work.read('every.json')) as { trees: unknown[] }
    assert.equal(trees.length, 20)
    const uninterrupted = work.read('model.json')
    await work.ok(...train(25, ...args, 'resumed.jsonl', '--resume', 'every.json'))
    assert.equal(work.read('model.json'), uninterrupted)
    assert.equal(work.read('resumed.jsonl'), work.read('whole.jsonl'))
    await work.fails(1, ['learning_rate'],
      ...train(25, '--valid', 'valid.csv', '--resume', 'every.json', '--learning_rate', '0.2'))
  })

  /** Starts a command that gets a signal as soon as anybody listens. */
  const startEarly = (...args: string[]) => {
    const early = `process.once('newListener', function hear(name) {
      if (name !== 'SIGINT') return process.once('newListener', hear)
      setImmediate(() => process.kill(process.pid, 'SIGINT'))
    })`
    return work.startWith(
      { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(early)}` }, ...args)
  }

  for (const [format, begin, end] of [
    ['text', 'coppice train: ', ''],
    ['json', '{"event":"error","code":"ABORTED","message":"', '"}'],
  ] as const) {
    it(`hears a signal while it is being loaded, and says so as ${format}`, async () => {
      const { code, stderr } = await startEarly(
        ...trainTo('early.json', 10).map((arg) => arg === 'json' ? format : arg)).finished
      // A Node that loads all modules in one go (24) lets the signal through to the training only.
      const said = stderr.trimEnd().split('\n').at(-1)!
      assert.ok(said.startsWith(`${begin}interrupted by SIGINT`) && said.endsWith(end), stderr)
      assert.match(said, /; nothing was begun|after 0 iterations; nothing was trained yet/)
      if (format === 'json') for (const line of stderr.trimEnd().split('\n')) JSON.parse(line)
      assert.equal(code, 3)
      assert.ok(!work.has('early.json'))
    })
  }

  it('ends a coordinator that is being loaded, with lines of its log', async () => {
    const { code, stderr } = await startEarly('coordinator', '--listen', '127.0.0.1:0',
      '--log-format=json').finished
    for (const line of stderr.trimEnd().split('\n')) {
      const { time, event } = JSON.parse(line) as { time?: string, event?: string }
      assert.ok(time !== undefined && event !== undefined, line)
    }
    assert.equal(code, 0)
  })

  it('ends at once at the second signal', async () => {
    const module = new URL('../src/interrupt.js', import.meta.url)
    const script = `
      import { Interrupt } from ${JSON.stringify(module.href)}
      const say = (text) => process.stderr.write(text + ' ')
      const { signal } = new Interrupt(say)
      signal.addEventListener('abort', () => say(signal.reason.message))
      setInterval(() => undefined, 1000)
      say('ready')`
    const running = start(['--input-type=module', '-e', script], work.folder)
    await running.sees('ready')
    running.child.kill('SIGINT')
    await running.sees('interrupted by SIGINT')
    running.child.kill('SIGINT')
    assert.equal((await running.finished).code, 130)
  })
})
