import type { LeafTotals } from '../kernels/candidate.js'
import type { ElectedLeaf } from './elected-leaf.js'
import type { LeafRules, Neighbour } from './leaf-rules.js'
import type { RoundRequest } from './protocol.js'
import type { Reader, Writer } from './request-bytes.js'

/** What requests say of leaves, as bytes: totals, rules, elected features. */

/** Leaves that are looked at by elected features. */
export function writeElected(w: Writer, { elected }: RoundRequest): void {
  w.int(elected === undefined ? -1 : elected.length)
  for (const { node, totals, features, mask, rules } of elected ?? []) {
    w.int(node)
    writeTotals(w, totals)
    w.ints(features)
    w.bytes(mask ?? null)
    w.int(Number(rules !== undefined))
    if (rules !== undefined) writeRules(w, rules)
  }
}

/** What `writeElected` wrote, with the round that it is of. */
export function readElected(r: Reader, request: RoundRequest): RoundRequest {
  const n = r.int()
  if (n < 0) return request
  const elected = r.list(n, 36, (): ElectedLeaf => {
    const leaf = { node: r.int(), totals: readTotals(r), features: r.ints() ?? [] }
    const mask = r.bytes()
    const drawn = mask === null ? leaf : { ...leaf, mask }
    return r.int() === 0 ? drawn : { ...drawn, rules: readRules(r) }
  })
  return { ...request, elected }
}

/** What the scan of a leaf has to know. */
export function writeRules(w: Writer, rules: LeafRules): void {
  for (const value of [rules.min, rules.max, rules.output, rules.monotoneFactor, rules.cost]) {
    w.double(value)
  }
  w.bytes(rules.due)
  w.int(rules.rowCosts === null ? -1 : rules.rowCosts.length)
  for (const value of rules.rowCosts ?? []) w.double(value)
  w.ints(rules.forced === null ? null : [rules.forced.feature, rules.forced.bin])
  w.int(rules.neighbours.length)
  for (const { output, isMin, parts } of rules.neighbours) {
    w.double(output)
    w.int(Number(isMin))
    w.ints(parts)
  }
}

/** What `writeRules` wrote. */
export function readRules(r: Reader): LeafRules {
  const [min, max, output, monotoneFactor, cost] = r.list(5, 8, () => r.double())
  const due = r.bytes()
  const nCosts = r.int()
  const rowCosts = nCosts < 0 ? null
    : Float64Array.from(r.list(nCosts, 8, () => r.double()))
  const forced = r.ints()
  const neighbours = r.list(r.int(), 16, (): Neighbour => ({
    output: r.double(), isMin: r.int() !== 0, parts: r.ints() ?? [],
  }))
  return {
    min: min!, max: max!, output: output!, monotoneFactor: monotoneFactor!, cost: cost!, due,
    rowCosts,
    forced: forced === null ? null : { feature: forced[0]!, bin: forced[1]! },
    neighbours,
  }
}

/** Sums of a leaf. */
export function writeTotals(w: Writer, { gradient, hessian, count }: LeafTotals): void {
  w.long(gradient)
  w.long(hessian)
  w.int(count)
}

/** What `writeTotals` wrote. */
export function readTotals(r: Reader): LeafTotals {
  return { gradient: r.long(), hessian: r.long(), count: r.int() }
}
