/**
 * As a parent: starts itself as a child, says which process that is, and ends. As the child:
 * hangs, and would for ever.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { watchParent } from '../../../src/node/parent-watch.js'

if (process.argv[2] === 'child') {
  watchParent({ everyMs: 100, patienceMs: 100 })
  process.stdout.write('hanging')
  for (;;) { /* as a bug would */ }
}
const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'child'],
  { stdio: ['ignore', 'pipe', 'inherit'] })
child.stdout.once('data', () => {
  process.stdout.write(String(child.pid), () => process.exit(0))
})
