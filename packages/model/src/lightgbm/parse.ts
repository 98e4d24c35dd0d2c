import { CoppiceError } from '../errors.js'
import { chainOf } from '../format/chain.js'
import { validateModel } from '../format/validate.js'
import { checkTree } from '../format/validate-tree.js'
import { describe } from '../text.js'
import type { LightGBMOrigin, Model, ParameterValue, Tree } from '../types.js'
import { collectFeatures, isAsNone, type TextFeature } from './features.js'
import { field, readInteger, readIntegers, words } from './fields.js'
import { parseObjective } from './objective-line.js'
import { parseTree, type TextTree } from './parse-tree.js'
import { damaged, type Field, readSections, type Section } from './sections.js'

const INT_MAX = 0x7fff_ffff

/**
 * Reads a text model of LightGBM (version v3 or v4), as `Booster.save_model` writes it. Raw
 * scores are the same doubles as LightGBM's; LIGHTGBM.md says where the two differ.
 *
 * Time and memory are proportional to the length of the text.
 * @param text - the text, or its UTF-8 bytes
 * @throws CoppiceError 'MODEL', whatever the input, naming line and field
 */
export function parseLightGBM(text: string | Uint8Array): Model {
  const sections = readSections(typeof text === 'string' ? text
    : new TextDecoder('utf-8').decode(text))
  const { header } = sections
  const { value: version, line: versionLine } = field(header, 'version')
  if (version !== 'v3' && version !== 'v4') {
    throw damaged(versionLine, 'version', 'v3 or v4', version)
  }
  const nFeatures = readInteger(header, 'max_feature_idx', 0, INT_MAX) + 1
  const names = readTexts(header, 'feature_names', nFeatures)
  const infos = readTexts(header, 'feature_infos', nFeatures)
  const treesPerIteration = readInteger(header, 'num_tree_per_iteration', 1, INT_MAX)
  requireTrees(header, sections.trees.length, treesPerIteration)
  const textTrees = sections.trees.map((tree, t) => parseTree(tree, t, nFeatures))
  const features = collectFeatures(names, infos, textTrees, sections.pandasCategories)
  const objective = parseObjective(header.fields.get('objective') ?? null, treesPerIteration,
    header.fields.has('average_output'), alphaOf(sections.parameters))
  const numClass = objective.name === 'binary' ? 2
    : 'numClass' in objective ? objective.numClass : 0
  const plain = features.map(({ feature }) => feature)
  const trees = textTrees.map((tree) => {
    const own = treeOf(tree, features)
    checkTree(own, `LightGBM's Tree=${tree.index} (line ${tree.line})`, plain, true)
    return own
  })
  const model: Omit<Model, 'chainHash'> = {
    format: 'coppice-model',
    formatVersion: 2,
    objective,
    classes: numClass === 0 ? null : Array.from({ length: numClass }, (_, k) => k),
    features: plain,
    treesPerIteration,
    baseScores: new Array<number>(treesPerIteration).fill(0),
    trees,
    bestIteration: null,
    parameters: parametersOf(sections.parameters),
    evaluation: [],
    origin: originOf(header, version, infos, textTrees),
  }
  return validateModel({ ...model, chainHash: chainOf(model) })
}

/** Words of a header field, one per feature. */
function readTexts(header: Section, key: string, nFeatures: number): string[] {
  const { value, line } = field(header, key)
  const texts = words(value)
  if (texts.length === nFeatures) return texts
  throw damaged(line, key, `${nFeatures} words (max_feature_idx + 1)`, `${texts.length} words`)
}

/** A file that lost whole trees is found by the sizes that the header has of them. */
function requireTrees(header: Section, nTrees: number, treesPerIteration: number): void {
  const sizes = header.fields.get('tree_sizes')
  const nSizes = sizes === undefined ? nTrees : words(sizes.value).length
  if (nSizes !== nTrees) {
    throw damaged(sizes!.line, 'tree_sizes', `a size for each of the ${nTrees} trees of the file`,
      `${nSizes} sizes`)
  }
  // Before anything is made for each output.
  if (nTrees % treesPerIteration === 0 && (nTrees > 0 || treesPerIteration <= 1000)) return
  const { line, key } = field(header, 'num_tree_per_iteration')
  throw damaged(line, key, `a divisor of the number of trees (${nTrees})`, treesPerIteration)
}

function originOf(
  header: Section, version: string, infos: readonly string[], trees: readonly TextTree[],
): LightGBMOrigin {
  return {
    library: 'lightgbm', version, labelIndex: readInteger(header, 'label_index', 0, INT_MAX),
    featureInfos: infos,
    monotoneConstraints: header.fields.has('monotone_constraints')
      ? readIntegers(header, 'monotone_constraints', infos.length, [-1, 1]) : null,
    shrinkage: trees.map(({ shrinkage }) => shrinkage),
  }
}

/** Values as numbers where that loses nothing. */
/** The parameter alpha, by default LightGBM's 0.9; null where there are no parameters. */
function alphaOf(lines: readonly Field[]): number | null {
  const { alpha = 0.9 } = parametersOf(lines)
  return lines.length > 0 && typeof alpha === 'number' ? alpha : null
}

function parametersOf(lines: readonly Field[]): Record<string, ParameterValue> {
  const parameters = new Map<string, ParameterValue>()
  for (const { key, value, line } of lines) {
    if (!/^[a-z][a-z0-9_]*$/.test(key)) throw damaged(line, 'a parameter', 'snake_case', key)
    if (parameters.has(key)) throw damaged(line, 'a parameter', 'given once', key)
    const number = Number(value)
    parameters.set(key, Number.isFinite(number) && String(number) === value ? number : value)
  }
  return Object.fromEntries([...parameters].sort(([a], [b]) => a < b ? -1 : 1))
}

function treeOf(tree: TextTree, features: readonly TextFeature[]): Tree {
  const { splits, linear } = tree
  return {
    splitFeature: splits.map(({ feature }) => feature),
    splitGain: tree.splitGain,
    threshold: splits.map(({ left, threshold }) => left !== null ? null
      : Math.min(threshold, Number.MAX_VALUE)),
    leftCategories: splits.map(({ feature, left }) => left === null ? null
      : left.map((category) => codeOf(features[feature]!, category)).sort((a, b) => a - b)),
    defaultLeft: splits.map((split) => {
      const { feature } = features[split.feature]!
      const isSame = feature.kind === 'categorical' || feature.missing === split.missing
      return !isSame && isAsNone(split) ? 0 <= split.threshold : split.defaultLeft
    }),
    leftChild: tree.leftChild,
    rightChild: tree.rightChild,
    nodeValue: tree.nodeValue,
    nodeWeight: tree.nodeWeight,
    nodeCount: tree.nodeCount,
    leafValue: tree.leafValue,
    leafWeight: tree.leafWeight,
    leafCount: tree.leafCount,
    ...(linear === null ? {} : { linear }),
  }
}

function codeOf({ codeOf: codes, feature }: TextFeature, category: number): number {
  const code = codes?.get(category)
  if (code !== undefined) return code
  throw new CoppiceError('INTERNAL',
    `internal error: category ${category} of ${describe(feature.name)} has no code`)
}
