/**
 * `npm run parity`: which of LightGBM's features there are, with the tests that prove them, and how
 * good our models are beside LightGBM's. `--help` has the options.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { daskAbsence } from './bench/contestants.mjs'
import { pythonAbsence, pythonVersions } from './bench/python.mjs'
import { environment, environmentText } from './bench/report.mjs'
import { inRoot, readJson } from './lib/paths.mjs'
import { seconds } from './lib/run.mjs'
import { parseOptions } from './parity/options.mjs'
import { setup } from './setup.mjs'

const log = (line) => console.error(line)

/** Cases whose names have one of the texts; all where there is none. */
function casesOf(groups, names) {
  const chosen = groups.map(({ title, cases }) => ({
    title,
    cases: cases.filter(({ name }) => names.length === 0 ||
      names.some((part) => name.includes(part))),
  })).filter(({ cases }) => cases.length > 0)
  if (chosen.length > 0) return chosen
  const all = groups.flatMap(({ cases }) => cases.map(({ name }) => `"${name}"`))
  throw new Error(`no case has "${names.join('", "')}" in its name; there are: ${all.join(', ')}`)
}

async function peersOf(options) {
  if (!options.hasPeers) return { lightgbm: null, hasDask: false, absences: [] }
  const { LightGbm } = await import('./parity/peers.mjs')
  const absence = await pythonAbsence(['lightgbm', 'numpy', 'scipy'])
  const dask = options.hasCluster ? await daskAbsence() : null
  return {
    lightgbm: absence === null ? new LightGbm() : null,
    hasDask: options.hasCluster && dask === null,
    absences: [
      ...(absence === null ? [] : [`LightGBM is skipped: ${absence}`]),
      ...(dask === null ? [] : [`LightGBM on Dask is skipped: ${dask}`]),
    ],
  }
}

/** @returns what is wrong: sentences */
async function compareAll(options, command, dir) {
  const { caseGroups } = await import('./parity/cases.mjs')
  const { compareCase } = await import('./parity/compare.mjs')
  const { runOnCluster } = await import('./parity/cluster.mjs')
  const { reportPage } = await import('./parity/report.mjs')
  const { Progress } = await import('./parity/progress.mjs')
  const chosen = casesOf(caseGroups, options.names)
  const { lightgbm, hasDask, absences } = await peersOf(options)
  const about = environment(command, {
    coppice: readJson(inRoot('packages/engine/package.json')).version,
    node: process.versions.node,
    ...(lightgbm === null ? {} : await pythonVersions()),
  })
  const { seeds, rows, iterations, threads } = options
  const progress = new Progress(
    options.resume, { versions: about.versions, hasDask, seeds, rows, iterations, threads })
  const groups = []
  let clustered = []
  try {
    for (const { title, cases } of chosen) {
      const results = []
      for (const theCase of cases) {
        const start = performance.now()
        results.push(await progress.of(theCase.name, () =>
          compareCase(theCase, options, lightgbm, dir)))
        log(`${theCase.name}: ${seconds(start)}`)
      }
      groups.push({ title, results })
    }
    const forCluster = chosen.flatMap(({ cases }) => cases.filter(({ onCluster }) => onCluster))
    if (options.hasCluster && forCluster.length > 0) {
      clustered = await runOnCluster(forCluster, options, { lightgbm, hasDask }, dir, log, progress)
    }
  } finally {
    await lightgbm?.close()
  }
  const page = reportPage(environmentText(about), groups, clustered, absences, options)
  console.log(page)
  if (options.json !== null) {
    writeFileSync(options.json, `${JSON.stringify({ ...about, groups, clustered }, null, 2)}\n`)
  }
  if (options.isWhole && lightgbm !== null) write('REPORT.md', page)
  return [
    ...groups.flatMap(({ results }) => results).flatMap(({ name, rows }) =>
      rows.filter(({ isWorse }) => isWorse).map(({ metric }) =>
        `${name}: ${metric} is worse than LightGBM's by more than the noise`)),
    ...clustered.filter(({ sameBytes }) => !sameBytes)
      .map(({ name }) => `${name}: a cluster gives other bytes than threads`),
  ]
}

function write(name, page) {
  writeFileSync(inRoot('scripts/parity', name), page)
  log(`wrote scripts/parity/${name}`)
}

async function parity(options, command) {
  const { faultsOf, featuresPage } = await import('./parity/features.mjs')
  const problems = faultsOf()
  if (options.onlyFeatures || options.isWhole) write('FEATURES.md', featuresPage())
  if (!options.onlyFeatures) {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'coppice-parity-'))
    try {
      problems.push(...await compareAll(options, command, dir))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  for (const problem of problems) log(`parity: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

try {
  const args = process.argv.slice(2)
  const options = parseOptions(args)
  if (typeof options === 'string') {
    console.log(options)
  } else {
    if (options.builds) await setup({ log })
    await parity(options, ['npm run parity --', ...args].join(' '))
  }
} catch (error) {
  console.error(`parity: ${error.message}`)
  process.exitCode = 1
}
