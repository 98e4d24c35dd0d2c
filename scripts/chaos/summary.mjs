/** Counts of a campaign, and the text that tells of them. */
export class Summary {
  nRuns = 0
  nFailed = 0
  #faults = {}
  #witnesses = {}
  /** Of runs with a single fault, by its kind: `{ stallMs, lastsMs }`. */
  #stalls = {}
  #longestMs = []
  #skipped = new Map()

  /** @param stallMs - longest time between commits beyond the usual one; null for a storm */
  add({ outcome, kind, stallMs, longestMs }) {
    this.nRuns++
    if (outcome.problems.length > 0) this.nFailed++
    for (const { fault } of outcome.inflicted) {
      this.#faults[fault.kind] = (this.#faults[fault.kind] ?? 0) + 1
    }
    for (const [name, count] of Object.entries(outcome.witnesses)) {
      this.#witnesses[name] = (this.#witnesses[name] ?? 0) + count
    }
    if (outcome.problems.length > 0) return
    this.#longestMs.push(longestMs)
    if (stallMs === null) return
    const { lastsMs } = outcome.inflicted[0].fault
    ;(this.#stalls[kind] ??= []).push({ stallMs, lastsMs })
  }

  skip(kind, reason) {
    this.#skipped.set(kind, reason)
  }

  text(rows) {
    const faults = Object.entries(this.#faults).sort().map(([kind, n]) => `${kind} ${n}`)
    const nFaults = Object.values(this.#faults).reduce((a, b) => a + b, 0)
    const w = this.#witnesses
    const lines = [
      `${this.nRuns} runs, ${this.nFailed} failed; ${nFaults} faults: ${faults.join(', ')}`,
      `${w.workersLost ?? 0} times a worker was lost, ${w.partitionsMoved ?? 0} partitions ` +
        `adopted, ${w.coordinatorRestarts ?? 0} restarts of a coordinator from its journal, ` +
        `${w.iterationsRedone ?? 0} iterations redone, ${w.workersJoined ?? 0} joins`,
      `longest time between two commits, of each run: ${quantiles(this.#longestMs)}`,
    ]
    const kinds = Object.keys(this.#stalls)
    if (kinds.length > 0) {
      lines.push('', 'longest time between two commits beyond the usual one, for a single fault: ' +
        'p50 / p95 / max,', 'then what is left of it without the duration of the fault', '',
      tableLine('row', 'fault', 'runs', 'stall', 'without the fault'))
    }
    for (const kind of kinds.sort((a, b) => Number(rows[a]) - Number(rows[b]))) {
      const stalls = this.#stalls[kind]
      lines.push(tableLine(rows[kind], kind, stalls.length,
        quantiles(stalls.map(({ stallMs }) => stallMs)),
        quantiles(stalls.map(({ stallMs, lastsMs }) => Math.max(0, stallMs - lastsMs)))))
    }
    for (const [kind, reason] of this.#skipped) lines.push(`${kind}: skipped: ${reason}`)
    return lines.join('\n')
  }
}

function tableLine(row, fault, runs, stall, rest) {
  return `${row.padEnd(5)}${fault.padEnd(22)}${`${runs}`.padStart(5)}   ${stall.padEnd(28)}${rest}`
}

function quantiles(values) {
  if (values.length === 0) return 'none'
  const sorted = [...values].sort((a, b) => a - b)
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]
  return [0.5, 0.95, 1].map((q) => `${(at(q) / 1000).toFixed(2)} s`).join(' / ')
}
