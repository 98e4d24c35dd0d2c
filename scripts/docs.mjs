/**
 * `npm run docs`: the reference of every package's exports as pages in docs-build/ (git-ignored),
 * and of the parameters in packages/engine/PARAMETERS.md, which a test holds to their table. With
 * `--parameters` only the latter. Made from the sources; nothing is written by hand.
 */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { inRoot, listPackages } from './lib/paths.mjs'
import { runNode, tools } from './lib/run.mjs'
import { setup } from './setup.mjs'

await setup()
const engine = await import(pathToFileURL(inRoot('packages/engine/dist/src/index.js')).href)
const page = inRoot('packages/engine/PARAMETERS.md')
writeFileSync(page, engine.parametersPage())
console.log(`parameters: ${page}`)
if (process.argv.includes('--parameters')) process.exit()

const entries = listPackages().filter(({ manifest }) => manifest.private !== true)
  .flatMap(({ dir, manifest }) => Object.values(manifest.exports ?? {})
    .filter((target) => typeof target === 'object')
    .map((target) => inRoot('packages', dir, target.types.replace('./dist/', '')
      .replace(/\.d\.ts$/, '.ts'))))
const { code } = await runNode(tools.typedoc, [
  '--options', inRoot('scripts/typedoc.json'),
  '--out', inRoot('docs-build/api'),
  ...entries.flatMap((entry) => ['--entryPoints', entry]),
])
process.exitCode = code
