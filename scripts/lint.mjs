/** `npm run lint`: ESLint with types, then the rules of the architecture. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { inRoot, stateDir } from './lib/paths.mjs'
import { runNode, seconds, tools } from './lib/run.mjs'
import { setup } from './setup.mjs'

/**
 * Runs both checks and prints what they find.
 *
 * @param {{ capture?: boolean }} options - whether what it would print becomes `output`
 * @returns {Promise<{ passed: number, failed: number, skipped: number, output: string }>} one
 *   count per check
 */
export async function lint({ capture = false } = {}) {
  let told = ''
  const log = capture ? (line) => { told += `${line}\n` } : (line) => console.log(line)
  let failed = 0
  let start = performance.now()
  // Imported late: it needs packages, which on a fresh clone the set-up has yet to install.
  const { checkArchitecture } = await import('./check-architecture.mjs')
  const violations = checkArchitecture()
  for (const { rule, file, line, message } of violations) {
    log(`  ${file}${line > 0 ? `:${line}` : ''}  ${message}  [${rule}]`)
  }
  if (violations.length > 0) failed++
  log(`  architecture: ${violations.length} violations (${seconds(start)})`)

  start = performance.now()
  mkdirSync(stateDir, { recursive: true })
  // A typed rule looks into other files, so the cache may miss what a change elsewhere breaks;
  // continuous integration starts without one.
  const { code, output } = await runNode(tools.eslint, [
    '--config', inRoot('scripts/eslint.config.mjs'),
    '--cache', '--cache-strategy', 'content',
    '--cache-location', path.join(stateDir, 'eslintcache'),
    '--max-warnings', '0', '--no-error-on-unmatched-pattern',
    'packages/*/src/**/*.ts', 'packages/*/test/**/*.ts', 'test/**/*.ts',
  ], { capture })
  told += output
  if (code !== 0) failed++
  log(`  eslint: ${code === 0 ? 'clean' : 'problems'} (${seconds(start)})`)
  return { passed: 2 - failed, failed, skipped: 0, output: told }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await setup()
  const { failed } = await lint()
  if (failed > 0) process.exitCode = 1
}
