/** Seeded models of every kind, valid and with their chain hash, and rows for them. */

import { nClassesOf, nOutputsOf } from '../../src/objective.js'
import type { Feature, MissingType, Model, Objective, Tree } from '../../src/types.js'
import { chainOf } from '../../src/format/chain.js'
import type { ReferenceCell } from '../../src/predict/reference.js'
import { compareUtf8 } from '../../src/text.js'
import { TestRandom } from './random.js'

type NodeArrays = Omit<Tree, 'linear'>

export type MutableTree = { -readonly [K in keyof NodeArrays]: NodeArrays[K][number][] }

/** Thresholds and values come from here too, so that rows hit edges often. */
const EDGES = [0, 1, -1, 1e-35, -1e-35, 2e-35, -2e-35, 1e-36, 5e-324, 0.5, 1e308, -1e308]
const MISSING: readonly MissingType[] = ['none', 'nan', 'zero']

export interface RandomModelOptions {
  readonly nFeatures?: number
  readonly nIterations?: number
  readonly maxLeaves?: number
  readonly objective?: Objective
  /** No categorical features and no NaN-aware ones. */
  readonly plain?: boolean
  /** Words of one large dictionary. */
  readonly nCategoriesMax?: number
}

/** Leaf values on a binary grid, as trainings make them: sums are exact. */
const onGrid = (random: TestRandom) => (random.below(2 ** 20) - 2 ** 19) / 2 ** 20

export function randomModel(seed: number, options: RandomModelOptions = {}): Model {
  const random = new TestRandom(seed)
  const features = Array.from({ length: options.nFeatures ?? 1 + random.below(6) },
    (_, f) => randomFeature(random, f, options))
  const objective = options.objective ?? random.pick<Objective>([
    { name: 'regression' },
    { name: 'binary', sigmoid: random.pick([1, 0.5, 2]) },
    { name: 'multiclass', numClass: 2 + random.below(4) },
    { name: 'multiclassova', numClass: 2 + random.below(4), sigmoid: 1.5 },
    random.pick<Objective>([
      { name: 'regression_sqrt' }, { name: 'huber', alpha: 0.9 }, { name: 'fair', c: 1 },
      { name: 'regression_l1' }, { name: 'quantile', alpha: 0.3 }, { name: 'mape' },
      { name: 'poisson', maxDeltaStep: 0.7 }, { name: 'gamma' },
      { name: 'tweedie', variancePower: 1.5 }, { name: 'cross_entropy' },
      { name: 'cross_entropy_lambda' },
      { name: 'expectile', alpha: 0.2 }, { name: 'pseudo_huber', slope: 2 },
      { name: 'log_cosh' },
      { name: 'custom', source: 'own "loss"', link: random.pick(['identity', 'exp', 'softplus']),
        numClass: 0 },
    ]),
    random.pick<Objective>([{ name: 'focal', gamma: 2, alpha: 0.25 }, { name: 'hinge' }]),
    { name: 'custom', source: 'two', link: 'sigmoid', numClass: 2 },
    { name: 'custom', source: 'more', link: random.pick(['softmax', 'sigmoid']), numClass: 3 },
  ])
  const treesPerIteration = nOutputsOf(objective)
  const nIterations = options.nIterations ?? random.below(6)
  const trees = Array.from({ length: nIterations * treesPerIteration }, () =>
    randomTree(random, features, 1 + random.below(options.maxLeaves ?? 20)))
  return withChain({
    format: 'coppice-model',
    formatVersion: 1,
    objective,
    classes: nClassesOf(objective) === 0 ? null
      : objective.name === 'binary' ? random.pick<readonly [0, 1] | readonly string[]>(
        [[0, 1], ['no', 'yes']])
        : Array.from({ length: nClassesOf(objective) }, (_, k) => k % 2 === 0 ? k : `class ${k}`),
    features,
    treesPerIteration,
    baseScores: Array.from({ length: treesPerIteration }, () => onGrid(random)),
    trees,
    bestIteration: nIterations > 0 && random.below(2) === 0 ? 1 + random.below(nIterations) : null,
    parameters: { learning_rate: 0.1, max_bin: 255, boosting: 'gbdt', eval_at: [1, 3] },
    evaluation: nIterations === 0 ? [] : [{
      dataset: 'valid', metric: 'l2', iterations: [0], values: [random.unit()],
    }],
  })
}

export function withChain(model: Omit<Model, 'chainHash'>): Model {
  return { ...model, chainHash: chainOf(model) }
}

function randomFeature(random: TestRandom, f: number, options: RandomModelOptions): Feature {
  const name = `${random.pick(['age', 'größe', 'a b', '__proto__', 'f"'])}${f || ''}`
  if (options.plain) return { name, kind: 'numeric', missing: 'nan' }
  const kind = random.below(5)
  if (kind < 3) return { name, kind: 'numeric', missing: MISSING[kind]! }
  const n = random.below(random.pick([1, 4, 40, options.nCategoriesMax ?? 40]) + 1)
  if (kind === 3) {
    const words = new Set(Array.from({ length: n }, () =>
      random.pick(['x', 'é', '😀', '\uffff']) + random.below(n * 4)))
    return { name, kind: 'categorical', categories: [...words].sort(compareUtf8) }
  }
  const numbers = new Set(Array.from({ length: n }, () => random.below(n * 4) - n))
  return { name, kind: 'categorical', categories: [...numbers].sort((a, b) => a - b) }
}

function randomTree(random: TestRandom, features: readonly Feature[], nLeaves: number): Tree {
  const tree: MutableTree = {
    splitFeature: [], splitGain: [], threshold: [], leftCategories: [], defaultLeft: [],
    leftChild: [], rightChild: [], nodeValue: [], nodeWeight: [], nodeCount: [],
    leafValue: [onGrid(random)], leafWeight: [1], leafCount: [1],
  }
  const usable = [...features.keys()].filter((f) => {
    const feature = features[f]!
    return feature.kind === 'numeric' || feature.categories.length > 0
  })
  if (usable.length === 0) return tree as unknown as Tree
  /** Where the parent of leaf l points to it: [array, node]. */
  const slots: ([number[], number] | null)[] = [null]
  const isLopsided = random.below(4) === 0
  while (tree.leafValue.length < nLeaves) {
    const leaf = isLopsided ? tree.leafValue.length - 1 : random.below(tree.leafValue.length)
    const node = tree.splitFeature.length
    const other = tree.leafValue.length
    const slot = slots[leaf]
    if (slot) slot[0][slot[1]] = node
    addSplit(random, features, random.pick(usable), tree)
    tree.leftChild.push(~leaf)
    tree.rightChild.push(~other)
    slots[leaf] = [tree.leftChild, node]
    slots.push([tree.rightChild, node])
    tree.leafValue.push(onGrid(random))
    tree.leafWeight.push(random.below(1000) / 8)
    tree.leafCount.push(random.below(1000))
  }
  return tree as unknown as Tree
}

function addSplit(
  random: TestRandom, features: readonly Feature[], f: number, tree: MutableTree,
): void {
  const feature = features[f]!
  const isNumeric = feature.kind === 'numeric'
  tree.splitFeature.push(f)
  tree.threshold.push(isNumeric ? randomNumber(random) : null)
  tree.leftCategories.push(isNumeric ? null : randomCodes(random, feature.categories.length))
  tree.defaultLeft.push(isNumeric && random.below(2) === 0)
  tree.splitGain.push(random.unit() * 100)
  tree.nodeValue.push(onGrid(random))
  tree.nodeWeight.push(random.unit() * 1000)
  tree.nodeCount.push(random.below(10_000))
}

function randomCodes(random: TestRandom, nCategories: number): number[] {
  const keep = random.pick([0.02, 0.5, 1])
  const codes = Array.from({ length: nCategories }, (_, code) => code)
    .filter(() => random.unit() < keep)
  return codes.length > 0 ? codes : [random.below(nCategories)]
}

function randomNumber(random: TestRandom): number {
  return random.below(3) === 0 ? random.pick(EDGES) : random.between(-2, 2)
}

/** Values of all sorts: edges, infinities, missing, known and unseen categories. */
export function randomRow(random: TestRandom, model: Model, missingRatio = 0.15): ReferenceCell[] {
  return model.features.map((feature) => {
    if (random.unit() < missingRatio) return random.below(2) === 0 ? null : NaN
    if (feature.kind === 'numeric') {
      return random.below(20) === 0 ? random.pick([Infinity, -Infinity, -0]) : randomNumber(random)
    }
    const { categories } = feature
    if (categories.length > 0 && random.below(8) > 0) {
      return random.pick<string | number>(categories)
    }
    return typeof categories[0] === 'string' ? 'never seen' : 0.25
  })
}

export function randomRows(
  seed: number, model: Model, nRows: number, missingRatio?: number,
): ReferenceCell[][] {
  const random = new TestRandom(seed)
  return Array.from({ length: nRows }, () => randomRow(random, model, missingRatio))
}
