/** Models as modules of JavaScript without any dependency. */

import { isForest } from '../objective.js'
import { validateModel } from '../format/validate.js'
import { ZERO_THRESHOLD } from '../predict/forest.js'
import { type IterationRange, resolveIterations } from '../predict/iterations.js'
import type { Feature, Model } from '../types.js'
import { type Dialect, emitTrees, numberText, usedFeatures } from './emit-trees.js'
import { mathText } from './math-text.js'
import { linkOf } from './model-link.js'

const dialect: Dialect = {
  head: (name) => `function ${name}(p, x) {`,
  set: (name, codes) => `const ${name} = new Set([${codes.join(', ')}]);`,
}

/**
 * Writes a model as an ES module of conditions: `featureNames`, `classes`, `predictRaw(row)`,
 * `predict(row)` and, where there are classes, `predictClass(row)`. A row is a list of values in
 * feature order, or an object by feature name; null, undefined and NaN are missing. Results are
 * bit for bit those of `predictRow`. A text where a number belongs, and a row without a value that
 * is looked at, are errors.
 *
 * The text has some 100 bytes a leaf, and categories as they are: models of up to some
 * hundred thousand leaves load; larger ones are for a predictor, which is faster too.
 *
 * @param options - `iterations` as for a predictor: by default up to `bestIteration`
 * @throws CoppiceError 'MODEL' when the model is not valid, 'PARAMETER' for bad iterations
 */
export function formatJavaScript(
  given: Model, options: { readonly iterations?: IterationRange | undefined } = {},
): string {
  const model = validateModel(given)
  const { features, treesPerIteration: k, classes, baseScores } = model
  const [start, end] = resolveIterations(model, options.iterations)
  const trees = model.trees.slice(start * k, end * k)
  const used = usedFeatures(trees)
  const { text, names } = emitTrees(model, trees, dialect)
  const perOutput = Array.from({ length: k }, (_, output) =>
    names.filter((_name, t) => t % k === output))
  return `// A model of gradient-boosted trees: ${trees.length} trees. Written by Coppice.

/** Names of the features, in the order of rows that are lists. */
export const featureNames = ${JSON.stringify(features.map(({ name }) => name))};

/** Values of the classes in the order of predictions; null where numbers are predicted. */
export const classes = ${JSON.stringify(classes)};

${helpers}
${mathText}
${used.filter((f) => features[f]!.kind === 'categorical')
  .map((f) => categoriesText(features[f]!, f)).join('')}
/** The row as it came: numbers, and codes of categories. */
function encode(row) {
  const cells = cellsOf(row);
  const x = new Float64Array(${features.length}).fill(NaN);
${used.map((f) => `  x[${f}] = ${encodeText(features[f]!, f)};\n`).join('')}  return x;
}

/** The row as nodes look at it: what is missing is NaN. */
function prepare(x) {
  const p = x.slice();
${used.map((f) => prepareText(features[f]!, f)).join('')}  return p;
}

${text}
/**
 * Raw scores, one per output.
 * @param {ArrayLike<unknown> | Record<string, unknown>} row
 * @returns {number[]}
 */
export function predictRaw(row) {
  const x = encode(row);
  const p = prepare(x);
  const scores = [${baseScores.map((score) => numberText(score + 0)).join(', ')}];
${perOutput.map((own, output) => own.map((name) =>
    `  scores[${output}] += ${name}(p, x);\n`).join('')).join('')}  return scores;
}

${predictText(model, end - start)}`
}

const helpers = `/** Values by feature index and name. */
function cellsOf(row) {
  if (Array.isArray(row) || ArrayBuffer.isView(row)) {
    if (row.length === featureNames.length) return (f) => row[f];
    throw new RangeError(\`a row has \${featureNames.length} values, got \${row.length}\`);
  }
  return (f) => {
    if (Object.hasOwn(row, featureNames[f])) return row[featureNames[f]];
    throw new TypeError(\`the row has no \${JSON.stringify(featureNames[f])}\`);
  };
}

function number(cell) {
  if (cell === null || cell === undefined) return NaN;
  if (typeof cell !== 'string') return Number(cell);
  throw new TypeError(\`\${JSON.stringify(cell)} is a text where a number belongs\`);
}

/** The code of a category, or -1. */
function codeOf(codes, cell) {
  return codes.get(typeof cell === 'string' || cell === null || cell === undefined ? cell
    : Number(cell)) ?? -1;
}

function has(set, code) {
  return set.has(code);
}

function isMissing(value) {
  return value !== value;
}

function finiteOr(value, other) {
  return value - value === 0 ? value : other;
}
`

function categoriesText(feature: Feature, f: number): string {
  if (feature.kind === 'numeric') return ''
  const list = JSON.stringify(feature.categories)
  return `const codes${f} = new Map(${list}.map((value, code) => [value, code]));\n`
}

function encodeText(feature: Feature, f: number): string {
  if (feature.kind === 'numeric') return `number(cells(${f}))`
  return feature.truncates === true ? `codeOf(codes${f}, Math.trunc(number(cells(${f}))))`
    : `codeOf(codes${f}, cells(${f}))`
}

function prepareText(feature: Feature, f: number): string {
  if (feature.kind === 'categorical' || feature.missing === 'nan') return ''
  if (feature.missing === 'none') return `  if (isMissing(p[${f}])) p[${f}] = 0;\n`
  return `  if (p[${f}] > -${ZERO_THRESHOLD} && p[${f}] <= ${ZERO_THRESHOLD}) p[${f}] = NaN;\n`
}

function predictText({ objective, classes }: Model, nIterations: number): string {
  const { kind, factor, isBinary } = linkOf(objective)
  const scores = isForest(objective) && nIterations > 0
    ? `predictRaw(row).map((score) => score / ${nIterations})` : 'predictRaw(row)'
  const mapped: Readonly<Record<typeof kind, string>> = {
    identity: '', exp: 'exp(s)', softplus: 'softplus(s)', plainSoftplus: 'log1p(exp(s))',
    signedSquare: 'Math.sign(s) * s * s', step: 's > 0 ? 1 : 0',
    sigmoid: `sigmoid(${factor} * s)`, softmax: '',
  }
  const values = kind === 'softmax' ? `softmax(${scores})`
    : mapped[kind] === '' ? scores : `${scores}.map((s) => ${mapped[kind]})`
  return `${kind === 'softmax' ? softmaxText : ''}/**
 * ${classes === null ? 'What is predicted, one number per output.'
    : 'The probability of each class, or what stands for it.'}
 * @param {ArrayLike<unknown> | Record<string, unknown>} row
 * @returns {number[]}
 */
export function predict(row) {
${isBinary ? `  const [p] = ${values};\n  return [1 - p, p];` : `  return ${values};`}
}
${classes === null ? '' : classText}`
}

const softmaxText = `function softmax(scores) {
  const max = scores.reduce((most, s) => Math.max(most, s), -Infinity);
  const powers = scores.map((s) => exp(s - max));
  const sum = powers.reduce((all, e) => all + e, 0);
  return powers.map((e) => e / sum);
}

`

const classText = `
/**
 * The most probable class, the first of equal ones.
 * @param {ArrayLike<unknown> | Record<string, unknown>} row
 */
export function predictClass(row) {
  const probabilities = predict(row);
  let best = 0;
  for (let k = 1; k < probabilities.length; k++) {
    if (probabilities[k] > probabilities[best]) best = k;
  }
  return classes[best];
}
`
