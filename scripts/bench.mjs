/**
 * `npm run bench`: Coppice and LightGBM side by side, in one run, on the same values.
 * scripts/bench/README.md says what is measured, and `--help` how to ask for it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { daskVersions, lightgbmAbsence, pythonVersions } from './bench/contestant.mjs'
import { parseOptions } from './bench/options.mjs'
import { environment, environmentText } from './bench/report.mjs'
import { readJson, inRoot } from './lib/paths.mjs'
import { seconds } from './lib/run.mjs'
import { setup } from './setup.mjs'

const byDefault = ['numeric', 'flights', 'flights-shuffled', 'wide', 'accuracy', 'layouts',
  'cluster', 'cluster-flights']
const known = [...byDefault, 'cluster-kill']

/** Runs one case. Cases import the packages, so they are loaded after the build. */
async function runCase(name, options, log) {
  const { runTimingCase, timingCases } = await import('./bench/timing-cases.mjs')
  const { runAccuracyCase } = await import('./bench/accuracy-case.mjs')
  const { runLayoutsCase } = await import('./bench/layouts-case.mjs')
  const { clusterCases, runClusterCase } = await import('./bench/cluster-case.mjs')
  const { runClusterKillCase } = await import('./bench/cluster-kill-case.mjs')
  const reason = (timingCases[name] ?? clusterCases[name])?.absence() ?? null
  if (reason !== null) {
    return { title: name, markdown: `Skipped: ${reason}`, results: null, failure: null }
  }
  const dir = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-'))
  try {
    switch (name) {
      case 'accuracy': return await runAccuracyCase(options, dir, log)
      case 'layouts': return await runLayoutsCase(options, dir, log)
      case 'cluster':
      case 'cluster-flights': return await runClusterCase(name, options, dir, log)
      case 'cluster-kill': return await runClusterKillCase(options, dir, log)
      default: return await runTimingCase(name, options, dir, log)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function bench(options, command) {
  const log = (line) => console.error(line)
  const absence = options.isOursOnly ? null : lightgbmAbsence()
  const versions = {
    coppice: readJson(inRoot('packages/engine/package.json')).version,
    node: process.versions.node,
    ...(options.isOursOnly || absence !== null ? {}
      : { ...await pythonVersions(), ...await daskVersions() }),
  }
  const about = environment(command, versions)
  const sections = [environmentText(about)]
  if (absence !== null) sections.push(`LightGBM is skipped: ${absence}`)
  console.log(sections.join('\n\n'))
  const results = {}
  for (const name of options.cases) {
    const start = performance.now()
    const { title, markdown, results: figures, failure } = await runCase(name, options, log)
    const section = `### ${title}\n\n${markdown}`
    console.log(`\n${section}`)
    log(`${name}: ${seconds(start)}`)
    sections.push(section)
    results[name] = figures
    if (failure !== null) {
      log(`bench: ${failure}`)
      process.exitCode = 1
    }
  }
  if (options.markdown !== null) writeFileSync(options.markdown, `${sections.join('\n\n')}\n`)
  if (options.json !== null) {
    writeFileSync(options.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`)
  }
}

try {
  const args = process.argv.slice(2)
  const options = parseOptions(args, known, byDefault)
  if (typeof options === 'string') {
    console.log(options)
  } else {
    if (options.builds) await setup({ log: (line) => console.error(line) })
    await bench(options, ['npm run bench --', ...args].join(' '))
  }
} catch (error) {
  console.error(`bench: ${error.message}`)
  process.exitCode = 1
}
