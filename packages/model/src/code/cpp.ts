/** Models as C++ without any dependency: LightGBM's `task = convert_model`. */

import { validateModel } from '../format/validate.js'
import { isForest } from '../objective.js'
import { ZERO_THRESHOLD } from '../predict/forest.js'
import { type IterationRange, resolveIterations } from '../predict/iterations.js'
import { nProbabilities } from '../predict/link.js'
import type { Feature, Model } from '../types.js'
import { type Dialect, emitTrees, numberText, usedFeatures } from './emit-trees.js'
import { linkOf, type ModelLink } from './model-link.js'

const dialect: Dialect = {
  head: (name) => `static double ${name}(const double* p, const double* x) {`,
  set: (name, codes) => `static const double ${name}[] = {${codes.map(numberText).join(', ')}};`,
}

/**
 * Writes a model as one C++11 file of conditions, with functions `predict_raw(row, out)` and
 * `predict(row, out)` of C linkage. A row has a double per feature; NaN is missing. A category is
 * its number; one that is a text is its place among those that the file lists.
 *
 * Raw scores are bit for bit those of a predictor, unless a compiler fuses multiplications and
 * additions of linear leaves (-ffp-contract=off forbids it); predictions are within units in the
 * last place, as `std::exp` is not the same everywhere. Of two classes there is one probability,
 * as in LightGBM.
 *
 * LightGBM's own translation has the same conditions in functions PredictTree0 ..., but replaces
 * a file of LightGBM's sources and needs the rest of them.
 *
 * @param options - `iterations` as for a predictor: by default up to `bestIteration`
 * @throws CoppiceError 'MODEL' when the model is not valid, 'PARAMETER' for bad iterations
 */
export function formatCpp(
  given: Model, options: { readonly iterations?: IterationRange | undefined } = {},
): string {
  const model = validateModel(given)
  const { features, treesPerIteration: k, objective, baseScores } = model
  const [start, end] = resolveIterations(model, options.iterations)
  const trees = model.trees.slice(start * k, end * k)
  const used = usedFeatures(trees)
  const { text, names } = emitTrees(model, trees, dialect)
  const link = linkOf(objective)
  const nPredictions = link.isBinary ? 1 : nProbabilities(objective)
  return `// A model of gradient-boosted trees: ${trees.length} trees. Written by Coppice.
//
// predict_raw: ${k} raw score${k === 1 ? '' : 's'} of a row; predict: ${nPredictions} \
prediction${nPredictions === 1 ? '' : 's'}.
// A row has ${features.length} values; NaN is missing:
${features.map((feature, f) => `//   ${f}: ${describeFeature(feature)}\n`).join('')}
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace {

const double Infinity = std::numeric_limits<double>::infinity();
const double NaN = std::numeric_limits<double>::quiet_NaN();

template <std::size_t N> bool has(const double (&set)[N], double code) {
  return code >= 0 && std::binary_search(set, set + N, code);
}

template <std::size_t N> double codeOf(const double (&values)[N], double value) {
  const double* found = std::lower_bound(values, values + N, value);
  return found != values + N && *found == value ? found - values : -1.0;
}

bool isMissing(double value) { return value != value; }

double finiteOr(double value, double other) { return std::isfinite(value) ? value : other; }

// What is not used of these is no fault.
const bool unused = (void(Infinity), void(NaN), void(isMissing), void(finiteOr), true);

${used.map((f) => valuesText(features[f]!, f)).join('')}
// The row as nodes look at it: what is missing is NaN, a category its place, or -1.
void prepare(const double* x, double* p) {
${used.map((f) => prepareText(features[f]!, f)).join('')}}

}  // namespace

${text}
extern "C" void predict_raw(const double* x, double* scores) {
  double p[${Math.max(1, features.length)}];
  prepare(x, p);
${baseScores.map((score, output) => `  scores[${output}] = ${numberText(score + 0)};\n`).join('')}\
${names.map((name, t) => `  scores[${t % k}] += ${name}(p, x);\n`).join('')}}

extern "C" void predict(const double* x, double* predictions) {
${k === nPredictions ? '' : '  // one number per row\n'}  predict_raw(x, predictions);
${isForest(objective) && end > start
    ? eachScore(k, `predictions[i] /= ${numberText(end - start)};`) : ''}${linkText(link, k)}}
`
}

function describeFeature(feature: Feature): string {
  const name = commentText(feature.name)
  if (feature.kind === 'numeric') return name
  if (typeof feature.categories[0] !== 'string') return `${name}, a number of a category`
  const texts = feature.categories.map((value, code) =>
    `${code} ${commentText(value)}`)
  return `${name}, a category: ${texts.join(', ')}`
}

/** A text in quotes and in ASCII: it must not end the comment, and others must not look alike. */
function commentText(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (unit) =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function valuesText(feature: Feature, f: number): string {
  if (feature.kind === 'numeric' || typeof feature.categories[0] === 'string') return ''
  const values = (feature.categories as readonly number[]).map(numberText)
  return `const double values${f}[] = {${values.join(', ')}};\n`
}

function prepareText(feature: Feature, f: number): string {
  if (feature.kind === 'categorical') {
    if (typeof feature.categories[0] === 'string') return `  p[${f}] = x[${f}];\n`
    const value = feature.truncates === true ? `std::trunc(x[${f}])` : `x[${f}]`
    return `  p[${f}] = codeOf(values${f}, ${value});\n`
  }
  switch (feature.missing) {
    case 'nan': return `  p[${f}] = x[${f}];\n`
    case 'none': return `  p[${f}] = isMissing(x[${f}]) ? 0.0 : x[${f}];\n`
    case 'zero': return `  p[${f}] = x[${f}] > -${ZERO_THRESHOLD} && x[${f}] <= ` +
      `${ZERO_THRESHOLD} ? NaN : x[${f}];\n`
  }
}

function eachScore(k: number, statement: string): string {
  return `  for (int i = 0; i < ${k}; i++) ${statement}\n`
}

function linkText({ kind, factor }: ModelLink, k: number): string {
  const s = 'predictions[i]'
  switch (kind) {
    case 'identity': return ''
    case 'exp': return eachScore(k, `${s} = std::exp(${s});`)
    case 'signedSquare': return eachScore(k, `${s} *= std::fabs(${s});`)
    case 'step': return eachScore(k, `${s} = ${s} > 0 ? 1 : 0;`)
    case 'sigmoid':
      return eachScore(k, `${s} = 1 / (1 + std::exp(-${numberText(factor)} * ${s}));`)
    case 'plainSoftplus':
    case 'softplus': return eachScore(k,
      `${s} = ${s} > 0 ? ${s} + std::log1p(std::exp(-${s})) : std::log1p(std::exp(${s}));`)
    case 'softmax': return `  const double most =
    *std::max_element(predictions, predictions + ${k});
  double sum = 0;
${eachScore(k, `sum += ${s} = std::exp(${s} - most);`)}${eachScore(k, `${s} /= sum;`)}`
  }
}
