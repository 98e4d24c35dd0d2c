/**
 * Joins the compiled modules of each public package (dist/src) into a few files (dist/lib), which
 * are what its users load: half a thousand modules, each looked up, opened, parsed and linked on
 * its own, took 0.2 s of every start of the command and of every worker. What a package imports
 * from another stays an import, so that there is one copy of everything. What is imported late
 * (`await import(...)`) stays in files of its own, as do the modules that threads and processes
 * begin with; all lie side by side, so that `new URL('./x.js', import.meta.url)` finds them.
 *
 * The unit tests load the modules of dist/src instead, by the export condition
 * `coppice-modules` (`node --conditions=coppice-modules`).
 */
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { rollup } from '@rollup/wasm-node'
import { inRoot, listPackages, walk } from './lib/paths.mjs'

/** Modules that start a thread or a process: `new URL('./x.js', import.meta.url)` and the like. */
const startsOf = /(?:new URL|spawnThread)\(\s*'\.\/([\w-]+)\.js'/g

/** Bundles every public package. @throws {Error} what rollup warns of, too: nothing is expected */
export async function bundle() {
  const packages = listPackages().filter(({ manifest }) => manifest.private !== true)
  for (const { dir, manifest } of packages) await bundlePackage(inRoot('packages', dir), manifest)
}

/** The folders that bundling makes, for whoever asks whether they are there. */
export function bundleFolders() {
  return listPackages().filter(({ manifest }) => manifest.private !== true)
    .map(({ dir }) => inRoot('packages', dir, 'dist/lib'))
}

async function bundlePackage(folder, manifest) {
  const lib = path.join(folder, 'dist/lib')
  rmSync(lib, { recursive: true, force: true })
  const building = await rollup({
    input: entriesOf(folder, manifest),
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    plugins: [{ name: 'maps', load: withMap }],
    // All of it: what has no effect when it is loaded is not told apart from what has.
    treeshake: false,
    preserveEntrySignatures: 'strict',
    onwarn: ({ message }) => {
      throw new Error(`${manifest.name}: ${message}`)
    },
  })
  await building.write({
    dir: lib, format: 'esm', sourcemap: true, entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js', sourcemapExcludeSources: true,
  })
  await building.close()
}

/** What is exported, where threads and processes begin, and the command: by file name. */
function entriesOf(folder, manifest) {
  const entries = {}
  const add = (name, file) => {
    if (Object.hasOwn(entries, name) && entries[name] !== file) {
      throw new Error(`${manifest.name}: two entries are named ${name}: ${entries[name]}, ${file}`)
    }
    entries[name] = file
  }
  for (const { default: shipped, 'coppice-modules': module } of Object.values(manifest.exports)) {
    if (module !== undefined) add(path.basename(shipped, '.js'), path.join(folder, module))
  }
  const compiled = path.join(folder, 'dist/src')
  for (const file of walk(compiled, []).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(path.join(compiled, file), 'utf8')
    for (const [, name] of text.matchAll(startsOf)) {
      add(name, path.join(compiled, path.dirname(file), `${name}.js`))
    }
  }
  if (manifest.bin !== undefined) add('bin', path.join(compiled, 'bin.js'))
  return entries
}

/** A compiled module with its map, so that the bundle's map leads to the TypeScript. */
function withMap(file) {
  const code = readFileSync(file, 'utf8')
  return { code, map: JSON.parse(readFileSync(`${file}.map`, 'utf8')) }
}
