/** Contestants on a data set, and what all of them are told. */
import { contestants } from './contestants.mjs'
import { writeData } from './data-files.mjs'

/**
 * Starts contestants on a data set, one after the other, and appends them to `entries`.
 *
 * @param {import('./compare.mjs').Entry[]} entries
 * @param {string[]} keys - of the contestants; those that refuse the data are left out
 * @param {import('./data-files.mjs').BenchData} data
 * @param {string} dir - where the data set is written
 * @param {string} suffix - of their names
 * @returns {Promise<string[]>} who was left out, and why
 */
export async function enter(entries, keys, data, dir, suffix) {
  writeData(dir, data)
  const absences = []
  for (const key of keys) {
    const { name, params, start, refuses = () => null } = contestants[key]
    const reason = refuses(data)
    if (reason !== null) {
      absences.push(`${name} is skipped: ${reason}`)
      continue
    }
    const entry = {
      key,
      name: `${name}${suffix}`,
      params,
      process: start(),
      dir,
      test: data.test,
      objective: data.objective,
      nOutputs: data.objective === 'multiclass' ? data.nClasses : 1,
      isOurs: key === 'coppice',
      binMs: null,
    }
    entries.push(entry)
    entry.binMs = (await entry.process.load(dir)).binMs
  }
  return absences
}

/**
 * What all libraries are given, under LightGBM's names, which are ours; all else is the same by
 * default, or made the same by the programs in peers/.
 */
export function paramsOf({ objective, nClasses }, numLeaves, numIterations) {
  return {
    objective,
    ...(objective === 'multiclass' ? { num_class: nClasses } : {}),
    num_leaves: numLeaves,
    learning_rate: 0.1,
    max_bin: 255,
    min_data_in_leaf: 20,
    num_iterations: numIterations,
  }
}

/** Ends all processes. */
export async function closeAll(entries) {
  await Promise.all(entries.map((entry) => entry.process.close()))
}
