/**
 * Loaded into processes of a chaos run before anything else (`node --import`), on all of their
 * threads: their clock jumps, and they die while they read, when files of a folder say so. The
 * monotonic clock is left alone, as it is by whoever sets a machine's clock.
 */
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { clockFile, controlsVariable, isDeadly, nameVariable } from './cluster-controls.js'

const folder = process.env[controlsVariable]!
const ownClock = path.join(folder, clockFile(process.env[nameVariable]!))

/** The offset is looked up this often at most. */
const lookMs = 50

let lookedAt = -Infinity
let offsetMs = 0

function now(): number {
  if (performance.now() - lookedAt >= lookMs) {
    lookedAt = performance.now()
    offsetMs = Number(textOf(ownClock) ?? 0)
  }
  return RealDate.now() + offsetMs
}

const RealDate = Date
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => key === 'now' ? now : Reflect.get(target, key) as unknown,
})

const { open } = promises
promises.open = (file, ...rest) => {
  dieOf(String(file))
  return open(file, ...rest)
}
syncBuiltinESMExports()

/** Ends the process as the system does that has no memory left, if this file is to be its end. */
function dieOf(file: string): void {
  for (const name of readdirSync(folder).filter(isDeadly)) {
    const deadly = path.join(folder, name)
    const of = textOf(deadly)
    if (of === null || of === '' || !file.startsWith(of)) continue
    try {
      unlinkSync(deadly)
    } catch {
      // another process died of this one
      continue
    }
    process.kill(process.pid, 'SIGKILL')
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
