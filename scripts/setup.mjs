/**
 * Makes a fresh clone ready: packages from the lock file, WebAssembly kernels, TypeScript, and the
 * files that users load.
 * Each step is skipped when its inputs have not changed. Also `npm run build`.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildKernels } from './build-kernels.mjs'
import { inRoot, listPackages, readJson, root, walk } from './lib/paths.mjs'
import { runNode, runNpm, seconds, tools } from './lib/run.mjs'
import { hashStats, isStamped, stamp, unstamp } from './lib/stamp.mjs'

const upToDate = 'up to date'

/**
 * Does whatever of the set-up is not up to date.
 *
 * @param {{ log?: (line: string) => void }} options
 * @throws {Error} with the tool's output when a step fails
 */
export async function setup({ log = console.log } = {}) {
  checkNode()
  const steps = [
    ['install', install], ['kernels', buildKernels], ['build', build], ['bundle', bundlePackages]]
  for (const [name, step] of steps) {
    const start = performance.now()
    const done = await step()
    if (done !== upToDate) log(`set-up: ${name}: ${done} (${seconds(start)})`)
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new Error(`Node ${process.versions.node} is too old; use 20.19 or later`)
}

async function install() {
  if (isInstalled()) return upToDate
  const { code, output } = await runNpm(
    ['ci', '--no-audit', '--no-fund', '--prefer-offline'], { capture: true })
  if (code !== 0) throw new Error(`npm ci failed\n${output}`)
  return 'npm ci'
}

/**
 * Compares what npm says it installed (node_modules/.package-lock.json, written last) with what
 * package-lock.json asks for. Modification times would say nothing after a checkout.
 */
function isInstalled() {
  const file = inRoot('node_modules/.package-lock.json')
  if (!existsSync(file)) return false
  const installed = JSON.parse(readFileSync(file, 'utf8')).packages
  const wanted = readJson(inRoot('package-lock.json')).packages
  return Object.entries(wanted).every(([location, entry]) => {
    if (!location.startsWith('node_modules/') && !location.includes('/node_modules/')) return true
    const found = installed[location]
    // An optional package for another platform is rightly absent.
    if (found === undefined) return entry.optional === true || entry.devOptional === true
      || entry.peer === true
    return found.version === entry.version && found.resolved === entry.resolved
  })
}

async function build() {
  for (const project of projects()) prune(project)
  const inputs = buildInputs()
  const outputs = projects().filter(hasSources).map(({ dir, buildInfo }) =>
    path.join(dir, buildInfo))
  const hash = hashStats(inputs)
  if (isStamped('build', hash, outputs)) return upToDate
  unstamp('build')
  const { code, output } = await runNode(tools.tsc, ['-b', '--pretty', 'false'], { capture: true })
  if (code !== 0) throw new Error(`TypeScript does not compile\n${output}`)
  stamp('build', hash)
  return 'tsc -b'
}

/** What users load, of what was compiled: done again whenever a compiled module is another one. */
async function bundlePackages() {
  // Not before the packages are installed, of which it needs one.
  const { bundle, bundleFolders } = await import('./bundle.mjs')
  const compiled = listPackages().map(({ dir }) => inRoot('packages', dir, 'dist/src'))
    .flatMap((folder) => walk(folder, []).map((file) => path.join(folder, file)))
    .filter((file) => file.endsWith('.js'))
  const manifests = listPackages().map(({ dir }) => inRoot('packages', dir, 'package.json'))
  const hash = hashStats([...compiled, ...manifests, inRoot('scripts/bundle.mjs')])
  const outputs = bundleFolders().map((folder) => path.join(folder, 'index.js'))
  if (isStamped('bundle', hash, outputs)) return upToDate
  unstamp('bundle')
  await bundle()
  stamp('bundle', hash)
  return 'rollup'
}

/** Every TypeScript project: its sources sit in `dir`/`part`, its output in `dir`/dist. */
function projects() {
  const found = listPackages().flatMap(({ dir }) => ['src', 'test'].map((part) => ({
    dir: inRoot('packages', dir), part, out: `dist/${part}`, buildInfo: `dist/${part}.tsbuildinfo`,
  })))
  found.push({ dir: inRoot('test'), part: '.', out: 'dist', buildInfo: 'dist/test.tsbuildinfo' })
  return found
}

function hasSources({ dir, part }) {
  return walk(path.join(dir, part)).some((file) => file.endsWith('.ts'))
}

function buildInputs() {
  const sources = projects().flatMap(({ dir, part }) =>
    walk(path.join(dir, part)).map((file) => path.join(dir, part, file)))
  const configs = [...new Set(projects().map(({ dir }) => dir))].flatMap((dir) =>
    ['tsconfig.json', 'package.json'].map((name) => path.join(dir, name)))
  const shared = ['tsconfig.json', 'package-lock.json'].map((name) => path.join(root, name))
  return [...new Set([...sources, ...configs, ...shared])].filter(existsSync)
}

/** Removes compiled files whose source is gone, so that a deleted test does not go on running. */
function prune({ dir, part, out }) {
  for (const file of walk(path.join(dir, out), [])) {
    const base = file.replace(/\.(js|js\.map|d\.ts)$/, '')
    if (base === file || existsSync(path.join(dir, part, `${base}.ts`))) continue
    rmSync(path.join(dir, out, file), { force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const start = performance.now()
  try {
    await setup()
    console.log(`set-up: ready (${seconds(start)})`)
  } catch (error) {
    console.error(`set-up: ${error.message}`)
    process.exitCode = 1
  }
}
