/**
 * `npm run bench`: Coppice and other libraries side by side, in one run, on the same values.
 * scripts/bench/README.md says what is measured, and `--help` how to ask for it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseOptions } from './bench/options.mjs'
import { pythonVersions } from './bench/python.mjs'
import { environment, environmentText } from './bench/report.mjs'
import { readJson, inRoot } from './lib/paths.mjs'
import { replaceFile } from './lib/replace-file.mjs'
import { seconds } from './lib/run.mjs'
import { setup } from './setup.mjs'

const byDefault = ['numeric', 'flights', 'flights-shuffled', 'wide', 'sparse', 'classes',
  'regression', 'small', 'process', 'read', 'binning', 'predict', 'accuracy', 'kernels', 'layouts',
  'cluster', 'cluster-flights']
const known = [...byDefault, 'tall', 'cluster-kill']

/** Runs one case. Cases import the packages, so they are loaded after the build. */
async function runCase(name, options, log) {
  const { timingCases } = await import('./bench/data-cases.mjs')
  const { runTimingCase } = await import('./bench/timing-cases.mjs')
  const { processCases, runProcessCase } = await import('./bench/process-case.mjs')
  const { runReadCase } = await import('./bench/read-case.mjs')
  const { runPredictCase } = await import('./bench/predict-case.mjs')
  const { runBinningCase } = await import('./bench/binning-case.mjs')
  const { runKernelsCase } = await import('./bench/kernels-case.mjs')
  const { runAccuracyCase } = await import('./bench/accuracy-case.mjs')
  const { runLayoutsCase } = await import('./bench/layouts-case.mjs')
  const { clusterCases, runClusterCase } = await import('./bench/cluster-case.mjs')
  const { runClusterKillCase } = await import('./bench/cluster-kill-case.mjs')
  const named = timingCases[name] ?? processCases[name] ?? clusterCases[name]
  const reason = named?.absence() ?? null
  if (reason !== null) {
    return { title: name, markdown: `Skipped: ${reason}`, results: null, failure: null }
  }
  const dir = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-'))
  try {
    switch (name) {
      case 'accuracy': return await runAccuracyCase(options, dir, log)
      case 'small':
      case 'process': return await runProcessCase(name, options, dir, log)
      case 'read': return await runReadCase(options, dir, log)
      case 'predict': return await runPredictCase(options, dir, log)
      case 'binning': return await runBinningCase(options, dir, log)
      case 'kernels': return await runKernelsCase(options, dir, log)
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
  const versions = {
    coppice: readJson(inRoot('packages/engine/package.json')).version,
    node: process.versions.node,
    ...(options.isOursOnly ? {} : await pythonVersions()),
  }
  const about = environment(command, versions)
  const sections = [environmentText(about)]
  const results = {}
  // Again after each case: hours of figures are not lost with the last one, nor to a bad path.
  const save = () => {
    if (options.markdown !== null) replaceFile(options.markdown, `${sections.join('\n\n')}\n`)
    if (options.json === null) return
    replaceFile(options.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`)
  }
  save()
  console.log(sections.join('\n\n'))
  for (const name of options.cases) {
    const start = performance.now()
    const { title, markdown, results: figures, failure } = await runCase(name, options, log)
    const section = `### ${title}\n\n${markdown}`
    console.log(`\n${section}`)
    log(`${name}: ${seconds(start)}`)
    sections.push(section)
    results[name] = figures
    save()
    if (failure !== null) {
      log(`bench: ${failure}`)
      process.exitCode = 1
    }
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
