/** What was measured, as Markdown. */
import { markdownTable } from '../bench/report.mjs'
import { nWorkers } from './cluster.mjs'
import { deviation, mean } from './compare.mjs'

/**
 * @param {string} about - environment and command
 * @param {{ title: string, results: object[] }[]} groups - of compareCase
 * @param {object[]} clustered - of runOnCluster
 * @param {string[]} absences - who is left out, and why
 * @param {{ rows: number, seeds: number }} options
 */
export function reportPage(about, groups, clustered, absences, options) {
  const all = groups.flatMap(({ results }) => results)
  const hasTheirs = all.some(({ rows }) => rows[0].theirs !== null)
  return `${[
    '# Quality beside LightGBM',
    about,
    introduction(options),
    ...absences,
    ...(hasTheirs ? [summaryText(all)] : []),
    ...groups.flatMap(({ title, results }) => [`## ${title}`, table(results)]),
    ...(clustered.length > 0 ? clusterText(clustered) : []),
  ].join('\n\n')}\n`
}

function introduction({ rows, seeds }) {
  return `Both train on the same rows with the same parameters (100 iterations, 31 leaves, `
    + `learning rate 0.1, LightGBM's defaults else): ${rows} rows to learn from, ${rows} held out, `
    + `${seeds} seeds, each of the data and of both libraries. *Worse by*: mean difference, turned `
    + 'so that above 0 ours is worse, and its standard deviation between seeds. *Noise*: standard '
    + 'deviation of LightGBM\'s metric between seeds. What is worse for every seed is said, even '
    + `within the noise; by chance alone one metric in ${2 ** seeds} is. Which `
    + 'features there are is in [FEATURES.md](FEATURES.md); why metrics differ at all, in '
    + '[the engine](../../packages/engine/README.md#where-this-differs-from-lightgbm).'
}

/** How many are what, and all that is worse, by name. */
function summaryText(results) {
  const rows = results.flatMap(({ name, rows: each }) => each.map((row) => ({ name, ...row })))
  const worse = rows.filter(({ isWorse }) => isWorse)
  const always = rows.filter(({ isWorse, verdict }) =>
    !isWorse && verdict.endsWith('worse for every seed'))
  const list = (those) => those.length === 0 ? 'none'
    : those.map(({ name, metric, worse: by }) => `${name} (${metric}, ${small(mean(by))})`)
      .join('; ')
  const better = rows.filter(({ verdict }) => verdict.endsWith('better for every seed')).length
  return `**${results.length} cases, ${rows.length} metrics.** Worse than the noise: `
    + `${list(worse)}. Within the noise, but worse for every seed: ${list(always)}. Better for `
    + `every seed: ${better}. On average ours is worse in `
    + `${rows.filter(({ worse: by }) => mean(by) > 0).length} of ${rows.length}.`
}

function table(results) {
  const hasTheirs = results.some(({ rows }) => rows[0].theirs !== null)
  const header = ['case', 'metric', 'ours',
    ...(hasTheirs ? ['LightGBM', 'worse by', 'noise', 'verdict'] : [])]
  return markdownTable(header, results.flatMap(({ name, rows }) => rows.map((row) => [
    name, row.metric, figure(mean(row.ours)),
    ...(hasTheirs ? [figure(mean(row.theirs)),
      `${small(mean(row.worse))} ± ${small(deviation(row.worse))}`, small(row.spread),
      row.verdict] : []),
  ])))
}

function clusterText(results) {
  const hasDask = results.some(({ rows }) => rows[0].dask !== null)
  const hasTheirs = results.some(({ rows }) => rows[0].theirs !== null)
  const differing = results.filter(({ sameBytes }) => !sameBytes).map(({ name }) => name)
  const bytes = differing.length === 0
    ? 'Every model has the bytes of threads, so its metrics are theirs.'
    : `**DIFFERENT BYTES** from those of threads: ${differing.join('; ')}.`
  const known = (value) => value === null ? '' : figure(value)
  return [
    `## On ${nWorkers} workers`,
    `One seed, ${results[0].nRows} rows, ${nWorkers} worker processes of one thread on this `
      + 'machine, rows in partitions. '
      + bytes,
    markdownTable(['case', 'metric', 'ours, threads and cluster',
      ...(hasTheirs ? ['LightGBM, one process'] : []), ...(hasDask ? ['LightGBM on Dask'] : []),
      'SHA-256 of our model'],
    results.flatMap(({ name, rows, sha256 }) => rows.map((row) => [
      name, row.metric, figure(row.ours),
      ...(hasTheirs ? [known(row.theirs)] : []), ...(hasDask ? [known(row.dask)] : []),
      sha256.slice(0, 16)]))),
  ]
}

function figure(value) {
  return value.toPrecision(6)
}

function small(value) {
  return value === 0 ? '0' : value.toExponential(1)
}
