/**
 * `npm run chaos`: trainings on a coordinator and workers that are real processes, which are
 * killed, stopped, cut off and slowed meanwhile (test/support/cluster-*.ts). `--help` says how to
 * ask for it. `npm run simulate` does the same to the state machines, thousands of times faster.
 */
import { campaign } from './chaos/campaign.mjs'
import { hashes } from './chaos/hashes.mjs'
import { parseOptions } from './chaos/options.mjs'
import { inRoot } from './lib/paths.mjs'
import { setup } from './setup.mjs'

// Ending in order ends the processes that were started.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => process.exit(130))

try {
  const args = process.argv.slice(2)
  if (!args.includes('--no-build')) await setup({ log: (line) => console.error(`  ${line}`) })
  // Imported late: it needs to be built.
  const { faultKinds } = await import(inRoot('test/dist/support/cluster-fault-kinds.js'))
  const options = parseOptions(args, faultKinds)
  if (typeof options === 'string') {
    console.log(options)
  } else {
    const work = options.hashes ? hashes : campaign
    const { nFailed } = await work(options, (line) => console.log(line))
    process.exitCode = nFailed === 0 ? 0 : 1
    // Nothing should be; a campaign of a night is to end all the same, and to say so.
    setTimeout(() => {
      console.error(`left open: ${process.getActiveResourcesInfo().join(', ')}`)
      process.exit(1)
    }, 10_000).unref()
  }
} catch (error) {
  console.error(`chaos: ${error.message}`)
  process.exitCode = 1
}
