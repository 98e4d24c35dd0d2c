/** A tree as a drawing for Graphviz: LightGBM's `create_tree_digraph`. */

import { CoppiceError } from '../errors.js'
import { openThreshold } from '../predict/forest.js'
import { describe } from '../text.js'
import type { Model, Tree } from '../types.js'

/** What may stand in a node beside its condition, and in a leaf beside its value. */
export type TreeGraphInfo = 'gain' | 'value' | 'weight' | 'count' | 'percentage'

const infos: readonly TreeGraphInfo[] = ['gain', 'value', 'weight', 'count', 'percentage']

/** How a tree is drawn. */
export interface TreeGraphOptions {
  /** What to say of nodes and leaves, as far as they have it; default nothing more. */
  readonly show?: readonly TreeGraphInfo[] | undefined
  /** Digits behind the point; default 3, null for all. */
  readonly precision?: number | null | undefined
  /** Default horizontal: the root on the left. */
  readonly orientation?: 'horizontal' | 'vertical' | undefined
  /** A set of more categories is shortened; the whole one is the tooltip. Default 10. */
  readonly maxCategoryValues?: number | undefined
}

type Drawing = Required<{ [K in keyof TreeGraphOptions]: Exclude<TreeGraphOptions[K], undefined> }>

/**
 * The text of a graph in the language DOT, which `dot -Tsvg` of Graphviz draws, and pages with
 * its WebAssembly build. Nodes of features with monotone constraints are green (increasing) or red.
 *
 * @param index - of the tree, from 0
 * @throws CoppiceError 'PARAMETER' for a tree that there is not, and wrong options
 */
export function treeGraph(model: Model, index: number, options: TreeGraphOptions = {}): string {
  const tree = model.trees[index]
  if (tree === undefined) {
    throw new CoppiceError('PARAMETER', `tree ${describe(index)} does not exist; the model has ` +
      `${model.trees.length} trees, numbered from 0`)
  }
  const drawing = checked(options)
  const constraints = constraintsOf(model)
  const lines: string[] = []
  const draw = (child: number): string => {
    const name = child >= 0 ? `split${child}` : `leaf${~child}`
    lines.push(child >= 0 ? splitLine(model, tree, child, drawing, constraints)
      : leafLine(tree, ~child, drawing))
    return name
  }
  // a stack, not recursion: a tree may be as deep as it has leaves; below a node comes first
  const stack: { child: number, parent: string | null, answer: string, isDone: boolean }[] =
    [{ child: tree.splitFeature.length === 0 ? ~0 : 0, parent: null, answer: '', isDone: false }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { child, parent, answer } = next
    if (child >= 0 && !next.isDone) {
      const name = `split${child}`
      stack.push({ ...next, isDone: true },
        { child: tree.rightChild[child]!, parent: name, answer: 'no', isDone: false },
        { child: tree.leftChild[child]!, parent: name, answer: 'yes', isDone: false })
      continue
    }
    const name = draw(child)
    if (parent !== null) lines.push(`${parent} -> ${name} [label=${answer} color=black penwidth=1]`)
  }
  if (constraints !== null) lines.push(legend)
  const rankdir = drawing.orientation === 'horizontal' ? 'LR' : 'TB'
  return `digraph {\n\tgraph [nodesep=0.05 rankdir=${rankdir} ranksep=0.3]\n` +
    `${lines.map((line) => `\t${line}\n`).join('')}}\n`
}

function checked(options: TreeGraphOptions): Drawing {
  const { show = [], precision = 3, orientation = 'horizontal', maxCategoryValues = 10 } = options
  const refuse = (name: string, legal: string, value: unknown): never => {
    throw new CoppiceError('PARAMETER',
      `${name} of a drawing must be ${legal}, got ${describe(value)}`)
  }
  const unknown = show.find((info) => !infos.includes(info))
  if (unknown !== undefined) refuse('show', `of ${infos.join(', ')}`, unknown)
  if (precision !== null && !(Number.isInteger(precision) && precision >= 0 && precision <= 100)) {
    refuse('precision', 'null or an integer from 0 to 100', precision)
  }
  if (!['horizontal', 'vertical'].includes(orientation)) {
    refuse('orientation', 'horizontal or vertical', orientation)
  }
  if (!(Number.isInteger(maxCategoryValues) && maxCategoryValues >= 3)) {
    refuse('maxCategoryValues', 'an integer, 3 or more', maxCategoryValues)
  }
  return { show, precision, orientation, maxCategoryValues }
}

/** -1, 0 or 1 per feature; null where there are none. */
function constraintsOf({ origin, parameters }: Model): readonly number[] | null {
  const own = parameters['monotone_constraints']
  const given = origin === undefined ? (Array.isArray(own) ? own.map(Number) : [])
    : origin.monotoneConstraints ?? []
  return given.some((sign) => sign !== 0) ? given : null
}

function leafLine(tree: Tree, leaf: number, { show, precision }: Drawing): string {
  const total = tree.nodeCount[0] ?? tree.leafCount[0]!
  const more = show.map((info) => info === 'gain' || info === 'value' ? ''
    : infoText(info, precision, tree.leafWeight[leaf]!, tree.leafCount[leaf]!, total))
  const value = numberText(tree.leafValue[leaf]!, precision)
  return `leaf${leaf} [label=<leaf ${leaf}: <B>${value}</B>${more.join('')}> ` +
    'color=black fillcolor=white penwidth=1 shape=ellipse style=""]'
}

function infoText(
  info: TreeGraphInfo, precision: number | null, weight: number, count: number, total: number,
): string {
  switch (info) {
    case 'weight': return `<br/>${numberText(weight, precision)} weight`
    case 'count': return `<br/>count: ${count}`
    default: return `<br/>${(count / total * 100).toFixed(2)}% of data`
  }
}

function splitLine(
  { features }: Model, tree: Tree, node: number,
  { show, precision, maxCategoryValues }: Drawing, constraints: readonly number[] | null,
): string {
  const f = tree.splitFeature[node]!
  const feature = features[f]!
  let threshold: string
  let tooltip = ''
  if (feature.kind === 'categorical') {
    const names = tree.leftCategories[node]!.map((code) => String(feature.categories[code]))
    const isLong = names.length > maxCategoryValues
    threshold = (isLong ? [...names.slice(0, 2), '...', names.at(-1)!] : names).join('||')
    if (isLong) tooltip = ` tooltip=${quoted(names.join('||'))}`
  } else threshold = numberText(openThreshold(tree.threshold[node]!), precision)
  const more = show.map((info) => info === 'gain' || info === 'value'
    ? `<br/>${numberText((info === 'gain' ? tree.splitGain : tree.nodeValue)[node]!, precision)} ` +
      info
    : infoText(info, precision, tree.nodeWeight[node]!, tree.nodeCount[node]!, tree.nodeCount[0]!))
  const sign = constraints?.[f] ?? 0
  const fill = sign === 0 ? 'white' : sign > 0 ? '"#ddffdd"' : '"#ffdddd"'
  const operator = feature.kind === 'categorical' ? '=' : '&#8804;'
  return `split${node} [label=<<B>${escaped(feature.name)}</B> ${operator}` +
    `<B>${escaped(threshold)}</B>${more.join('')}> color=black fillcolor=${fill} penwidth=1 ` +
    `shape=rectangle style=${constraints === null ? '""' : 'filled'}${tooltip}]`
}

function numberText(value: number, precision: number | null): string {
  return precision === null || !Number.isFinite(value) ? String(value) : value.toFixed(precision)
}

/** Text within a label, which is a kind of HTML. */
function escaped(text: string): string {
  const names: Readonly<Record<string, string>> =
    { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (char) => names[char]!)
}

function quoted(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`
}

const legend = 'legend [label=<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="4">' +
  '<TR><TD COLSPAN="2"><B>Monotone constraints</B></TD></TR>' +
  '<TR><TD>Increasing</TD><TD BGCOLOR="#ddffdd"></TD></TR>' +
  '<TR><TD>Decreasing</TD><TD BGCOLOR="#ffdddd"></TD></TR></TABLE>> ' +
  'color=white shape=rectangle]'
