import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { stateDir } from './paths.mjs'

/** SHA-256 over the names and contents of files, for steps with few and small inputs. */
export function hashContents(files, extra = '') {
  const hash = createHash('sha256').update(extra)
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/** SHA-256 over names, sizes and modification times: quick for steps with many inputs. */
export function hashStats(files, extra = '') {
  const hash = createHash('sha256').update(extra)
  for (const file of files) {
    const stat = statSync(file)
    hash.update(`\0${file}\0${stat.size}\0${stat.mtimeMs}`)
  }
  return hash.digest('hex')
}

/** True when step `name` was last finished with these inputs and all its outputs are there. */
export function isStamped(name, hash, outputs) {
  const file = path.join(stateDir, `${name}.stamp`)
  return existsSync(file) && readFileSync(file, 'utf8') === hash && outputs.every(existsSync)
}

/** Remembers that step `name` was finished with these inputs. */
export function stamp(name, hash) {
  mkdirSync(stateDir, { recursive: true })
  writeFileSync(path.join(stateDir, `${name}.stamp`), hash)
}

/** Forgets step `name`: called before a step starts, so that an interrupted one is done again. */
export function unstamp(name) {
  rmSync(path.join(stateDir, `${name}.stamp`), { force: true })
}
