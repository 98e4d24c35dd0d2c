import {
  bucketRange, histogramsOf, isSelectingRows, type RootRequest, type RoundRequest, SELECT_ENTRY,
  SELECT_LOGARITHMIC, type SelectGroup, type SelectPart, type SelectRequest, SELECT_TIES,
} from '@coppice/engine'

/** What a store told of a node last: its rows by bucket. */
interface Told {
  readonly group: SelectGroup
  readonly rows: ReadonlyMap<number, number>
}

/**
 * Looks for what is wrong with one store's selections by themselves. A search narrows a range down
 * bucket by bucket, so each answer is about as many rows as the store told of the bucket before;
 * the first is about all rows of the node, of which there are as many as in its histograms. Knows
 * what it was shown, of one tree at a time. O(entries).
 */
export class SelectionInspector {
  /** By store and node. */
  readonly #told = new Map<string, Told>()
  readonly #nodeRows = new Map<string, number>()

  /** Another tree begins. */
  clear(): void {
    this.#told.clear()
    this.#nodeRows.clear()
  }

  /**
   * Takes in what a store's histograms tell of the rows of nodes.
   *
   * @param rowsOf - of a histogram of the request; null where it is not known yet
   */
  learn(
    store: number, request: RootRequest | RoundRequest,
    rowsOf: (histogram: number) => number | null,
  ): void {
    for (const [histogram, node] of histogramsOf(request).entries()) {
      const rows = rowsOf(histogram)
      if (rows === null) continue
      this.#nodeRows.set(keyOf(store, node), rows)
      if (request.kind === 'root') continue
      const cut = request.expansions.find(({ left, right }) => left === node || right === node)
      const all = cut === undefined ? undefined : this.#nodeRows.get(keyOf(store, cut.parent))
      if (cut === undefined || all === undefined) continue
      this.#nodeRows.set(keyOf(store, cut.left === node ? cut.right : cut.left), all - rows)
    }
  }

  /** What is wrong with a store's part, or null. @param part - one that `selectPartFault` passed */
  inspect(store: number, { groups }: SelectRequest, part: SelectPart): string | null {
    let at = 0
    for (const group of groups) {
      const end = at + 1 + SELECT_ENTRY * part[at]!
      const rows = rowsByPlace(group, part.subarray(at + 1, end))
      at = end
      const key = keyOf(store, group.node)
      const found = [...rows.values()].reduce((sum, n) => sum + n, 0)
      const expected = this.#expected(key, group)
      if (!isSelectingRows(group)) this.#told.set(key, { group, rows })
      if (expected !== null && found !== expected) {
        return `${found} rows of node ${group.node} have residuals from ${group.low} to ` +
          `${group.high}, but there were ${expected}`
      }
    }
    return null
  }

  /** Rows that a store should tell of a group; null where nobody knows. */
  #expected(key: string, group: SelectGroup): number | null {
    // a search begins with all residuals, in buckets of growing width
    if (group.width === SELECT_LOGARITHMIC) return this.#nodeRows.get(key) ?? null
    const told = this.#told.get(key)
    const isAgain = told?.group.width === group.width && told.group.low === group.low
    if (told === undefined || isAgain) return null
    let rows = 0
    for (const [bucket, n] of told.rows) {
      const { low, high } = bucketRange(told.group, bucket)
      if (low === group.low && high === group.high) rows = n
    }
    return isSelectingRows(group) && group.low === group.high ? Math.min(SELECT_TIES, rows) : rows
  }
}

/** By bucket, or of rows by residual; of those in the range. */
function rowsByPlace(group: SelectGroup, entries: SelectPart): Map<number, number> {
  const rows = new Map<number, number>()
  for (let i = 0; i < entries.length; i += SELECT_ENTRY) {
    const place = entries[i]!
    if (!isSelectingRows(group)) rows.set(place, entries[i + 1]!)
    else if (place >= group.low && place <= group.high) rows.set(place, (rows.get(place) ?? 0) + 1)
  }
  return rows
}

function keyOf(store: number, node: number): string {
  return `${store} ${node}`
}
