import type { Link, LinkClose } from '../../src/transport/index.js'

/** Listens to a link and keeps what it hears. */
export class LinkRecorder {
  readonly link: Link
  readonly payloads: Uint8Array[] = []
  close: LinkClose | null = null
  nDrains = 0
  /** Called with each payload, before it is waited for. */
  onPayload: ((payload: Uint8Array) => void) | null = null
  readonly #waiting: { readonly isMet: () => boolean, readonly resolve: () => void }[] = []

  constructor(link: Link) {
    this.link = link
    link.listen({
      onPayload: (payload) => {
        if (this.close !== null) throw new Error('a payload came after the end')
        this.payloads.push(payload)
        this.onPayload?.(payload)
        this.#check()
      },
      onClose: (close) => {
        if (this.close !== null) throw new Error('the end came twice')
        this.close = close
        this.#check()
      },
      onDrain: () => {
        this.nDrains++
        this.#check()
      },
    })
  }

  /** Resolves when so many payloads have come in all. */
  async received(nPayloads: number): Promise<readonly Uint8Array[]> {
    await this.until(() => this.payloads.length >= nPayloads)
    return this.payloads
  }

  async closed(): Promise<LinkClose> {
    await this.until(() => this.close !== null)
    return this.close!
  }

  /** Resolves when the condition holds after an event of the link. */
  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return
    await new Promise<void>((resolve) => this.#waiting.push({ isMet, resolve }))
  }

  /** Payloads as texts. */
  get texts(): string[] {
    return this.payloads.map((payload) => Buffer.from(payload).toString())
  }

  #check(): void {
    for (const entry of [...this.#waiting]) {
      if (!entry.isMet()) continue
      this.#waiting.splice(this.#waiting.indexOf(entry), 1)
      entry.resolve()
    }
  }
}
