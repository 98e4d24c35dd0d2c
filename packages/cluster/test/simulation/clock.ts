/** Virtual time: what is due happens in order of time, then of planning. */
export class VirtualClock {
  #now = 0
  #planned = 0
  readonly #heap: { readonly at: number, readonly order: number, readonly run: () => void }[] = []

  get now(): number {
    return this.#now
  }

  /** Plans something `delay` ms from now. */
  after(delay: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ at: this.#now + Math.max(0, delay), order: this.#planned++, run })
    let i = heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  /** Lets the next planned thing happen. @returns false when there is none */
  step(): boolean {
    const heap = this.#heap
    const next = heap[0]
    if (next === undefined) return false
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      let i = 0
      for (;;) {
        const left = 2 * i + 1
        const right = left + 1
        let least = i
        if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
        if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right
        if (least === i) break
        ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
        i = least
      }
    }
    this.#now = next.at
    next.run()
    return true
  }
}

function isBefore(
  a: { readonly at: number, readonly order: number },
  b: { readonly at: number, readonly order: number },
): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}
