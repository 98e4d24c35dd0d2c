/** What a search writes down, so that it goes on after an end in the middle. */
import { CoppiceError } from '@coppice/model'
import { AppendFile } from '../node/append-file.js'
import { readTextFile } from '../node/text-file.js'
import type { TrialParams } from './space.js'

/** How a trial did, at one rung. */
export interface TrialOutcome {
  /** Its number, from 0. */
  readonly trial: number
  /** 0, or the rung of a successive halving. */
  readonly rung: number
  readonly params: TrialParams
  /**
   * 'done' has a score; 'refused' are parameters that contradict each other, with the message;
   * 'failed' are those with which the data cannot be trained on.
   */
  readonly status: 'done' | 'refused' | 'failed'
  /** The mean of the metric over the folds; null where there is none. */
  readonly score: number | null
  readonly stdv: number | null
  /** 1-based iteration that the score is of; null without a score. */
  readonly iteration: number | null
  readonly message: string | null
}

/** The outcomes of a file, and the file to add more to. */
export class TrialJournal {
  readonly #file: AppendFile | null
  readonly #known = new Map<string, TrialOutcome>()

  private constructor(file: AppendFile | null, known: readonly TrialOutcome[]) {
    this.#file = file
    for (const outcome of known) this.#known.set(keyOf(outcome), outcome)
  }

  /**
   * Opens the journal of a search, or begins it.
   *
   * @param path - undefined: nothing is written down
   * @param key - of the search: outcomes of another one are of no use
   * @throws CoppiceError 'IO' for a file that is something else, or of another search
   */
  static async open(path: string | undefined, key: string): Promise<TrialJournal> {
    if (path === undefined) return new TrialJournal(null, [])
    const { known, keptBytes } = parseJournal(path, await readTextFile(path) ?? '', key)
    const file = await AppendFile.open(path, keptBytes)
    if (keptBytes === 0) {
      await file.add(JSON.stringify({ format: 'coppice-tune', formatVersion: 1, key }))
    }
    return new TrialJournal(file, known)
  }

  /** What is known already of a trial at a rung. */
  find(trial: number, rung: number): TrialOutcome | null {
    return this.#known.get(keyOf({ trial, rung })) ?? null
  }

  async add(outcome: TrialOutcome): Promise<void> {
    await this.#file?.add(JSON.stringify(outcome))
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}

function keyOf({ trial, rung }: Pick<TrialOutcome, 'trial' | 'rung'>): string {
  return `${trial}/${rung}`
}

/** Whole lines; what stands behind the last of them was torn when the writer ended. */
function parseJournal(
  path: string, text: string, key: string,
): { readonly known: TrialOutcome[], readonly keptBytes: number } {
  const kept = text.slice(0, text.lastIndexOf('\n') + 1)
  if (kept === '') {
    const isTorn = '{"format":"coppice-tune"'.startsWith(text.slice(0, 24))
    if (isTorn || text.startsWith('{"format":"coppice-tune"')) return { known: [], keptBytes: 0 }
    throw notAJournal(path)
  }
  const [head, ...lines] = kept.split('\n').slice(0, -1)
    .map((line) => parseLine(path, line)) as readonly Record<string, unknown>[]
  if (head!['format'] !== 'coppice-tune' || head!['formatVersion'] !== 1) throw notAJournal(path)
  if (head!['key'] !== key) {
    throw new CoppiceError('IO', `${path} is of a search with other parameters, another space, other ` +
      'data or folds; name another file, or remove it to begin anew')
  }
  return {
    known: lines as unknown as TrialOutcome[],
    keptBytes: new TextEncoder().encode(kept).length,
  }
}

function parseLine(path: string, line: string): unknown {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    throw notAJournal(path, error)
  }
  throw notAJournal(path)
}

function notAJournal(path: string, cause?: unknown): CoppiceError {
  return new CoppiceError('IO', `${path} is no journal of a search, or it is damaged; name another ` +
    'file, or remove it', { cause })
}
