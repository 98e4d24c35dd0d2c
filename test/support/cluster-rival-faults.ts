import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Fault } from './cluster-fault-plan.js'
import { BrokenPromise, type Hands } from './cluster-hands.js'
import { findPort, within } from './cluster-site.js'

const refusalMsMax = 30_000

/**
 * Starts coordinators that are one too many: on the same journals, and at the same address.
 *
 * @returns how long the slower one took to end
 */
export async function startSecond(hands: Hands): Promise<number> {
  return hands.withCoordinator(async () => {
    const { site } = hands
    const other = path.join(path.dirname(site.tokenFile), 'other-journal')
    const ofJournal = await refused(hands, site.journal, /in use by process \d+ on host /)
    const ofAddress = await refused(hands, other, /another program listens there/)
    return Math.max(ofJournal, ofAddress)
  })
}

async function refused(hands: Hands, journal: string, pattern: RegExp): Promise<number> {
  // Where the first one is dead for another reason, the second one is the first.
  if (hands.site.current('coordinator')?.end !== null) return 0
  const start = performance.now()
  const rival = hands.site.startRival(journal)
  const isGone = await within(rival.ended, refusalMsMax)
  const tookMs = performance.now() - start
  if (!isGone) await rival.destroy()
  const text = rival.tail(3)
  if (!isGone || rival.end?.code === 0 || !pattern.test(text)) {
    throw new BrokenPromise(`a second coordinator on ${journal} was to end with ${pattern}, but ` +
      `${isGone ? `ended with ${rival.end?.code}` : 'went on'}:\n${text}`)
  }
  return tookMs
}

/**
 * The coordinator is paused and taken for dead: its locks are removed, another one takes up its
 * journals elsewhere, and everybody is led there. Then the old one comes back.
 */
export async function bringBackOld(hands: Hands, { lastsMs }: Fault): Promise<void> {
  const { site } = hands
  const old = site.current('coordinator')!
  old.kill('SIGSTOP')
  try {
    for (const name of await readdir(site.journal)) {
      if (name.endsWith('.lock')) await rm(path.join(site.journal, name), { force: true })
    }
    site.moveCoordinator(await findPort())
    await site.startCoordinator()
    for (const proxy of site.proxies.values()) {
      proxy.redirect(site.port)
      proxy.reset()
    }
    await hands.sleep(lastsMs)
  } finally {
    old.kill('SIGCONT')
  }
}
