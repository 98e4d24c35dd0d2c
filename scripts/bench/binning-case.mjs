/**
 * The case `binning`: what comes before training of rows in memory. Ours is all that `fit` does
 * with rows before it trains (types, labels, dictionaries, bins), in the forms that callers have;
 * LightGBM's is `Dataset.construct`.
 */
import path from 'node:path'
import { median, ratioOf } from './compare.mjs'
import { contestants, takingPart } from './contestants.mjs'
import { timingCases } from './data-cases.mjs'
import { writeData } from './data-files.mjs'
import { closeAll } from './entries.mjs'
import { markdownTable, ratioText } from './report.mjs'

const names = ['numeric', 'wide', 'flights', 'sparse']

/** Forms of rows, by whether zeros are stored; the first is the one that others are compared to. */
const forms = {
  dense: { shared: 'shared matrix', matrix: 'matrix', columns: 'columns' },
  sparse: { csr: 'sparse matrix' },
}

/**
 * @param {object} options - of the command; `rows`: training rows of each data set
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 */
export async function runBinningCase(options, dir, log) {
  const { keys, absences } = await takingPart({ ...options, contestants: null }, ['lightgbm'])
  const sets = []
  for (const name of names) {
    const { absence, data: makeData, title } = timingCases[name]
    const reason = absence()
    if (reason !== null) {
      absences.push(`${name} is skipped: ${reason}`)
      continue
    }
    log(`binning: ${name}`)
    const data = await makeData(options)
    const own = path.join(dir, name)
    writeData(own, data)
    const size = `${data.train.nRows.toLocaleString('en-US')} x ${data.nFeatures}`
    const isSparse = data.train.ones !== null
    sets.push({ name, title, size, runs: await timeSet(keys, own, isSparse, options) })
  }
  const differing = sets.filter(({ runs }) => digestsOf(runs).size > 1).map(({ name }) => name)
  const bytes = differing.length === 0
    ? 'Same bytes: one set of bins for all forms and numbers of threads.'
    : `DIFFERENT BYTES: ${differing.join(', ')}.`
  return {
    title: 'binning of rows in memory',
    markdown: [table(sets, options.threads), ...absences, bytes].join('\n\n'),
    results: { absences, sets },
    failure: differing.length === 0 ? null : `binning: ${bytes}`,
  }
}

/** Rounds of all in turns; the first warms up. */
async function timeSet(keys, dir, isSparse, { threads, repeats }) {
  const entries = keys.map((key) => ({ key, process: contestants[key].start() }))
  const ours = isSparse ? forms.sparse : forms.dense
  const runs = entries.flatMap(({ key, process: child }) => key === 'coppice'
    ? Object.entries(ours).map(([form, text]) =>
      ({ name: `Coppice, ${text}`, child, form, binMs: threads.map(() => []), digests: [] }))
    : [{ name: contestants[key].name, child, binMs: threads.map(() => []), digests: [] }])
  try {
    for (let round = 0; round <= repeats; round++) {
      for (const [t, nThreads] of threads.entries()) {
        for (const { child, form, binMs, digests } of runs) {
          const answer = await child.bin(dir, nThreads, form)
          if (answer.sha256 !== undefined) digests.push(answer.sha256)
          if (round > 0) binMs[t].push(answer.binMs)
        }
      }
    }
    return runs.map(({ name, binMs, digests }) => ({
      name, binMs, digests, ...(digests.length === 0 ? {} : { sha256: digests[0] }),
    }))
  } finally {
    await closeAll(entries)
  }
}

function digestsOf(runs) {
  return new Set(runs.flatMap(({ digests }) => digests))
}

function table(sets, threads) {
  const header = ['data', 'contestant', ...threads.flatMap((n) =>
    [`ms, ${n} thread${n === 1 ? '' : 's'}`, 'theirs / ours (min-max)']), 'SHA-256 of the bins']
  const rows = sets.flatMap(({ name, size, runs }) => runs.map((run, i) => [
    i === 0 ? `${name}, ${size}` : '', run.name,
    ...run.binMs.flatMap((times, t) => [
      median(times).toFixed(0), i === 0 ? '' : ratioText(ratioOf(times, runs[0].binMs[t]))]),
    run.sha256?.slice(0, 16) ?? '',
  ]))
  return markdownTable(header, rows)
}
