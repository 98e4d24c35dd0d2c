import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Fault } from './cluster-fault-plan.js'
import type { Hands } from './cluster-hands.js'

/** The end of a record: none is shorter. */
const tornBytesMax = 32

/**
 * kill -9 of the coordinator; its journal is changed before it starts again.
 *
 * @returns how long the start took
 */
export async function damageJournal(hands: Hands, fault: Fault): Promise<number> {
  const { site } = hands
  return hands.withCoordinator(async () => {
    await site.current('coordinator')?.destroy()
    for (const file of await journalsIn(site.journal)) await damage(file, fault)
    await hands.sleep(fault.lastsMs)
    const start = performance.now()
    await site.startCoordinator()
    return performance.now() - start
  })
}

async function journalsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.journal'))
    .map((name) => path.join(folder, name))
}

async function damage(file: string, { kind, share }: Fault): Promise<void> {
  const bytes = await readFile(file)
  if (kind === 'tear-journal') {
    await truncate(file, Math.max(0, bytes.length - 1 - Math.floor(share * tornBytesMax)))
  } else if (kind === 'truncate-journal') {
    await truncate(file, Math.floor(share * bytes.length))
  } else {
    const bit = Math.floor(share * bytes.length * 8)
    if (bytes.length > 0) bytes[bit >> 3]! ^= 1 << (bit & 7)
    await writeFile(file, bytes)
  }
}
