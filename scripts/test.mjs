/**
 * `npm test`: set-up, lint, the unit tests of each package and the tests across packages, each
 * with its time. The last line is `N passed, N failed[, N skipped]`.
 *
 *   node scripts/test.mjs                    everything
 *   node scripts/test.mjs lint               the linter and the architecture checks
 *   node scripts/test.mjs unit               the unit tests of every package
 *   node scripts/test.mjs unit engine model  of some
 *   node scripts/test.mjs root               the tests in test/
 *   node scripts/test.mjs engine -- --grep histogram    with further options for mocha
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { inRoot, listPackages, stateDir, walk } from './lib/paths.mjs'
import { runNode, seconds, tools } from './lib/run.mjs'
import { lint } from './lint.mjs'
import { setup } from './setup.mjs'

/** No suite may hang the run: npm test as a whole is to end within 10 minutes. */
const suiteTimeoutMs = 8 * 60_000

const suites = [
  { kind: 'lint', name: 'lint', run: lint },
  ...listPackages().map(({ dir }) => ({
    kind: 'unit',
    name: dir,
    run: (mochaArgs) => mocha(dir, inRoot('packages', dir), 'dist/test', mochaArgs),
  })),
  {
    kind: 'root',
    name: 'root',
    run: (mochaArgs) => mocha('root', inRoot('test'), 'dist', mochaArgs),
  },
]

const { words, mochaArgs } = parse(process.argv.slice(2))
const total = { passed: 0, failed: 0, skipped: 0 }
const startAll = performance.now()
await runSuite('build', async () => {
  await setup({ log: (line) => console.log(`  ${line}`) })
  return { passed: 1, failed: 0, skipped: 0 }
})
if (total.failed === 0) {
  for (const suite of suites.filter(isWanted)) {
    await runSuite(suite.kind === 'unit' ? `unit ${suite.name}` : suite.name,
      () => suite.run(mochaArgs))
  }
}
console.log(`all suites: ${seconds(startAll)}`)
console.log(summary(total))
if (total.failed > 0) process.exitCode = 1

function parse(args) {
  const split = args.indexOf('--')
  const words = split < 0 ? args : args.slice(0, split)
  const known = new Set(['unit', ...suites.map(({ name }) => name)])
  const unknown = words.filter((word) => !known.has(word))
  if (unknown.length > 0) {
    console.error(`no suite "${unknown.join('", "')}"; there are: ${[...known].join(', ')}`)
    process.exit(1)
  }
  return { words, mochaArgs: split < 0 ? [] : args.slice(split + 1) }
}

function isWanted({ kind, name }) {
  if (words.length === 0 || words.includes(name)) return true
  const namesUnits = suites.some((suite) => suite.kind === 'unit' && words.includes(suite.name))
  return kind === 'unit' && words.includes('unit') && !namesUnits
}

async function runSuite(title, suite) {
  console.log(`${title} ...`)
  const start = performance.now()
  let counts
  try {
    counts = await suite()
  } catch (error) {
    console.log(`  ${error.message}`)
    counts = { passed: 0, failed: 1, skipped: 0 }
  }
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  console.log(`${title}: ${summary(counts)} in ${seconds(start)}\n`)
}

function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Runs the compiled tests of one folder in a process of their own. */
async function mocha(name, dir, out, mochaArgs) {
  const specs = walk(path.join(dir, out), ['node_modules'])
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => path.join(dir, out, file))
  if (specs.length === 0) {
    console.log('  no tests')
    return { passed: 0, failed: 0, skipped: 0 }
  }
  mkdirSync(stateDir, { recursive: true })
  const output = path.join(stateDir, `mocha-${name}-${process.pid}.json`)
  const { code, timedOut } = await runNode(tools.mocha, [
    '--reporter', inRoot('scripts/lib/mocha-reporter.cjs'),
    '--reporter-option', `output=${output}`,
    '--forbid-only', '--fail-hook-affected-tests',
    ...mochaArgs, ...specs,
  ], { timeoutMs: suiteTimeoutMs })
  let counts
  try {
    counts = JSON.parse(readFileSync(output, 'utf8'))
    rmSync(output)
  } catch {
    throw new Error(timedOut
      ? `stopped after ${suiteTimeoutMs / 60_000} minutes`
      : `mocha ended with status ${code} before it could report`)
  }
  if (timedOut) {
    console.log('  the tests ended but the process did not: something is left open')
    counts.failed++
  } else if (code !== 0 && counts.failed === 0) {
    console.log(`  mocha ended with status ${code}`)
    counts.failed++
  }
  return counts
}
