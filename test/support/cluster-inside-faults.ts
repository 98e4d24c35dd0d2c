import { partitionsIn } from './cluster-data-faults.js'
import type { Fault } from './cluster-fault-plan.js'
import type { Hands } from './cluster-hands.js'

/** Fewer than a coordinator takes for a partition that nobody can hold, ... */
const deaths = 2
/** ... and more. */
const deathsMany = 50

/** Somebody restarts what dies, this often. */
const restartMs = 100
/** Who has not died by then has nothing to load. */
const dyingMsMax = 15_000

/**
 * kill -9 of a worker; the next ones that read rows die of it, and are started again. As by a
 * system that ends whoever wants too much memory.
 */
export async function dieLoading(hands: Hands, { worker, nCommitted }: Fault): Promise<void> {
  const { site, workers } = hands
  const controls = site.controls!
  await controls.makeDeadly(hands.data, deaths)
  try {
    // while data are read, there are readers
    if (nCommitted > 0) await hands.kill([workers[worker]!], 0)
    const end = performance.now() + dyingMsMax
    while (await controls.deathsLeft() > 0 && performance.now() < end) await restartAll(hands)
  } finally {
    await controls.endDying()
  }
  await restartAll(hands)
}

/** kill -9 of all workers; whoever reads one certain partition dies of it, whenever that is. */
export async function alwaysDieLoading(hands: Hands, { share }: Fault): Promise<void> {
  const partitions = await partitionsIn(hands.data)
  const poison = partitions[Math.floor(share * partitions.length)]!
  await hands.site.controls!.makeDeadly(poison, deathsMany)
  await hands.kill(hands.workers, 0)
  for (;;) await restartAll(hands)
}

async function restartAll({ sleep, revive, workers }: Hands): Promise<void> {
  await sleep(restartMs)
  await Promise.all(workers.map((name) => revive(name)))
}

const dayMs = 86_400_000

/** Clocks are set: the coordinator's a day ahead, then a day back and those of others ahead. */
export async function jumpClocks(hands: Hands, { lastsMs }: Fault): Promise<void> {
  const controls = hands.site.controls!
  try {
    await controls.setClock('coordinator', dayMs)
    await hands.sleep(lastsMs / 2)
    await controls.setClock('coordinator', -dayMs)
    for (const name of [...hands.workers, 'client']) await controls.setClock(name, dayMs)
    await hands.sleep(lastsMs / 2)
  } finally {
    for (const name of ['coordinator', 'client', ...hands.workers]) {
      await controls.setClock(name, 0)
    }
  }
}
