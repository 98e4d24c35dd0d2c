/**
 * Preloaded into the unit tests of `npm test`: threads run the bundle (dist/lib), as users have
 * it, though the tests import modules one by one (dist/src). A thread of half a hundred modules
 * takes three times the CPU time to start (0.16 s, of the bundle 0.06), and tests start hundreds.
 * The bundle is of the same sources there: `npm test` builds both. Without this file, as when
 * mocha is run by hand, threads run the modules.
 */
const { existsSync } = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const { fileURLToPath } = require('node:url')
const threads = require('node:worker_threads')

const compiledModule = /^(file:.*\/packages\/[^/]+\/dist)\/src\/(?:.*\/)?([^/]+)$/

/** The file that is loaded instead of a module that a thread begins with. */
function bundleOf(file) {
  const [, dist, name] = compiledModule.exec(String(file)) ?? []
  const url = dist === undefined ? null : new URL(`${dist}/lib/${name}`)
  return url !== null && existsSync(fileURLToPath(url)) ? url : null
}

class BundledWorker extends threads.Worker {
  constructor(file, options = {}) {
    const bundle = bundleOf(file)
    // The options of the process say that packages are imported module by module, too.
    if (bundle === null) super(file, options)
    else super(bundle, { ...options, execArgv: options.execArgv ?? [] })
  }
}

threads.Worker = BundledWorker
syncBuiltinESMExports()
