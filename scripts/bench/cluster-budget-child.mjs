/**
 * Trains as a cluster does, its workers and its coordinator in one process, and takes the time of
 * each part: every store has a thread of its own, what they answer is packed, encoded, decoded,
 * unpacked, added and scanned by the cluster's own code. Answers the requests of README.md.
 */
import {
  Booster, CentralReducer, decodeRequest, encodeRequest, joinRows, requestBytesMax, resolveParams,
  summarizeRows, sumsLayout, targetShape, trainingDialogue,
} from '@coppice/engine'
import { StorePool } from '@coppice/engine/threads'
import { inRoot } from '../lib/paths.mjs'
import { answerRequests } from './answer-requests.mjs'
import { binData } from './binned-data.mjs'
import { median } from './compare.mjs'
import { readData } from './data-files.mjs'
import { nPartitions, partitionBounds } from './parquet-data.mjs'

// The insides of the package: what it exports is for its users.
const cluster = (file) => import(inRoot('packages/cluster/dist', file))
const { trainingInputs } = await cluster('src/jobs/training-order.js')
const { needsAnswer } = await cluster('src/log/request-log.js')
const { decodeMessage, encodeMessage } = await cluster('src/protocol/codec.js')
const { StarReducer } = await cluster('src/reduce/index.js')
const { packAnswer } = await cluster('test/reduce/pack-answer.js')
const { measureThroughput } = await cluster('test/support/throughput.js')

/** Kernels and messages run slowly at first. */
const warmUpIterations = 2

const nothing = { engines: 0, pack: 0, encode: 0, unpack: 0, add: 0, scan: 0, trainer: 0 }

/** Times by part, in ms. */
class Stopwatch {
  ms = { ...nothing }
  /** Of each iteration that is over. */
  iterations = []

  /** Ends an iteration, if one was begun. */
  next() {
    if (this.ms.engines > 0) this.iterations.push(this.ms)
    this.ms = { ...nothing }
  }

  timed(part, work) {
    const start = performance.now()
    const result = work()
    this.ms[part] += performance.now() - start
    return result
  }

  /** Work that all workers do at the same time counts once, as long as the longest. */
  timedAlike(part, works) {
    let longest = 0
    const results = works.map((work) => {
      const start = performance.now()
      const result = work()
      longest = Math.max(longest, performance.now() - start)
      return result
    })
    this.ms[part] += longest
    return results
  }
}

/** A central reducer whose adding and scanning are timed. */
class TimedReducer {
  #reducer
  #watch

  constructor(setup, watch) {
    this.#reducer = new CentralReducer(setup)
    this.#watch = watch
  }

  setUnits(gradientScale, hessianScale) {
    this.#reducer.setUnits(gradientScale, hessianScale)
  }

  begin(request) {
    this.#watch.timed('scan', () => this.#reducer.begin(request))
  }

  add(histogram, firstCell, sums) {
    this.#watch.timed('add', () => this.#reducer.add(histogram, firstCell, sums))
  }

  finishRoot(request) {
    return this.#watch.timed('scan', () => this.#reducer.finishRoot(request))
  }

  finishRound(request) {
    return this.#watch.timed('scan', () => this.#reducer.finishRound(request))
  }
}

/** One training. */
class BudgetRun {
  watch = new Stopwatch()
  nRoundTrips = 0
  nMessages = 0
  wireBytes = 0
  #data
  #pools
  #setup = null
  #reducer = null
  #booster = null
  #scratch = null

  constructor(data, nWorkers) {
    this.#data = data
    this.#pools = Array.from({ length: nWorkers }, () => new StorePool(1))
  }

  async close() {
    await Promise.all(this.#pools.map((pool) => pool.close()))
  }

  /** @returns {Promise<number>} iterations that count: the others are no longer in any figure */
  async train(params) {
    const dialogue = trainingDialogue(inputsOf(this.#data, params, this.#pools.length))
    let step = dialogue.next(null)
    while (step.done !== true) {
      if (step.value.kind === 'iterate') {
        this.watch.next()
        if (step.value.iteration === warmUpIterations) this.#restart()
      }
      const answer = await this.#serve(step.value)
      step = this.watch.timed('trainer', () => dialogue.next(answer))
    }
    this.watch.next()
    return this.watch.iterations.length
  }

  #restart() {
    this.watch.iterations = []
    this.nRoundTrips = 0
    this.nMessages = 0
    this.wireBytes = 0
  }

  async #serve(request) {
    switch (request.kind) {
      case 'open': return this.#open(request.plan)
      case 'iterate': return this.#iterate(request)
      case 'announce': return 'go'
      default: return null
    }
  }

  async #open(plan) {
    const { features, maxLeaves, maxExpansions, linear } = plan.engine
    this.#setup = plan.engine
    this.#booster = new Booster(plan)
    this.#reducer = new StarReducer(plan.engine, new TimedReducer(plan.engine, this.watch))
    this.#scratch = new Uint8Array(
      requestBytesMax(features.length, maxLeaves, maxExpansions, undefined, linear))
    const stores = dealRows(this.#data, this.#pools.length)
    await Promise.all(this.#pools.map((pool, w) => pool.build(0, plan.engine, stores[w], [])))
    return null
  }

  async #iterate({ iteration, evaluates }) {
    const dialogue = this.#booster.iterate(iteration, evaluates)
    let step = this.watch.timed('trainer', () => dialogue.next(null))
    while (step.done !== true) {
      const answer = await this.#answer(step.value)
      step = this.watch.timed('trainer', () => dialogue.next(answer))
    }
    return step.value
  }

  async #answer(request) {
    this.#sendRequest(request)
    this.#reducer.begin(request)
    const answers = await this.#carryOut(request)
    if (!needsAnswer(request)) return null
    this.nRoundTrips++
    const layout = sumsLayout(this.#setup.features)
    const packed = this.watch.timedAlike('pack',
      answers.map((answer) => () => packAnswer(request, answer, layout)))
    const encoded = this.watch.timedAlike('encode', packed.map((payloads) => () =>
      payloads.map((payload, chunk) => encodeMessage(answerOf(chunk, payload)))))
    for (const message of encoded.flat()) this.#receive(message)
    return this.#reducer.finish()
  }

  /** What the coordinator encodes for each worker, and the workers decode side by side. */
  #sendRequest(request) {
    const messages = this.#pools.map(() => this.watch.timed('encode', () => {
      const nBytes = encodeRequest(request, this.#scratch)
      return encodeMessage({
        type: 'request', job: 'job', iteration: 0, seq: 0, nBefore: 0,
        body: this.#scratch.slice(0, nBytes),
      })
    }))
    this.watch.timedAlike('encode', messages.map((message) => () =>
      decodeRequest(decodeMessage(message, 'to-worker').body)))
    this.wireBytes += messages.reduce((sum, { length }) => sum + length, 0)
  }

  async #carryOut(request) {
    const start = performance.now()
    const answers = await Promise.all(this.#pools.map((pool) => pool.carryOut(0, request)))
    this.watch.ms.engines += performance.now() - start
    return answers
  }

  #receive(message) {
    this.nMessages++
    this.wireBytes += message.length
    const { chunk, payload } =
      this.watch.timed('encode', () => decodeMessage(message, 'from-worker'))
    const { ms } = this.watch
    const start = performance.now()
    const addBefore = ms.add
    this.#reducer.add(chunk, payload)
    ms.unpack += performance.now() - start - (ms.add - addBefore)
  }
}

/** As long as those of a cluster's logs. */
const mark = '0'.repeat(16)

function answerOf(chunk, payload) {
  return { type: 'answer', job: 'job', store: 0, iteration: 0, seq: 0, mark, chunk, payload }
}

/** What the coordinator's trainer is given. */
function inputsOf(data, raw, nWorkers) {
  const params = resolveParams(raw)
  const { nRows, features } = data
  const plan = { nRows }
  const partitions = [{ name: 'all', firstRow: 0, plan }]
  const recipe = { features, classes: null, nRows, rows: null, partitions }
  return trainingInputs({
    recipes: [recipe], params, names: [], resumeFrom: null, nThreads: () => nWorkers,
  }, [{ partition: 0, summary: summarizeRows(data, targetShape(params), '') }])
}

/** The partitions, dealt to the workers: neighbours stay together. */
function dealRows(data, nWorkers) {
  const bounds = partitionBounds(data.nRows)
  const stores = Array.from({ length: nWorkers }, () => [])
  for (let p = 0; p < nPartitions; p++) {
    stores[Math.floor((p * nWorkers) / nPartitions)]
      .push(partitionRows(data, bounds[p], bounds[p + 1]))
  }
  return stores.map((partitions) => joinRows(partitions, data.features.length))
}

function partitionRows({ features, blocks, label, weight }, first, end) {
  const { length } = features
  return {
    nRows: end - first,
    blocks: [{
      firstRow: first, nRows: end - first,
      bins: blocks[0].bins.subarray(first * length, end * length),
    }],
    label: label.subarray(first, end),
    weight: weight === null ? null : weight.subarray(first, end),
    initScore: null,
  }
}

/** What the bytes and round trips of an iteration take on a link over loopback. */
async function measureTransfer({ nRoundTrips, nMessages, wireBytes }, nIterations) {
  // Messages as long as those of the training; 64 bytes are those that the link echoes.
  const messageBytes = Math.max(65, Math.round(wireBytes / Math.max(1, nMessages)))
  const nSent = Math.max(50, Math.min(1000, Math.floor(64e6 / messageBytes)))
  const links = []
  for (let i = 0; i < 5; i++) links.push(await measureThroughput(nSent, messageBytes, 200))
  const megabytesPerSecond = median(links.map((link) => link.megabytesPerSecond))
  const roundTripMicros = median(links.map((link) => link.roundTripMicros))
  const roundTrips = nRoundTrips / nIterations
  const bytes = wireBytes / nIterations
  return {
    roundTrips, wireBytes: bytes, megabytesPerSecond, roundTripMicros,
    ms: bytes / megabytesPerSecond / 1000 + (roundTrips * roundTripMicros) / 1000,
  }
}

let binned = null

const answers = {
  load({ dir }) {
    binned = binData(readData(dir))
    return {}
  },

  async train({ params, threads }) {
    const run = new BudgetRun(binned, threads)
    try {
      const nIterations = await run.train(params)
      const { ms: transferMs, ...transfer } = await measureTransfer(run, nIterations)
      const partMs = Object.fromEntries(Object.keys(nothing).map((part) =>
        [part, median(run.watch.iterations.map((ms) => ms[part]))]))
      return { nIterations, ...transfer, partMs: { ...partMs, transfer: transferMs } }
    } finally {
      await run.close()
    }
  },
}

await answerRequests(answers)
