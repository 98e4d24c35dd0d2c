/**
 * `npm test`: set-up, lint, the unit tests of each package and the tests across packages, each
 * with its time. The last line is `N passed, N failed[, N skipped]`. Two suites run at a time,
 * where there are two cores: much of the time of the longest is spent waiting for other processes.
 *
 *   node scripts/test.mjs                    everything
 *   node scripts/test.mjs lint               the linter and the architecture checks
 *   node scripts/test.mjs unit               the unit tests of every package
 *   node scripts/test.mjs unit engine model  of some
 *   node scripts/test.mjs root               the tests in test/, but for
 *   node scripts/test.mjs commands           those of npm run bench, chaos, fuzz ...
 *   node scripts/test.mjs engine -- --grep histogram    with further options for mocha
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { inRoot, listPackages, stateDir, walk } from './lib/paths.mjs'
import { runNode, seconds, tools } from './lib/run.mjs'
import { lint } from './lint.mjs'
import { setup } from './setup.mjs'

/** More would not be more quiet: some tests watch how long something takes. */
const nLanes = Math.min(2, availableParallelism())
/** The suites that take longest, to begin with. */
const longest = ['root', 'cluster', 'engine', 'commands', 'coppice']
/** Tests in test/ of commands of the repository, which are a suite of their own: the other half. */
const commands = ['bench', 'chaos', 'fuzz', 'pack', 'parity', 'reporter', 'readme']
  .map((name) => `${name}.test.js`)

/** No suite may hang the run: npm test as a whole is to end within 10 minutes. */
const suiteTimeoutMs = 8 * 60_000

/** Coverage is of the modules, on threads too. */
const bundledThreads = process.env.NODE_V8_COVERAGE !== undefined ? []
  : ['--require', inRoot('scripts/lib/bundled-threads.cjs')]

const suites = [
  { kind: 'lint', name: 'lint', run: (_mochaArgs, capture) => lint({ capture }) },
  ...listPackages().map(({ dir }) => ({
    kind: 'unit',
    name: dir,
    run: (mochaArgs, capture) => mocha(dir, inRoot('packages', dir), 'dist/test', {
      // The very modules that the tests import one by one, in other packages too; the threads and
      // processes that tests start, and the tests across packages, have what users have.
      nodeArgs: ['--conditions=coppice-modules', ...bundledThreads], mochaArgs, capture,
    }),
  })),
  ...['root', 'commands'].map((name) => ({
    kind: 'root',
    name,
    run: (mochaArgs, capture) => mocha(name, inRoot('test'), 'dist', {
      isWanted: (file) => commands.includes(file) === (name === 'commands'), mochaArgs, capture,
    }),
  })),
]

const { words, mochaArgs } = parse(process.argv.slice(2))
const total = { passed: 0, failed: 0, skipped: 0 }
const startAll = performance.now()
await runSuite('build', async () => {
  await setup({ log: (line) => console.log(`  ${line}`) })
  return { passed: 1, failed: 0, skipped: 0 }
})
if (total.failed === 0) await runSuites(suites.filter(isWanted))
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

/** In lanes, the longest first, each told at its end; one alone is shown as it goes. */
async function runSuites(wanted) {
  const queue = wanted.sort((a, b) => rank(a) - rank(b))
  const capture = queue.length > 1 && nLanes > 1
  await Promise.all(Array.from({ length: nLanes }, async () => {
    for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) {
      const { run } = suite
      await runSuite(titleOf(suite), () => run(mochaArgs, capture), capture)
    }
  }))
}

function titleOf({ kind, name }) {
  return kind === 'unit' ? `unit ${name}` : name
}

function rank({ name }) {
  const at = longest.indexOf(name)
  return at < 0 ? longest.length : at
}

/** @param isQuiet - its title is printed with what it printed */
async function runSuite(title, suite, isQuiet = false) {
  if (!isQuiet) console.log(`${title} ...`)
  const start = performance.now()
  let counts
  try {
    counts = await suite()
  } catch (error) {
    counts = { passed: 0, failed: 1, skipped: 0, output: `  ${error.message}\n` }
  }
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  if (isQuiet) console.log(`${title} ...`)
  process.stdout.write(counts.output ?? '')
  console.log(`${title}: ${summary(counts)} in ${seconds(start)}\n`)
}

function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * Runs the compiled tests of one folder in a process of their own.
 *
 * @param capture - what it prints becomes `output`, instead of being shown as it comes
 */
async function mocha(name, dir, out, { nodeArgs = [], isWanted = () => true, mochaArgs, capture }) {
  const specs = walk(path.join(dir, out), ['node_modules'])
    .filter((file) => file.endsWith('.test.js') && isWanted(file))
    .map((file) => path.join(dir, out, file))
  if (specs.length === 0) return { passed: 0, failed: 0, skipped: 0, output: '  no tests\n' }
  mkdirSync(stateDir, { recursive: true })
  const report = path.join(stateDir, `mocha-${name}-${process.pid}.json`)
  const { code, output, timedOut } = await runNode(tools.mocha, [
    '--reporter', inRoot('scripts/lib/mocha-reporter.cjs'),
    '--reporter-option', `output=${report}`,
    '--forbid-only', '--fail-hook-affected-tests',
    ...mochaArgs, ...specs,
  ], { nodeArgs, timeoutMs: suiteTimeoutMs, capture })
  let counts
  let told = output
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'))
    rmSync(report)
  } catch {
    counts = { passed: 0, failed: 1, skipped: 0 }
    told += timedOut ? `  stopped after ${suiteTimeoutMs / 60_000} minutes\n`
      : `  mocha ended with status ${code} before it could report\n`
    return { ...counts, output: told }
  }
  if (timedOut) {
    told += '  the tests ended but the process did not: something is left open\n'
    counts.failed++
  } else if (code !== 0 && counts.failed === 0) {
    told += `  mocha ended with status ${code}\n`
    counts.failed++
  }
  return { ...counts, output: told }
}
