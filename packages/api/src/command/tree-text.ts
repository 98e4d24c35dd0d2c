import { CoppiceError, type Model } from '@coppice/model'

/**
 * One tree as indented text: every node with its condition, gain and rows, every leaf with its
 * value.
 * @throws CoppiceError 'PARAMETER' when the model has no such tree
 */
export function treeText(model: Model, index: number): string {
  const tree = model.trees[index]
  if (tree === undefined) {
    throw new CoppiceError('PARAMETER', `tree ${index} does not exist; the model has ` +
      `${model.trees.length} trees, numbered from 0`)
  }
  const lines: string[] = []
  const add = (depth: number, text: string): void => void lines.push('  '.repeat(depth) + text)
  // A stack, not recursion: a tree may be as deep as it has leaves.
  const stack: { child: number, depth: number, side: string }[] = [
    { child: tree.splitFeature.length === 0 ? -1 : 0, depth: 0, side: '' }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { child, depth, side } = next
    if (child < 0) {
      const leaf = ~child
      add(depth, `${side}leaf ${leaf}: ${tree.leafValue[leaf]} (${tree.leafCount[leaf]} rows)`)
      continue
    }
    add(depth, `${side}${conditionText(model, index, child)} ` +
      `(gain ${Number(tree.splitGain[child]!.toPrecision(6))}, ${tree.nodeCount[child]} rows)`)
    stack.push({ child: tree.rightChild[child]!, depth: depth + 1, side: 'no:  ' })
    stack.push({ child: tree.leftChild[child]!, depth: depth + 1, side: 'yes: ' })
  }
  return `${lines.join('\n')}\n`
}

function conditionText({ features, trees }: Model, index: number, node: number): string {
  const tree = trees[index]!
  const feature = features[tree.splitFeature[node]!]!
  if (feature.kind === 'categorical') {
    const names = tree.leftCategories[node]!.map((code) => String(feature.categories[code]))
    const more = names.length > 10 ? `, ... (${names.length} in all)` : ''
    return `${feature.name} in {${names.slice(0, 10).join(', ')}${more}}?`
  }
  const missing = feature.missing === 'none' ? ''
    : tree.defaultLeft[node]! ? ' or missing' : ''
  return `${feature.name} <= ${tree.threshold[node]}${missing}?`
}
