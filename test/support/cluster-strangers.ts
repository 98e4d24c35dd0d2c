import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Fault } from './cluster-fault-plan.js'
import { BrokenPromise, type Hands } from './cluster-hands.js'
import { within } from './cluster-site.js'

/** What is needed of packages/cluster/test/support/strangers.ts. */
export interface StrangersKit {
  harass(options: {
    readonly port: number, readonly token: string, readonly seed: number,
    readonly lastsMs: number, readonly signal: AbortSignal,
  }): Promise<{
    readonly nRefused: Readonly<Record<string, number>>
    readonly slowestMs: number
    readonly problems: readonly string[]
  }>
  startImpostor(folder: string): Promise<{ port: number, caFile: string, stop(): void }>
}

const workerMsMax = 30_000

/**
 * Strangers hammer at the coordinator for a while; meanwhile one real worker comes with a wrong
 * token, and one meets a coordinator whose certificate has expired.
 *
 * @returns how long the slowest refusal took, those of whole processes apart
 */
export async function sendStrangers(
  hands: Hands, { lastsMs, share }: Fault, kit: StrangersKit | null,
): Promise<number> {
  if (kit === null) throw new Error('there are no strangers in this run')
  const { site } = hands
  const folder = path.dirname(site.tokenFile)
  const token = (await readFile(site.tokenFile, 'utf8')).trim()
  const wrong = path.join(folder, 'wrong-token')
  await writeFile(wrong, `${'0'.repeat(48)}\n`, { mode: 0o600 })
  const impostor = await kit.startImpostor(folder)
  try {
    const [report] = await Promise.all([
      kit.harass({
        port: site.port, token, seed: Math.floor(share * 1e9), lastsMs, signal: hands.signal,
      }),
      turnsBack(hands, ['--coordinator', site.url, '--token-file', wrong], /token/),
      turnsBack(hands, ['--coordinator', `wss://127.0.0.1:${impostor.port}`,
        '--token-file', site.tokenFile, '--ca-file', impostor.caFile], /expired/),
    ])
    if (report.problems.length > 0) throw new BrokenPromise(report.problems.slice(0, 5).join('\n'))
    return report.slowestMs
  } finally {
    impostor.stop()
  }
}

/** A worker that has to end with status 2 and the reason. */
async function turnsBack(hands: Hands, flags: readonly string[], reason: RegExp): Promise<void> {
  const worker = hands.site.startStranger(['worker', '--name', 'stranger', '--threads', '1',
    ...flags])
  const isGone = await within(worker.ended, workerMsMax)
  // where nobody listens it goes on looking
  if (!isGone) await worker.destroy()
  if (isGone && (worker.end?.code !== 2 || !reason.test(worker.tail(3)))) {
    throw new BrokenPromise(`a worker that was to be turned back for ${reason} ended with ${
      worker.end?.code}:\n${worker.tail(3)}`)
  }
}
