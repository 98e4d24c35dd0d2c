import {
  PROTOCOL_VERSION, type Hello, type Reject, type WorkerState,
} from '../protocol/messages.js'

/** Aspects of a worker that are put right when a beat shows them wrong. */
export type Aspect = 'job' | 'setup' | 'hold' | 'log' | 'answers' | 'tasks'

/** A worker that is in. */
export interface Member {
  readonly name: string
  readonly incarnation: string
  readonly nThreads: number
  readonly memoryBytes: number
  /** Null while the connection is lost, for the grace period. */
  link: number | null
  lastHeard: number
  closedAt: number
  closeReason: string
  /** Why it cannot go on, in its own words. */
  lastWords: string | null
  state: WorkerState
  /** When each aspect was last sent: what is on its way is not sent again. */
  readonly sentAt: Map<Aspect, number>
}

/** Whether a member that is lost probably died: who fell silent may live on, others said why. */
export function hasDied({ link, state, lastWords }: Member): boolean {
  return link === null && !state.isDraining && lastWords === null
}

export interface MemberTimes {
  readonly leaseMs: number
  /** How long a worker whose connection broke may take to come back. */
  readonly graceMs: number
}

/** What became of a hello. */
export type Admission =
  | { readonly kind: 'rejected', readonly reject: Reject }
  | { readonly kind: 'joined' | 'returned', readonly member: Member,
    /** Link of an older process, or connection, of the same name. */
    readonly replaced: number | null,
    /** The older process, whose stores are gone. */
    readonly lost: Member | null }

/** Who is in: names, connections, leases. */
export class Members {
  readonly #build: string
  readonly #times: MemberTimes
  readonly #byName = new Map<string, Member>()

  constructor(build: string, times: MemberTimes) {
    this.#build = build
    this.#times = times
  }

  /** All members, ordered by name. */
  all(): Member[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  get size(): number {
    return this.#byName.size
  }

  get(name: string): Member | undefined {
    return this.#byName.get(name)
  }

  byLink(link: number): Member | undefined {
    return [...this.#byName.values()].find((member) => member.link === link)
  }

  /** A hello: lets the worker in, or says why not. */
  admit(link: number, hello: Hello, now: number): Admission {
    const reject = this.#refusal(hello)
    if (reject !== null) return { kind: 'rejected', reject }
    const old = this.#byName.get(hello.worker)
    const isSame = old?.incarnation === hello.incarnation
    const member: Member = {
      name: hello.worker,
      incarnation: hello.incarnation,
      nThreads: hello.nThreads,
      memoryBytes: hello.memoryBytes,
      link,
      lastHeard: now,
      closedAt: 0,
      closeReason: '',
      lastWords: null,
      state: hello.state,
      sentAt: new Map(),
    }
    this.#byName.set(member.name, member)
    return {
      kind: isSame ? 'returned' : 'joined',
      member,
      replaced: old === undefined || old.link === link ? null : old.link,
      lost: old === undefined || isSame ? null : old,
    }
  }

  #refusal({ protocol, build, worker }: Hello): Reject | null {
    const reject = (code: Reject['code'], reason: string): Reject =>
      ({ type: 'reject', code, reason, retry: false })
    if (protocol !== PROTOCOL_VERSION) {
      return reject('version', `worker "${worker}" speaks protocol ${protocol}, this coordinator ` +
        `${PROTOCOL_VERSION}; install the same release of Coppice on both machines`)
    }
    if (build !== this.#build) {
      return reject('build', `worker "${worker}" is build ${build}, this coordinator ` +
        `${this.#build}: their models could differ; install the same release on both machines`)
    }
    if (!/^[A-Za-z0-9._:@-]{1,64}$/.test(worker)) {
      return reject('name', `the worker name ${JSON.stringify(worker.slice(0, 80))} is not made ` +
        'of 1 to 64 letters, digits and . _ : @ -; give another with --name')
    }
    return null
  }

  heard(member: Member, now: number): void {
    member.lastHeard = now
  }

  /** A connection broke; its worker has the grace period to come back. */
  closed(link: number, reason: string, now: number): void {
    const member = this.byLink(link)
    if (member === undefined) return
    member.link = null
    member.closedAt = now
    member.closeReason = member.lastWords ?? reason
  }

  /** Removes and returns the members that are lost by now, with the reason. */
  expire(now: number): { member: Member, reason: string }[] {
    const { leaseMs, graceMs } = this.#times
    const lost: { member: Member, reason: string }[] = []
    for (const member of this.all()) {
      const silent = now - member.lastHeard
      const isGone = member.link === null && now - member.closedAt >= graceMs
      if (!isGone && silent < leaseMs) continue
      this.#byName.delete(member.name)
      const reason = member.link === null
        ? member.closeReason
        : `nothing was heard from it for ${Math.round(silent)} ms`
      lost.push({ member, reason })
    }
    return lost
  }

  remove(member: Member): void {
    if (this.#byName.get(member.name) === member) this.#byName.delete(member.name)
  }

  /** When `expire` may next find somebody lost. */
  nextExpiry(): number {
    const { leaseMs, graceMs } = this.#times
    return Math.min(Infinity, ...[...this.#byName.values()].map((member) =>
      member.link === null
        ? Math.min(member.closedAt + graceMs, member.lastHeard + leaseMs)
        : member.lastHeard + leaseMs))
  }
}
