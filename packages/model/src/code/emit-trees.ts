/**
 * Trees as nested conditions, in words that JavaScript and C++ share: `p` is the row that nodes
 * look at, `x` the same as it came, for linear leaves.
 */

import { openThreshold } from '../predict/forest.js'
import type { Feature, Model, Tree } from '../types.js'

/** How the languages differ. */
export interface Dialect {
  /** The line that a function of `p` and `x` begins with. */
  readonly head: (name: string) => string
  /** A constant set of category codes, ascending. */
  readonly set: (name: string, codes: readonly number[]) => string
}

/** Trees as source text. */
export interface EmittedTrees {
  /** The sets that nodes name, then the functions. */
  readonly text: string
  /** Names of the functions, one per tree. */
  readonly names: readonly string[]
}

/** Deeper nodes are functions of their own: compilers do not like nests without an end. */
const DEPTH_MAX = 40
/** Fewer categories are compared one by one. */
const COMPARED_MAX = 3

/** @param trees - with the index of the first in the model */
export function emitTrees(
  model: Pick<Model, 'features' | 'origin'>, trees: readonly Tree[], dialect: Dialect,
): EmittedTrees {
  const sets = new Map<string, string>()
  const setOf = (codes: readonly number[]): string => {
    const key = codes.join(' ')
    const name = sets.get(key) ?? `S${sets.size}`
    sets.set(key, name)
    return name
  }
  const names = trees.map((_, t) => `tree${t}`)
  const functions = trees.map((tree, t) =>
    new TreeEmitter(model, tree, names[t]!, setOf, dialect).text())
  const constants = Array.from(sets, ([key, name]) =>
    dialect.set(name, key.split(' ').map(Number)))
  return { text: [...constants, ...functions].join('\n'), names }
}

class TreeEmitter {
  readonly #features: readonly Feature[]
  readonly #isFinite: boolean
  readonly #tree: Tree
  readonly #name: string
  readonly #setOf: (codes: readonly number[]) => string
  readonly #dialect: Dialect
  /** Nodes that are functions of their own. */
  readonly #open: number[] = []

  constructor(
    { features, origin }: Pick<Model, 'features' | 'origin'>, tree: Tree, name: string,
    setOf: (codes: readonly number[]) => string, dialect: Dialect,
  ) {
    this.#features = features
    this.#isFinite = origin === undefined
    this.#tree = tree
    this.#name = name
    this.#setOf = setOf
    this.#dialect = dialect
  }

  text(): string {
    const root = this.#tree.splitFeature.length > 0 ? 0 : ~0
    const functions = [this.#function(this.#name, root)]
    for (let node = this.#open.pop(); node !== undefined; node = this.#open.pop()) {
      functions.push(this.#function(`${this.#name}_${node}`, node))
    }
    // C++ wants to know a function before it is called
    return functions.reverse().join('')
  }

  #function(name: string, node: number): string {
    const lines: string[] = []
    this.#add(node, 1, lines)
    return `${this.#dialect.head(name)}\n${lines.join('\n')}\n}\n`
  }

  #add(child: number, depth: number, lines: string[]): void {
    const indent = ' '.repeat(depth)
    if (child < 0) return void lines.push(`${indent}return ${this.#leaf(~child)};`)
    if (depth > DEPTH_MAX) {
      this.#open.push(child)
      return void lines.push(`${indent}return ${this.#name}_${child}(p, x);`)
    }
    lines.push(`${indent}if (${this.#condition(child)}) {`)
    this.#add(this.#tree.leftChild[child]!, depth + 1, lines)
    lines.push(`${indent}} else {`)
    this.#add(this.#tree.rightChild[child]!, depth + 1, lines)
    lines.push(`${indent}}`)
  }

  /** What sends a row left. */
  #condition(node: number): string {
    const f = this.#tree.splitFeature[node]!
    const codes = this.#tree.leftCategories[node]!
    if (codes !== null) {
      return codes.length > COMPARED_MAX ? `has(${this.#setOf(codes)}, p[${f}])`
        : codes.map((code) => `p[${f}] == ${numberText(code)}`).join(' || ')
    }
    const threshold = numberText(openThreshold(this.#tree.threshold[node]!))
    const { missing } = this.#features[f] as { readonly missing: string }
    // missing values are NaN, which no comparison holds for
    return missing !== 'none' && this.#tree.defaultLeft[node]! ? `!(p[${f}] > ${threshold})`
      : `p[${f}] <= ${threshold}`
  }

  #leaf(leaf: number): string {
    const { linear, leafValue } = this.#tree
    const value = numberText(leafValue[leaf]!)
    if (linear === undefined) return value
    const features = linear.features[leaf]!
    const sum = [numberText(linear.constant[leaf]!), ...features.map((f, i) =>
      `${numberText(linear.coefficients[leaf]![i]!)} * x[${f}]`)].join(' + ')
    if (features.length === 0) return sum
    if (this.#isFinite) return `finiteOr(${sum}, ${value})`
    return `${features.map((f) => `isMissing(x[${f}])`).join(' || ')} ? ${value} : ${sum}`
  }
}

/** A double as both languages read it, exactly. */
export function numberText(value: number): string {
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** Features that trees look at, ascending. */
export function usedFeatures(trees: readonly Tree[]): number[] {
  const used = new Set(trees.flatMap(({ splitFeature, linear }) =>
    [...splitFeature, ...(linear?.features.flat() ?? [])]))
  return [...used].sort((a, b) => a - b)
}
