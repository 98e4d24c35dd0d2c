/**
 * `npm run coverage`: the unit tests under c8, mapped back to the TypeScript sources; a summary
 * here, the pages in coverage/. Arguments are those of scripts/test.mjs.
 */
import { inRoot } from './lib/paths.mjs'
import { runNode, tools } from './lib/run.mjs'
import { setup } from './setup.mjs'

await setup()
const words = process.argv.slice(2)
const { code } = await runNode(tools.c8, [
  '--include', 'packages/*/src/**/*.ts',
  '--exclude', 'packages/*/test/**',
  '--exclude-after-remap',
  '--reporter', 'text', '--reporter', 'html', '--reporter', 'json-summary',
  '--reports-dir', inRoot('coverage'),
  '--temp-directory', inRoot('.setup/coverage'),
  process.execPath, inRoot('scripts/test.mjs'), ...(words.length > 0 ? words : ['unit']),
])
process.exitCode = code
