import { quantile, seconds, table } from './markdown.mjs'

/** The name of runs with several faults. */
const storm = 'storm'

/** Counts of a campaign, and the text that tells of them. */
export class Summary {
  nRuns = 0
  nFailed = 0
  #infos
  #faults = {}
  #witnesses = {}
  #longestMs = []
  #skipped = new Map()
  /** By kind, or for storms: what its row of the table is made of. */
  #rows = new Map()

  /** @param infos - `faultInfos` of test/support/cluster-fault-kinds.ts */
  constructor(infos) {
    this.#infos = infos
  }

  /** @param run - `{ outcome, kind, cadence }`; kind null for a storm */
  add({ outcome, kind, cadence }) {
    this.nRuns++
    const hasFailed = outcome.problems.length > 0
    if (hasFailed) this.nFailed++
    const row = this.#rowOf(kind ?? storm)
    row.nRuns++
    row.nFailed += hasFailed ? 1 : 0
    row.nStopped += outcome.hasStopped ? 1 : 0
    row.nFaults += outcome.inflicted.length
    row.nAdopted += outcome.witnesses.partitionsMoved
    for (const { fault } of outcome.inflicted) {
      this.#faults[fault.kind] = (this.#faults[fault.kind] ?? 0) + 1
    }
    for (const [name, count] of Object.entries(outcome.witnesses)) {
      this.#witnesses[name] = (this.#witnesses[name] ?? 0) + count
    }
    if (hasFailed || outcome.inflicted.length === 0) return
    if (!outcome.hasStopped) this.#longestMs.push(cadence.longestMs)
    if (kind === null) return
    if (!outcome.hasStopped) row.stallsMs.push(stallOf(cadence))
    const measured = measure(this.#infos[kind].target.of, outcome, cadence)
    if (measured !== null) row.measured.push(measured)
  }

  skip(kind, reason) {
    this.#skipped.set(kind, reason)
  }

  #rowOf(kind) {
    const known = this.#rows.get(kind)
    if (known !== undefined) return known
    const row = { nRuns: 0, nFailed: 0, nStopped: 0, nFaults: 0, nAdopted: 0, stallsMs: [],
      measured: [] }
    this.#rows.set(kind, row)
    return row
  }

  text() {
    const faults = Object.entries(this.#faults).sort().map(([kind, n]) => `${kind} ${n}`)
    const nFaults = Object.values(this.#faults).reduce((a, b) => a + b, 0)
    const w = this.#witnesses
    const longest = [0.5, 0.95, 1].map((share) => seconds(quantile(this.#longestMs, share)))
    const lines = [
      `${this.nRuns} runs, ${this.nFailed} failed; ${nFaults} faults: ${faults.join(', ')}`,
      `${w.workersLost ?? 0} times a worker was lost, ${w.partitionsMoved ?? 0} partitions ` +
        `adopted, ${w.coordinatorRestarts ?? 0} restarts of a coordinator from its journal, ` +
        `${w.iterationsRedone ?? 0} iterations redone, ${w.workersJoined ?? 0} joins`,
      `longest time between two commits, of each run: ${longest.join(' / ')} (p50 / p95 / max)`,
      '', this.#table(), '',
      'stall: longest time between two commits beyond the usual one. stopped: ended without a',
      'model, with the message that the fault calls for. reached: p95 of what the target is about.',
    ]
    for (const [kind, reason] of this.#skipped) lines.push(`${kind}: skipped: ${reason}`)
    return lines.join('\n')
  }

  #table() {
    const place = (kind) => Object.keys(this.#infos).indexOf(kind)
    const kinds = [...this.#rows.keys()].sort((a, b) => place(a) - place(b))
    return table(
      ['row', 'fault', 'runs', 'failed', 'stopped', 'faults', 'adopted', 'stall p50', 'p95', 'max',
        'target', 'reached'],
      kinds.map((kind) => {
        const row = this.#rows.get(kind)
        const info = this.#infos[kind]
        return [info?.row ?? '-', kind, row.nRuns, row.nFailed, row.nStopped, row.nFaults,
          row.nAdopted, ...[0.5, 0.95, 1].map((share) => seconds(quantile(row.stallsMs, share))),
          info?.target.text ?? 'same bytes', verdict(row, info?.target)]
      }))
  }
}

function stallOf({ longestMs, medianMs }) {
  return Math.max(0, longestMs - medianMs)
}

/** What a run has of what a target is about, or null. See `FaultTarget`. */
function measure(of, outcome, cadence) {
  const [{ fault, at, endedAt, tookMs }] = outcome.inflicted
  if (of === 'took') return tookMs
  if (outcome.hasStopped) return null
  const stallMs = stallOf(cadence)
  switch (of) {
    case 'stall': return stallMs
    case 'rest': return Math.max(0, stallMs - fault.lastsMs)
    case 'iterations': {
      const { longestMs, longestBeforeMs, medianMs } = cadence
      return Math.max(0, longestMs - longestBeforeMs) / medianMs
    }
    case 'lost': return outcome.witnesses.workersLost
    case 'slowdown': {
      const { commits } = outcome.story
      const until = Math.min(endedAt ?? Infinity, commits.at(-1)?.at ?? at)
      const n = commits.filter((commit) => commit.at > at && commit.at <= until).length
      return Math.max(0, (until - at) / (n * cadence.medianMs) - 1)
    }
    default: return null
  }
}

function verdict(row, target) {
  if (row.nFailed > 0) return 'MISSED: runs failed'
  if (row.nFaults === 0) return 'no fault landed'
  if (target?.goesOn === true && row.nStopped > 0) return 'MISSED: stopped with a message'
  if (target === undefined || target.of === 'model') return 'reached'
  if (row.measured.length === 0) return 'not measured'
  const p95 = quantile(row.measured, 0.95)
  const mayBeReached = target.of === 'iterations' || target.of === 'lost'
  const isReached = mayBeReached ? p95 <= target.max : p95 < target.max
  return `${isReached ? 'reached' : 'MISSED'}: ${figure(p95, target.of)}`
}

function figure(value, of) {
  switch (of) {
    case 'iterations': return `${value.toFixed(2)} iterations`
    case 'slowdown': return Number.isFinite(value) ? `${(100 * value).toFixed(0)} %` : 'no commit'
    case 'lost': return `${value} lost`
    default: return seconds(value)
  }
}
