import { readFileSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { runNode, tools } from '../lib/run.mjs'

/**
 * Compiles AssemblyScript of the benchmarks with the flags of the engine's kernels.
 *
 * @param {string} source - below scripts/bench
 * @param {string} out - the file to write
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compileAssembly(source, out) {
  const { code, output } = await runNode(tools.asc, [
    inRoot('scripts/bench', source), '-O3', '--converge', '--noAssert',
    '--use', 'abort=', '--runtime', 'stub', '--importMemory', '--noExportMemory',
    '--enable', 'simd', '--outFile', out,
  ], { capture: true })
  if (code !== 0) throw new Error(`scripts/bench/${source} does not compile\n${output}`)
  return WebAssembly.compile(readFileSync(out))
}
