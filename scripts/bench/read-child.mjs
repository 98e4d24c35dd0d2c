/**
 * Reads all columns of files once, on threads as a training does, and prints what it took: a line
 * of JSON. `process.argv[2]` is {"files", "threads"} as JSON.
 */
import { openRaw, ThreadPool } from '@coppice/data/node'

const { files, threads } = JSON.parse(process.argv[2])

/** Values stay in the threads that decode them, as they do where rows are binned. */
async function readOnThreads(raw) {
  const pool = new ThreadPool(threads, { idleMs: Infinity })
  try {
    const context = raw.context(raw.names)
    const contextId = pool.addContext(pool.addSources(raw.refs), context, null)
    const columns = raw.names.map((_, i) => i)
    await pool.run(contextId, context.partitions.flatMap(({ plan }, partitionIdx) =>
      plan.units.map((unit) => ({ kind: 'types', partitionIdx, unit, columns }))))
  } finally {
    await pool.close()
  }
}

const start = performance.now()
const cpu = process.cpuUsage()
const raw = await openRaw(files)
if (threads > 1) {
  await readOnThreads(raw)
} else {
  for await (const unit of raw.units(raw.names, {})) {
    if (unit.columns.length !== raw.names.length) throw new Error('a column is missing')
  }
}
const wallMs = performance.now() - start
await raw.close()
const { user, system } = process.cpuUsage(cpu)
console.log(JSON.stringify({ rows: raw.nRows, wallMs, cpuMs: (user + system) / 1000 }))
