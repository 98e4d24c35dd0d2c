import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Fault } from './cluster-fault-plan.js'
import type { Hands } from './cluster-hands.js'

/** The files that hold rows change; then a worker dies, and others have to read what it had. */
export async function changeFiles(hands: Hands, { worker, lastsMs, share }: Fault): Promise<void> {
  for (const file of await partitionsIn(hands.data)) {
    await writeFile(file, changed(await readFile(file), file, share))
  }
  await hands.kill([hands.workers[worker]!], lastsMs)
}

/**
 * A worker comes back to a machine where the files of rows are others under the same names; then
 * another one dies. Needs mount namespaces: `whyNoCopies`.
 */
export async function changeCopy(hands: Hands, fault: Fault): Promise<void> {
  const { site, workers, data } = hands
  const name = workers[fault.worker]!
  const copy = path.join(path.dirname(data), 'changed-data')
  await mkdir(copy, { recursive: true })
  await cp(data, copy, { recursive: true })
  for (const file of await partitionsIn(copy)) {
    await writeFile(file, changed(await readFile(file), file, fault.share))
  }
  await hands.kill([name], 0, async () => site.dress(name, [
    ...newMounts, 'sh', '-c', `mount --bind '${copy}' '${data}' && exec "$@"`, 'sh']))
  const comes = site.current(name)!
  await comes.waitFor(/ is connected to /)
  if (workers.length > 1) {
    await hands.kill([workers[(fault.worker + 1) % workers.length]!], fault.lastsMs)
  }
}

/** Command before one that sees mounts of its own. */
const newMounts = ['unshare', '-m']

/** @returns why a worker cannot be given other files under the same names here, or null */
export function whyNoCopies(): string | null {
  if (process.platform !== 'linux') return 'mount namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'only root may make mount namespaces'
  try {
    const [command, ...args] = newMounts
    execFileSync(command!, [...args, 'mount', '--bind', '/tmp', '/tmp'], { stdio: 'pipe' })
    return null
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer }
    return `mount namespaces cannot be made here: ${String(stderr ?? message).trim()}`
  }
}

/** Files with rows to train on. @param data - folder of a problem */
export async function partitionsIn(data: string): Promise<string[]> {
  const folder = path.join(data, 'train')
  return (await readdir(folder)).filter((name) => name.startsWith('part-')).sort()
    .map((name) => path.join(folder, name))
}

/** Of the same length: texts have their rows the other way round, others a bit flipped. */
function changed(bytes: Buffer, file: string, share: number): Buffer {
  if (file.endsWith('.csv')) {
    const [header, ...rows] = bytes.toString().trimEnd().split('\n')
    return Buffer.from(`${[header, ...rows.reverse()].join('\n')}\n`)
  }
  const bit = Math.floor(share * bytes.length * 8)
  const copy = Buffer.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}
