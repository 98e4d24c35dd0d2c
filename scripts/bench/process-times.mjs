/**
 * CPU time of processes, as Linux tells it in /proc: of a contestant that is several processes no
 * other count is complete.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of /proc: 100 a second on every architecture that Node runs on. */
const msPerTick = 10

/**
 * CPU time of a process and all below it, with what its children that have ended took.
 *
 * @param {number} pid
 * @returns {number} ms; NaN where there is no /proc
 */
export function treeCpuMs(pid) {
  const children = new Map()
  const ticks = new Map()
  for (const name of namesIn('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(`/proc/${name}/stat`) : null
    if (stat === null) continue
    const siblings = children.get(stat.parent) ?? []
    siblings.push(Number(name))
    children.set(stat.parent, siblings)
    ticks.set(Number(name), stat.ticks + stat.childTicks)
  }
  if (!ticks.has(pid)) return NaN
  const sumOf = (each) => ticks.get(each)
    + (children.get(each) ?? []).reduce((sum, child) => sum + sumOf(child), 0)
  return sumOf(pid) * msPerTick
}

/**
 * CPU time of one process: of its main thread, where Node runs JavaScript and sockets, and of the
 * others, which compute.
 *
 * @param {number} pid
 * @returns {{ mainMs: number, otherMs: number }} NaN where there is no /proc, or no such process
 */
export function processCpuMs(pid) {
  const all = readStat(`/proc/${pid}/stat`)
  const main = readStat(`/proc/${pid}/task/${pid}/stat`)
  if (all === null || main === null) return { mainMs: NaN, otherMs: NaN }
  const mainMs = main.ticks * msPerTick
  return { mainMs, otherMs: all.ticks * msPerTick - mainMs }
}

function namesIn(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The fields that count; null when the process is gone. The name in parentheses may hold any. */
function readStat(file) {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  return { parent: Number(fields[1]), ticks: user + system, childTicks: childUser + childSystem }
}
