/** What the cases of whole processes found, as Markdown. */
import { median } from './compare.mjs'
import { metricsOf } from './metrics.mjs'
import { markdownTable, qualityText, ratioText } from './report.mjs'

const phases = ['start', 'read', 'bin', 'train', 'save']

/** One row per setting and program. */
export function processTable(settings) {
  const metrics = metricsOf.binary
  const header = ['leaves', 'threads', 'program', 'train: wall s', 'ratio (min-max)', 'CPU s',
    'peak MiB', phases.join(' + '), 'predict: wall s', 'CPU s', 'peak MiB',
    ...metrics.map(({ title }) => title), "others' cores", 'SHA-256 of the model']
  const rows = settings.flatMap(({ numLeaves, threads, results }) => results.map((result) => [
    numLeaves, threads, result.name,
    secondsOf(result.train, 'wallMs'),
    result.name === 'Coppice' ? '' : ratioText(result.wallRatio),
    secondsOf(result.train, 'cpuMs'), peakOf(result.train),
    phasesText(result.train),
    secondsOf(result.predict, 'wallMs'), secondsOf(result.predict, 'cpuMs'),
    peakOf(result.predict),
    ...metrics.map(({ key }) => qualityText(result.quality[key])),
    Math.max(...[...result.train, ...result.predict].map((run) => run.othersCores)).toFixed(2),
    result.sha256?.slice(0, 16) ?? '',
  ]))
  return markdownTable(header, rows)
}

function secondsOf(runs, key) {
  if (runs.length === 0) return ''
  return (median(runs.map((run) => run[key])) / 1000).toFixed(2)
}

/** The largest of all runs. */
function peakOf(runs) {
  if (runs.length === 0) return ''
  return Math.max(...runs.map(({ peakMib }) => peakMib)).toFixed(0)
}

/** Seconds of each phase; a phase that the program does not tell apart is in the next. */
function phasesText(runs) {
  return phases.map((phase) => {
    const times = runs.map((run) => run.phases[phase]).filter((ms) => ms !== undefined)
    return times.length === 0 ? '-' : (median(times) / 1000).toFixed(2)
  }).join(' + ')
}
