/**
 * `npm run fuzz`: mutated and random bytes against every parser of the cluster. A parser returns
 * what its documentation says or throws a ProtocolError, soon, and within little memory. `upgrade`
 * sends requests that are nearly right to a coordinator's server.
 * `--help` says how to ask for it.
 */
import { runTarget } from './fuzz/campaign.mjs'
import { parseOptions } from './fuzz/options.mjs'
import { setup } from './setup.mjs'

const targetNames = ['frames', 'messages', 'sums', 'journal', 'upgrade']

try {
  const options = parseOptions(process.argv.slice(2), targetNames)
  if (typeof options === 'string') {
    console.log(options)
  } else {
    if (options.builds) await setup({ log: (line) => console.error(`  ${line}`) })
    // Imported late: they need the packages to be built.
    const { makeTargets } = await import('./fuzz/targets.mjs')
    const targets = await makeTargets()
    for (const name of options.targets) {
      const { text, hasFailed } = await runTarget(name, targets[name], options)
      console.log(text)
      if (hasFailed) process.exitCode = 1
    }
  }
} catch (error) {
  console.error(`fuzz: ${error.message}`)
  process.exitCode = 1
}
