/** Results as Markdown. */
import os from 'node:os'
import { median } from './compare.mjs'
import { metricsOf } from './metrics.mjs'

/** @param {string[]} header @param {(string | number)[][]} rows */
export function markdownTable(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

/** What a reader has to know to judge the figures. */
export function environment(command, versions) {
  const cpus = os.cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    platform: `${os.platform()} ${os.arch()}`,
    versions,
    command,
  }
}

/** The environment as lines of text. */
export function environmentText({ date, cpu, cores, platform, versions, command }) {
  const shown = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')
  return `${date}, ${cpu}, ${cores} cores, ${platform}; ${shown}\n\n    ${command}`
}

/** One row per setting and contestant, then the time that binning took. */
export function settingsTable(objective, settings, binning) {
  const metrics = metricsOf[objective]
  const rows = settings.flatMap(({ numLeaves, threads, results, ratios }) =>
    results.map((result, i) => [
      numLeaves, threads, result.name,
      median(result.msPerIteration).toFixed(1),
      i === 0 ? '' : ratioText(ratios[i - 1].perIteration),
      (median(result.totalMs) / 1000).toFixed(2),
      i === 0 ? '' : ratioText(ratios[i - 1].total),
      median(result.startMs).toFixed(0),
      ...metrics.map(({ key }) => qualityText(result.quality[key])),
      Math.max(...result.othersCores).toFixed(2),
      result.sha256?.slice(0, 16) ?? '',
    ]))
  const header = ['leaves', 'threads', 'contestant', 'ms/iteration', 'ratio (min-max)',
    'run s', 'run ratio (min-max)', 'start ms', ...metrics.map(({ title }) => title),
    "others' cores", 'SHA-256 of the model']
  return `${markdownTable(header, rows)}\n\n${binningText(binning)}`
}

function binningText(binning) {
  const texts = binning.map(({ name, binMs }) =>
    `${name} ${binMs === null ? 'in every run' : `${(binMs / 1000).toFixed(2)} s`}`)
  return `Binning, one thread: ${texts.join(', ')}.`
}

/** A ratio of `ratioOf`, with its spread. */
export function ratioText(ratio) {
  return `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)})`
}

/** A metric, to as many digits as tell models apart. */
export function qualityText(value) {
  return value === undefined ? '' : value >= 10 ? value.toPrecision(7) : value.toFixed(6)
}
