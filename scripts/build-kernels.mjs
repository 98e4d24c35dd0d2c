/**
 * Compiles the AssemblyScript kernels of the engine and inlines the module as base64 into
 * packages/engine/src/kernels/wasm-binary.ts (git-ignored), so that Node, workers and browsers
 * load it the same way, without a file to find or fetch.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { inRoot, readJson, stateDir, walk } from './lib/paths.mjs'
import { runNode, seconds, tools } from './lib/run.mjs'
import { hashContents, isStamped, stamp, unstamp } from './lib/stamp.mjs'

const assemblyDir = inRoot('packages/engine/assembly')
const entry = path.join(assemblyDir, 'index.ts')
const output = inRoot('packages/engine/src/kernels/wasm-binary.ts')

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
  const sources = walk(assemblyDir).filter((file) => file.endsWith('.ts'))
  if (!sources.includes('index.ts')) return 'no kernels'
  const { version } = readJson(inRoot('node_modules/assemblyscript/package.json'))
  const inputs = sources.map((file) => path.join(assemblyDir, file))
  const hash = hashContents(inputs, `${version} ${ascFlags.join(' ')}`)
  if (isStamped('kernels', hash, [output])) return 'up to date'

  const start = performance.now()
  unstamp('kernels')
  mkdirSync(stateDir, { recursive: true })
  const wasm = path.join(stateDir, `kernels-${process.pid}.wasm`)
  const { code, output: log } = await runNode(
    tools.asc, [entry, ...ascFlags, '--outFile', wasm], { capture: true })
  if (code !== 0) throw new Error(`the kernels do not compile\n${log}`)
  const bytes = readFileSync(wasm)
  rmSync(wasm)
  write(bytes)
  stamp('kernels', hash)
  return `built, ${bytes.length} bytes, ${seconds(start)}`
}

function write(bytes) {
  const text = [
    '// Made by scripts/build-kernels.mjs from packages/engine/assembly. Do not edit.',
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
