import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { faultInfos } from './cluster-fault-kinds.js'
import type { FaultPlan } from './cluster-fault-plan.js'
import { FaultMaker, type Inflicted } from './cluster-faults.js'
import { BrokenPromise } from './cluster-hands.js'
import type { Problem } from './cluster-problem.js'
import { CommandProcess } from './cluster-process.js'
import { ClusterSite, type LinkProxy, within } from './cluster-site.js'
import {
  type ClientStory, noWitnesses, readClient, readCoordinators, type Witnesses,
} from './cluster-story.js'
import type { StrangersKit } from './cluster-strangers.js'

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
  return createHash('sha256').update(await readFile(file)).digest('hex')
}

/** Trains in one process. @returns SHA-256 of the model */
export async function trainAlone(problem: Problem, nThreads = 1): Promise<string> {
  const model = path.join(problem.folder, `alone-${nThreads}.json`)
  const process = CommandProcess.start(
    ['train', ...problem.flags, '--threads', `${nThreads}`, '--model', model, '--quiet'],
    { name: 'alone', logFolder: problem.folder })
  const { code } = await process.ended
  if (code !== 0) throw new Error(`training alone ended with ${code}:\n${process.tail()}`)
  return sha256Of(model)
}

export interface ChaosOptions {
  readonly problem: Problem
  /** What the model has to be. */
  readonly sha256: string
  readonly plan: FaultPlan
  /** For logs; is made. */
  readonly folder: string
  /** Folder of the journal; default: in `folder`. */
  readonly journal?: string
  readonly startProxy: ((targetPort: number) => Promise<LinkProxy>) | null
  /** Who makes strangers, where the plan has any. */
  readonly strangers?: StrangersKit
  readonly coordinatorFlags?: readonly string[]
  readonly workerFlags?: readonly string[]
  readonly patienceMs: number
  readonly onNote?: (text: string) => void
}

export interface ChaosOutcome {
  /** What was wrong; empty where all promises were kept. */
  readonly problems: readonly string[]
  /** Of the model; null where there is none. */
  readonly sha256: string | null
  /** It ended with the message that a fault of the plan calls for, and without a model. */
  readonly hasStopped: boolean
  readonly story: ClientStory
  readonly inflicted: readonly Inflicted[]
  readonly witnesses: Witnesses
  readonly elapsedMs: number
}

/** One training on a cluster of real processes while a plan of faults is carried out. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { problem, plan, folder, patienceMs, onNote = () => undefined } = options
  await mkdir(folder, { recursive: true })
  const start = performance.now()
  const infos = plan.faults.map(({ kind }) => faultInfos[kind])
  const needsProxies = infos.some(({ isOfLinks }) => isOfLinks)
  const site = await ClusterSite.create({
    folder, minWorkers: plan.minWorkers, nThreads: plan.nThreads,
    ...(options.journal === undefined ? {} : { journal: options.journal }),
    startProxy: needsProxies ? options.startProxy : null,
    isFitted: infos.some(({ isInside }) => isInside),
    coordinatorFlags: options.coordinatorFlags ?? [],
    workerFlags: options.workerFlags ?? [],
  })
  const problems: string[] = []
  const inflicted: Inflicted[] = []
  let client: CommandProcess | null = null
  let hasStopped = false
  let sha256: string | null = null
  try {
    const coordinator = await site.startCoordinator()
    const workers = Array.from({ length: plan.nWorkers }, (_, i) => `w${i}`)
    for (const name of workers) await site.startWorker(name)
    for (const name of workers) await coordinator.waitFor(new RegExp(`worker ${name} joined`))
    const model = path.join(folder, 'model.json')
    client = await site.train([...problem.flags, '--model', model])
    const faults = new FaultMaker({
      site, client, workers, onNote, data: problem.folder, strangers: options.strangers ?? null,
    })
    const mended = faults.run(plan.faults)
    // A fault that cannot be inflicted is a bug of the harness: it ends the run at once.
    const broken = mended.then(() => client!.ended)
    try {
      const isOver = await within(Promise.race([client.ended, broken]), patienceMs)
      if (!isOver) {
        problems.push(`no model after ${patienceMs / 1000} s; ${whereItIs(client)}`)
        problems.push(`where they are:\n  ${await site.stacks()}`)
      }
    } finally {
      faults.stop()
      inflicted.push(...faults.inflicted)
      await mended.catch((error: Error) => problems.push(
        error instanceof BrokenPromise ? error.message : `harness: ${error.message}`))
    }
    const message = infos.find((info) => info.message !== undefined)?.message
    hasStopped = message !== undefined && hasSaid(client, message.pattern)
    if (message?.must === true && !hasStopped) {
      problems.push(`the training was to end with ${message.pattern}:\n${client.tail(5)}`)
    } else if (!hasStopped) {
      if (client.end?.code === 0) sha256 = await sha256Of(model)
      problems.push(...examine(client, sha256, options.sha256))
    }
  } finally {
    // Where others die meanwhile, nobody may be there in time to take what a worker hands over.
    const isAlone = plan.faults.length === 1
    problems.push(...(await site.close()).filter((text) => isAlone || !isLateDrain(text)))
  }
  return {
    problems, inflicted, hasStopped, sha256,
    story: client === null ? { commits: [], notes: [] } : readClient(client.lines),
    witnesses: site.coordinatorLines.length === 0 ? noWitnesses()
      : readCoordinators(site.coordinatorLines),
    elapsedMs: performance.now() - start,
  }
}

function isLateDrain(problem: string): boolean {
  return / ended with 3: .*it was not let go within/.test(problem)
}

/** Whether it ended without a model and told why in these words. */
function hasSaid(client: CommandProcess, pattern: RegExp): boolean {
  return client.end !== null && client.end.code === 1 && pattern.test(client.tail(5))
}

function whereItIs(client: CommandProcess): string {
  const { commits } = readClient(client.lines)
  return `${commits.length} iterations were committed; the client's last lines:\n${client.tail(5)}`
}

/** What is wrong with how a client ended, with what it told and with its model. */
function examine(
  client: CommandProcess, found: string | null, sha256: string,
): string[] {
  const { end } = client
  if (end === null) return []
  if (end.code !== 0) {
    return [`the client ended with ${end.signal ?? end.code}:\n${client.tail(5)}`]
  }
  const problems: string[] = []
  if (found !== sha256) problems.push(`the model has SHA-256 ${found}, expected ${sha256}`)
  const { commits } = readClient(client.lines)
  const wrong = commits.findIndex(({ iteration }, i) => iteration !== i)
  if (wrong >= 0) {
    problems.push(`the client was told of iteration ${commits[wrong]!.iteration} where ${wrong
      } was due`)
  }
  return problems
}
