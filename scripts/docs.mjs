/**
 * `npm run docs`: the reference of every package's exports, and of the parameters, as pages in
 * docs-build/ (git-ignored). Made from the sources and their table; nothing is written by hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { inRoot, listPackages } from './lib/paths.mjs'
import { runNode, tools } from './lib/run.mjs'
import { setup } from './setup.mjs'

await setup()
mkdirSync(inRoot('docs-build'), { recursive: true })
const engine = await import(pathToFileURL(inRoot('packages/engine/dist/src/index.js')).href)
const page = inRoot('docs-build/parameters.md')
writeFileSync(page, engine.parametersPage())
console.log(`parameters: ${page}`)

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
