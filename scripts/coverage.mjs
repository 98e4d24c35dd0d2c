/**
 * `npm run coverage`: the unit tests under c8, mapped back to the TypeScript sources; a summary
 * here, the pages in coverage/. Arguments are those of scripts/test.mjs.
 */
import { readFileSync } from 'node:fs'
import { inRoot, walk } from './lib/paths.mjs'
import { runNode, tools } from './lib/run.mjs'
import { setup } from './setup.mjs'

await setup()
const words = process.argv.slice(2)
const { code } = await runNode(tools.c8, [
  '--include', 'packages/*/src/**/*.ts',
  '--exclude', 'packages/*/test/**',
  ...withoutStatements().flatMap((file) => ['--exclude', file]),
  '--exclude-after-remap',
  // Sources that no test loads count too.
  '--all',
  '--reporter', 'text', '--reporter', 'html', '--reporter', 'json-summary',
  '--reports-dir', inRoot('coverage'),
  '--temp-directory', inRoot('.setup/coverage'),
  process.execPath, inRoot('scripts/test.mjs'), ...(words.length > 0 ? words : ['unit']),
])
process.exitCode = code

/** Sources with nothing to run: only types, only re-exports, or the inlined kernels. */
function withoutStatements() {
  return walk(inRoot('packages'))
    .filter((file) => /^[^/]+\/src\/.*\.ts$/.test(file))
    .filter((file) => {
      if (file.endsWith('/index.ts') || file.endsWith('/wasm-binary.ts')) return true
      const compiled = file.replace('/src/', '/dist/src/').replace(/\.ts$/, '.js')
      return /^export \{\s*\};?\s*(\/\/# sourceMappingURL.*\s*)?$/.test(
        readFileSync(inRoot('packages', compiled), 'utf8').replace(/\/\*[^]*?\*\//g, '').trim())
    })
    .map((file) => `packages/${file}`)
}
