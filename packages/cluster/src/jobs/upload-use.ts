import type { DataSpec } from '../protocol/client-messages.js'

/** What a client brought and no job names yet may be followed by more, and then by the job. */
export const BROUGHT_MS = 24 * 3_600_000
/** After its last job an upload stays for a moment: the next job may want the same rows. */
export const RELEASED_MS = 600_000

const uploadPath = /\/v1\/data\/([0-9a-f]{64})$/

/** Hashes of the uploads that data sets refer to. */
export function uploadsOf(data: readonly DataSpec[]): string[] {
  return data.flatMap(({ inputs }) => inputs.flatMap((input) => {
    const sha256 = uploadPath.exec(input)?.[1]
    return sha256 === undefined ? [] : [sha256]
  }))
}

/**
 * Which uploads are of use: those that a job refers to which has not ended, or may be gone on with,
 * and for a time those that a client asked for. Times are milliseconds since 1970.
 */
export class UploadUse {
  readonly #byJob = new Map<string, readonly string[]>()
  /** Counts where no job refers to an upload: another client may count on it meanwhile. */
  readonly #keptUntil = new Map<string, number>()
  /** There are jobs of which nobody knows what they refer to. */
  #isUnknown = false

  /** A client brought it, or asked whether it is here. */
  brought(sha256: string, now: number): void {
    this.#keptUntil.set(sha256, now + BROUGHT_MS)
  }

  /** A job refers to data. */
  hold(job: string, data: readonly DataSpec[]): void {
    this.#byJob.set(job, uploadsOf(data))
  }

  /** The job has ended, and will not be gone on with. */
  release(job: string, now: number): void {
    for (const sha256 of this.#byJob.get(job) ?? []) {
      const keptUntil = this.#keptUntil.get(sha256) ?? 0
      this.#keptUntil.set(sha256, Math.max(keptUntil, now + RELEASED_MS))
    }
    this.#byJob.delete(job)
  }

  /** A job cannot be read: whatever is there may be its. */
  keepAll(): void {
    this.#isUnknown = true
  }

  /** @param changedAt - when the file was written, where nothing else is known of it */
  isUnused(sha256: string, changedAt: number, now: number): boolean {
    const isHeld = [...this.#byJob.values()].some((held) => held.includes(sha256))
    if (isHeld) return false
    const keptUntil = this.#keptUntil.get(sha256)
    if (keptUntil === undefined) return !this.#isUnknown && now >= changedAt + BROUGHT_MS
    return now >= keptUntil
  }

  /** It goes, from now on: who wants it brings it again. */
  removed(sha256: string): void {
    this.#keptUntil.delete(sha256)
  }
}
