/**
 * The oracle of linear leaves, in plain f64 and without a solver: at the minimum of a leaf's
 *
 *     sum of g f(x) + h f(x)^2 / 2 over its rows + lambda / 2 x the sum of its squared coefficients
 *
 * the derivatives by the constant and by every coefficient are 0, whichever way it was found.
 */
import { resolveParams } from '@coppice/engine'
import { createPredictor, type Model, sigmoid, type Tree } from '@coppice/model'
import type { RawDataset } from './raw-values.js'

/** What an audit of linear leaves found, over all trees. */
export interface LinearAudit {
  /** Leaves that are fitted, those that are constant, and rows in leaves that lack a value. */
  readonly nFitted: number
  readonly nConstant: number
  readonly nMissing: number
  /** Worst of |derivative| / the sum of the magnitudes of what it is a sum of. */
  readonly worstDerivative: number
}

interface Derivatives {
  readonly g: Float64Array
  readonly h: Float64Array
}

/**
 * Audits the trees of a model that was trained without drawing rows, each on the scores of those
 * before it, for regression and binary.
 *
 * @throws Error where a leaf has features that are not on its path, or is constant without reason
 */
export function auditLinearLeaves(
  params: Readonly<Record<string, unknown>>, { data, rows }: RawDataset, model: Model,
): LinearAudit {
  const { linearLambda, learningRate } = resolveParams(params)
  const audit = { nFitted: 0, nConstant: 0, nMissing: 0, worstDerivative: 0 }
  model.trees.forEach((tree, t) => {
    if (tree.linear === undefined) {
      if (t > 0 && tree.leafValue.length > 1) throw new Error(`tree ${t} is not linear`)
      return
    }
    const derivatives = derivativesOf(model, rows, data.label!, data.weight, t)
    const leaves = createPredictor(model, { iterations: [t, t + 1] }).predictLeaves(rows)
    tree.leafValue.forEach((value, leaf) => {
      const own = [...leaves.keys()].filter((row) => leaves[row] === leaf)
      const path = pathOf(model, tree, leaf)
      const whole = own.filter((row) => path.every((f) => rows[row]![f] !== null))
      audit.nMissing += own.length - whole.length
      if (tree.linear!.features[leaf]!.some((f) => !path.includes(f))) {
        throw new Error(`leaf ${leaf} of tree ${t} has a feature that is not on its path`)
      }
      if (whole.length <= path.length) {
        audit.nConstant++
        if (tree.linear!.constant[leaf] !== value || tree.linear!.features[leaf]!.length > 0) {
          throw new Error(`leaf ${leaf} of tree ${t} has too few rows for what it is`)
        }
        return
      }
      audit.nFitted++
      const worst = worstOf(tree, leaf, path, whole, rows, derivatives,
        { lambda: linearLambda, rate: learningRate })
      audit.worstDerivative = Math.max(audit.worstDerivative, worst)
    })
  })
  return audit
}

/** Gradients and hessians before tree t. */
function derivativesOf(
  model: Model, rows: RawDataset['rows'], label: Float64Array, weight: Float64Array | null,
  t: number,
): Derivatives {
  const scores = createPredictor(model, { iterations: [0, t] }).predictRaw(rows)
  const isBinary = model.objective.name === 'binary'
  const g = new Float64Array(rows.length)
  const h = new Float64Array(rows.length)
  for (let row = 0; row < rows.length; row++) {
    const w = weight?.[row] ?? 1
    const p = isBinary ? sigmoid(scores[row]!) : scores[row]!
    g[row] = (p - label[row]!) * w
    h[row] = (isBinary ? p * (1 - p) : 1) * w
  }
  return { g, h }
}

/** Numeric features on the way to a leaf. */
function pathOf(model: Model, tree: Tree, leaf: number): number[] {
  const path = new Set<number>()
  let child = ~leaf
  for (let node = tree.leftChild.length - 1; node >= 0; node--) {
    if (tree.leftChild[node] !== child && tree.rightChild[node] !== child) continue
    const f = tree.splitFeature[node]!
    if (model.features[f]!.kind === 'numeric') path.add(f)
    child = node
  }
  return [...path]
}

function worstOf(
  { linear }: Tree, leaf: number, path: readonly number[], own: readonly number[],
  rows: RawDataset['rows'], { g, h }: Derivatives,
  { lambda, rate }: { readonly lambda: number, readonly rate: number },
): number {
  const features = linear!.features[leaf]!
  const coefficients = linear!.coefficients[leaf]!
  const x = (row: number, f: number): number => Number(rows[row]![f])
  const slopes = own.map((row) => {
    const output = features.reduce((sum, f, i) => sum + coefficients[i]! * x(row, f),
      linear!.constant[leaf]!)
    return g[row]! + h[row]! * output / rate
  })
  const scale = (f: number | null): number => own.reduce((sum, row, i) =>
    sum + (Math.abs(slopes[i]!) + Math.abs(g[row]!)) * Math.abs(f === null ? 1 : x(row, f)), 0)
  const derivative = (f: number | null): number => {
    const at = f === null ? -1 : features.indexOf(f)
    const penalty = at < 0 ? 0 : lambda * coefficients[at]! / rate
    return own.reduce((sum, row, i) => sum + slopes[i]! * (f === null ? 1 : x(row, f)), penalty)
  }
  return Math.max(...[null, ...path].map((f) =>
    Math.abs(derivative(f)) / Math.max(1e-300, scale(f))))
}
