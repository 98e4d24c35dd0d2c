import { Arena } from './arena.js'

/** What trainings leave behind for the next one of the thread is no larger. */
const KEPT_BYTES_MAX = 67_108_864
/** Trainings that go on side by side in a thread, or two of each thread where trees grow apart. */
const KEPT_MAX = 4

let kept: WeakRef<Arena>[] = []

/**
 * A memory for a training. Small trainings one after the other have the same one, and with it the
 * same kernels: with new ones V8 throws away the code that it has compiled for the old ones. They
 * are held as long as the collector lets them be.
 */
export function takeArena(): Arena {
  for (let known = kept.shift(); known !== undefined; known = kept.shift()) {
    const arena = known.deref()
    if (arena === undefined) continue
    arena.reset()
    return arena
  }
  return new Arena()
}

/**
 * Keeps memories whose users are gone: in the order in which a training takes them.
 *
 * @returns false where they are too large
 */
export function keepArenas(arenas: readonly Arena[]): boolean {
  const nBytes = arenas.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0)
  if (nBytes > KEPT_BYTES_MAX) return false
  kept = [...kept, ...arenas.map((arena) => new WeakRef(arena))].slice(-KEPT_MAX)
  return true
}
