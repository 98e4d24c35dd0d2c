/** What a run has to reach for its row of the fault matrix of the design. */
export interface FaultTarget {
  /** As the matrix has it. */
  readonly text: string
  /**
   * What is measured against `max`. 'stall': the longest time between two commits beyond the usual
   * one, in ms. 'rest': what is left of it without the duration of the fault, in ms. 'took': how
   * long what the row is about took (a refusal, a start), in ms. 'iterations': by how much the
   * longest time between two commits exceeds the longest one before, in usual iterations.
   * 'slowdown': time beyond the usual one while the fault lasts, as a share of it. 'lost': workers
   * given up. 'model': nothing but that the run ends as it should.
   */
  readonly of: 'stall' | 'rest' | 'took' | 'iterations' | 'slowdown' | 'lost' | 'model'
  /** The 95th percentile must be below it; of 'iterations' and 'lost' it may be reached. */
  readonly max: number
  /** A stop, however clear, misses it. */
  readonly goesOn?: true
}

export interface FaultKindInfo {
  /** Row of the fault matrix, or '-'. */
  readonly row: string
  readonly target: FaultTarget
  /** From and to, in ms. Leases of 3 s are outlasted by some and not by others. */
  readonly lastsMs: readonly [number, number]
  /** Not drawn for storms: it needs more than processes and proxies, or ends the training. */
  readonly isOnRequest?: true
  /** It concerns one worker. */
  readonly isOfOneWorker?: true
  /** It passes through proxies between the processes. */
  readonly isOfLinks?: true
  /** It needs programs that are fitted for it: see cluster-preload.ts. */
  readonly isInside?: true
  /**
   * Words with which a training ends that cannot have a model: the run must end so, or may.
   */
  readonly message?: { readonly pattern: RegExp, readonly must: boolean }
}

const anyModel: FaultTarget = { text: 'same bytes', of: 'model', max: 0 }
const stall = (seconds: number, more = ''): FaultTarget =>
  ({ text: `< ${seconds} s${more}`, of: 'stall', max: seconds * 1000 })
const rest = (seconds: number, what: string): FaultTarget =>
  ({ text: `${what} + < ${seconds} s`, of: 'rest', max: seconds * 1000 })
const ofOne = { isOfOneWorker: true } as const
const ofLinks = { isOfLinks: true } as const
const onRequest = { isOnRequest: true } as const
const inside = { isInside: true } as const

/** All kinds, in the order of the matrix. */
const table = {
  'kill-worker': { row: '1', target: stall(5, ' + fetch'), lastsMs: [0, 3000], ...ofOne },
  'kill-workers-in-turn': { row: '2', target: stall(5, ' + fetch'), lastsMs: [200, 1000] },
  'kill-all-but-one': { row: '3', target: stall(10, ' + fetch'), lastsMs: [200, 3000] },
  'kill-coordinator': { row: '4', target: stall(8), lastsMs: [0, 3000] },
  'lose-journal': { row: '5', target: stall(15), lastsMs: [0, 1000], ...onRequest },
  'kill-all': { row: '6', target: { ...anyModel, text: 'restart + load' }, lastsMs: [0, 2000] },
  'stop-worker': { row: '7', target: stall(5), lastsMs: [300, 10_000], ...ofOne },
  'stop-coordinator': { row: '8', target: rest(2, 'pause'), lastsMs: [300, 8000] },
  'black-hole': { row: '9', target: stall(5), lastsMs: [500, 8000], ...ofOne, ...ofLinks },
  'black-hole-one-way': { row: '9', target: stall(5), lastsMs: [500, 8000], ...ofOne, ...ofLinks },
  'cut-all': { row: '10', target: rest(6, 'cut'), lastsMs: [0, 6000], ...ofLinks },
  'reset-links': { row: '11', target: { text: '< 30 % slowdown', of: 'slowdown', max: 0.3 },
    lastsMs: [3000, 8000], ...ofLinks },
  'delay': { row: '12', target: { text: 'no false expulsion', of: 'lost', max: 0 },
    lastsMs: [2000, 8000], ...ofOne, ...ofLinks },
  'slow-worker': { row: '13', target: { ...anyModel, text: 'its partitions move' },
    lastsMs: [5000, 15_000], ...ofOne },
  'corrupt': { row: '14', target: stall(1), lastsMs: [0, 0], ...ofOne, ...ofLinks },
  'change-file': { row: '15', target: { ...anyModel, text: 'clear stop' }, lastsMs: [0, 1000],
    ...ofOne, ...onRequest,
    message: { pattern: /part-\d+\.\w+.*(changed|not what it was|damaged|hash)/is, must: true } },
  'change-copy': { row: '15', target: { ...anyModel, text: 'other copy used, else clear stop' },
    lastsMs: [0, 1000], ...ofOne, ...onRequest,
    // Nothing but a manifest says who of two that disagree has the right rows.
    message: { pattern: /part-\d+\.\w+ is not what it was/is, must: false } },
  'tear-journal': { row: '16', target: { text: 'start < 2 s', of: 'took', max: 2000 },
    lastsMs: [0, 500] },
  'truncate-journal': { row: '16', target: { text: 'start < 2 s', of: 'took', max: 2000 },
    lastsMs: [0, 500] },
  'flip-journal': { row: '16',
    target: { text: 'start < 2 s, tail lost', of: 'took', max: 2000, goesOn: true },
    lastsMs: [0, 500], ...onRequest,
    message: { pattern: /journal.*(is damaged at byte|is not a journal)/is, must: false } },
  'disk-full': { row: '17', target: { ...anyModel, text: 'pause, resume' }, lastsMs: [1000, 4000],
    ...onRequest },
  'die-loading': { row: '18', target: stall(15, ' (3 deaths)'), lastsMs: [0, 0], ...ofOne,
    ...inside },
  'always-die-loading': { row: '18', target: { ...anyModel, text: 'given up' }, lastsMs: [0, 0],
    ...onRequest, ...inside,
    message: { pattern: /\d workers in a row were lost while they (loaded|read) .*part-/is,
      must: true } },
  'join': { row: '19', target: { text: 'no stall > 1 round', of: 'iterations', max: 1 },
    lastsMs: [0, 0] },
  'drain': { row: '20', target: { text: '< 1 round', of: 'iterations', max: 1 },
    lastsMs: [200, 3000], ...ofOne },
  'same-name': { row: '21', target: { ...anyModel, text: 'older told to exit' }, lastsMs: [0, 0],
    ...ofOne },
  'second-coordinator': { row: '22', target: { text: 'loser exits < 6 s', of: 'took', max: 6000 },
    lastsMs: [0, 0] },
  'old-coordinator': { row: '22', target: { ...anyModel, text: 'survivor finishes' },
    lastsMs: [0, 2000], ...onRequest, ...ofLinks },
  'strangers': { row: '23', target: { text: 'refused < 1 s', of: 'took', max: 1000 },
    lastsMs: [1000, 4000] },
  'clock-jump': { row: '24', target: { text: '0', of: 'iterations', max: 1 },
    lastsMs: [500, 3000], ...inside },
  'throttle': { row: '-', target: anyModel, lastsMs: [2000, 6000], ...ofOne, ...ofLinks },
  'cut-client': { row: '-', target: anyModel, lastsMs: [0, 0], ...ofLinks },
} as const satisfies Readonly<Record<string, FaultKindInfo>>

export type FaultKind = keyof typeof table

/** What can be done to a cluster, with its row in the fault matrix of the design. */
export const faultInfos: Readonly<Record<FaultKind, FaultKindInfo>> = table

export const faultKinds = Object.keys(table) as readonly FaultKind[]
