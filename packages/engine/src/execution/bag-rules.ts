/** Which rows a tree is grown on. Draws are `rowDraw(hashStart, global row id)`. */
export type BagRule = RowBag | ClassBag | QueryBag | GossBag

/** Those whose draw is below `limit`. */
export interface RowBag {
  readonly kind: 'rows'
  readonly hashStart: number
  readonly limit: number
}

/** Those whose draw is below the limit of their class. */
export interface ClassBag {
  readonly kind: 'classes'
  readonly hashStart: number
  /** Of label 0. */
  readonly limitNegative: number
  /** Of all others. */
  readonly limitPositive: number
}

/** Those of queries whose first row has a draw below `limit`. */
export interface QueryBag {
  readonly kind: 'queries'
  readonly hashStart: number
  readonly limit: number
}

/**
 * Those whose key is at least `threshold`; of the others those whose draw is below `limit`, with
 * gradients and hessians multiplied by `factor`.
 */
export interface GossBag {
  readonly kind: 'goss'
  readonly hashStart: number
  readonly threshold: number
  readonly limit: number
  readonly factor: number
}
