/**
 * Compiles the AssemblyScript kernels of the packages that have some, and inlines each module as
 * base64 into a source of its package (git-ignored), so that Node, workers and browsers load it
 * the same way, without a file to find or fetch.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { inRoot, readJson, stateDir, walk } from './lib/paths.mjs'
import { runNode, seconds, tools } from './lib/run.mjs'
import { hashContents, isStamped, stamp, unstamp } from './lib/stamp.mjs'

/** Sources by folder, and where the module goes. `name` is its stamp. */
const modules = [
  { name: 'kernels-model', dir: 'packages/model/assembly',
    output: 'packages/model/src/predict/wasm-binary.ts' },
  { name: 'kernels', dir: 'packages/engine/assembly',
    output: 'packages/engine/src/kernels/wasm-binary.ts' },
  { name: 'kernels-data', dir: 'packages/data/assembly',
    output: 'packages/data/src/formats/wasm-binary.ts' },
  { name: 'kernels-cluster', dir: 'packages/cluster/assembly',
    output: 'packages/cluster/src/wire/wasm-binary.ts' },
]

/** The one place where the compiler's options are kept. */
const ascFlags = [
  '-O3',
  '--converge',
  // No bounds assertions and no abort() import: kernels neither allocate nor throw.
  '--noAssert',
  '--use', 'abort=',
  '--runtime', 'stub',
  // The host owns the memory, one per thread.
  '--importMemory',
  '--noExportMemory',
  '--enable', 'simd',
]

/**
 * Builds the kernels when a source, an option or the compiler changed.
 *
 * @returns {Promise<string>} what was done, for the log
 * @throws {Error} with the compiler's output when it fails
 */
export async function buildKernels() {
  // the largest takes as long as all others
  const done = await Promise.all(modules.map(async (module) =>
    `${module.dir} ${await buildModule(module)}`))
  return done.join('; ')
}

async function buildModule({ name, dir, output }) {
  const sources = walk(inRoot(dir)).filter((file) => file.endsWith('.ts'))
  if (!sources.includes('index.ts')) return 'no kernels'
  const { version } = readJson(inRoot('node_modules/assemblyscript/package.json'))
  const inputs = sources.map((file) => path.join(inRoot(dir), file))
  const hash = hashContents(inputs, `${version} ${ascFlags.join(' ')}`)
  if (isStamped(name, hash, [inRoot(output)])) return 'up to date'

  const start = performance.now()
  unstamp(name)
  mkdirSync(stateDir, { recursive: true })
  const wasm = path.join(stateDir, `${name}-${process.pid}.wasm`)
  const { code, output: log } = await runNode(tools.asc,
    [path.join(inRoot(dir), 'index.ts'), ...ascFlags, '--outFile', wasm], { capture: true })
  if (code !== 0) throw new Error(`the kernels in ${dir} do not compile\n${log}`)
  const bytes = readFileSync(wasm)
  rmSync(wasm)
  write(dir, inRoot(output), bytes)
  stamp(name, hash)
  return `built, ${bytes.length} bytes, ${seconds(start)}`
}

function write(dir, output, bytes) {
  const text = [
    `// Made by scripts/build-kernels.mjs from ${dir}. Do not edit.`,
    '/** The WebAssembly module of the kernels, base64. */',
    `export const kernelsBase64: string =\n  '${bytes.toString('base64')}'`,
    '',
  ].join('\n')
  mkdirSync(path.dirname(output), { recursive: true })
  const temporary = `${output}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, output)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(`kernels: ${await buildKernels()}`)
}
