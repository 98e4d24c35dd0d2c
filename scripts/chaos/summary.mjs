/** Counts of a campaign, and the text that tells of them. */
export class Summary {
  nRuns = 0
  nFailed = 0
  #faults = {}
  #witnesses = {}
  /** Milliseconds beyond the usual time between commits, by kind of the single fault. */
  #stalls = {}
  #longestMs = []
  #skipped = new Map()

  /** @param stallMs - of the only fault of the run, or null where there were several */
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
    if (stallMs !== null) (this.#stalls[kind] ??= []).push(stallMs)
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
      `${w.workersLost ?? 0} times a worker was lost, ${w.partitionsMoved ?? 0} partitions adopted, ` +
        `${w.coordinatorRestarts ?? 0} restarts of a coordinator from its journal, ` +
        `${w.iterationsRedone ?? 0} iterations redone, ${w.workersJoined ?? 0} joins`,
      `longest time between two commits, of each run: ${quantiles(this.#longestMs)}`,
    ]
    const kinds = Object.keys(this.#stalls)
    if (kinds.length > 0) {
      lines.push('', 'stall beyond the usual time between commits, for a single fault:',
        `${'row'.padEnd(5)}${'fault'.padEnd(22)}${'runs'.padStart(5)}   p50 / p95 / max`)
    }
    for (const kind of kinds.sort((a, b) => Number(rows[a]) - Number(rows[b]))) {
      const stalls = this.#stalls[kind]
      lines.push(`${rows[kind].padEnd(5)}${kind.padEnd(22)}${`${stalls.length}`.padStart(5)}   ` +
        quantiles(stalls))
    }
    for (const [kind, reason] of this.#skipped) lines.push(`${kind}: skipped: ${reason}`)
    return lines.join('\n')
  }
}

function quantiles(values) {
  if (values.length === 0) return 'none'
  const sorted = [...values].sort((a, b) => a - b)
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]
  return [0.5, 0.95, 1].map((q) => `${(at(q) / 1000).toFixed(2)} s`).join(' / ')
}
