/**
 * What a user of the library would write: Parquet files to a model file. The argument is JSON,
 * `{ params, threads, files, label, model, phases }`; how long the phases took goes to the file
 * `phases`.
 */
import { writeFileSync } from 'node:fs'

const phases = {}
let last = performance.now()

/** Ends a phase now. */
function ended(phase, now = performance.now()) {
  phases[phase] = (phases[phase] ?? 0) + now - last
  last = now
}

const { Dataset, paramsFrom, train } = await import('@coppice/api')
ended('start')

const request = JSON.parse(process.argv[2])
const params = paramsFrom({ ...request.params, num_threads: request.threads })
let scannedAt = last
const booster = await train(params, await Dataset.open(request.files, { label: request.label }), {
  onLoad({ phase }) {
    if (phase !== 'bin') scannedAt = performance.now()
  },
  onEvent({ kind }) {
    if (kind !== 'started') return
    ended('read', scannedAt)
    ended('bin')
  },
})
ended('train')
await booster.save(request.model)
ended('save')
writeFileSync(request.phases, JSON.stringify(phases))
