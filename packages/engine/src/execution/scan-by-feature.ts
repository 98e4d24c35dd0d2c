import type { Arena } from '../kernels/arena.js'
import type { LeafRules } from './leaf-rules.js'
import type { FeatureLayout } from './protocol.js'
import type { RulesTable } from './rules-table.js'

/** What scans of one feature after the other work with. */
export interface FeatureScans {
  readonly arena: Arena
  /** Offset and bytes of the candidate that a scan leaves. */
  readonly candidate: number
  readonly candidateBytes: number
  readonly table: RulesTable
  readonly layouts: readonly FeatureLayout[]
  /** Scans a feature alone. */
  readonly scan: (feature: number) => void
}

/**
 * The best split of a leaf that neighbours bound in part, as a candidate at `at`: each feature by
 * itself, with bounds by threshold where it is numeric.
 *
 * @param features - ascending
 */
export function scanByFeature(
  { arena, candidate, candidateBytes, table, layouts, scan }: FeatureScans,
  features: Iterable<number>, rules: LeafRules, target: Uint8Array, at: number,
): void {
  let best = -Infinity
  target.fill(255, at + 8, at + 12)
  for (const f of features) {
    if (layouts[f]!.isCategorical) table.write(boundAsAWhole(rules))
    else {
      table.write(rules)
      table.writeBounds(f, rules)
    }
    scan(f)
    const view = arena.view()
    const gain = view.getFloat64(candidate, true)
    if (view.getInt32(candidate + 8, true) < 0 || gain <= best) continue
    best = gain
    target.set(arena.bytes(candidate, candidateBytes), at)
  }
}

/** Both sides bounded by all neighbours, whatever they have in common with them. */
function boundAsAWhole(rules: LeafRules): LeafRules {
  const { neighbours } = rules
  const outputs = (isMin: boolean): number[] =>
    neighbours.filter((other) => other.isMin === isMin).map(({ output }) => output)
  return {
    ...rules,
    min: Math.max(rules.min, ...outputs(true)),
    max: Math.min(rules.max, ...outputs(false)),
  }
}
