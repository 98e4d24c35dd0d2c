/** Frames that wait to be sent: urgent ones first, each kind in its order. */
export class FrameQueue {
  #ordinary: Uint8Array[] = []
  #urgent: Uint8Array[] = []
  /** Index of the first waiting frame; those before it are gone. */
  #firstOrdinary = 0
  #firstUrgent = 0
  #bytes = 0

  /** Bytes of all waiting frames. */
  get bytes(): number {
    return this.#bytes
  }

  push(frames: readonly Uint8Array[], isUrgent: boolean): void {
    for (const frame of frames) {
      (isUrgent ? this.#urgent : this.#ordinary).push(frame)
      this.#bytes += frame.length
    }
  }

  /** Takes the next frame out, or gives null. Amortised O(1). */
  next(): Uint8Array | null {
    const isUrgent = this.#firstUrgent < this.#urgent.length
    const frames = isUrgent ? this.#urgent : this.#ordinary
    const first = isUrgent ? this.#firstUrgent : this.#firstOrdinary
    const frame = frames[first]
    if (frame === undefined) return null
    this.#bytes -= frame.length
    if (isUrgent) this.#firstUrgent = trim(frames, first + 1)
    else this.#firstOrdinary = trim(frames, first + 1)
    return frame
  }

  clear(): void {
    this.#ordinary = []
    this.#urgent = []
    this.#firstOrdinary = 0
    this.#firstUrgent = 0
    this.#bytes = 0
  }
}

/** Drops frames that are gone once they are many, or all; gives the new first index. */
function trim(frames: Uint8Array[], first: number): number {
  if (first < frames.length && first < 64) return first
  frames.splice(0, first)
  return 0
}
