/** Who is compared, by the name that `--contestants` takes. */
import { fileURLToPath } from 'node:url'
import { Contestant, ProcessTree } from './contestant.mjs'
import { python, pythonAbsence } from './python.mjs'

/** Parameters of LightGBM's data set: one thread, as ours is binned; the rest are its defaults. */
const lightgbmData = {
  max_bin: 255, min_data_in_leaf: 20, min_data_in_bin: 3, num_threads: 1, verbose: -1,
}

const lightgbm = {
  needs: ['lightgbm', 'numpy', 'scipy'],
  start: () => startPython('LightGBM', 'lightgbm_child.py', { params: lightgbmData }),
}

/**
 * `needs`: Python distributions, null for ours. `params` are added to those of the case.
 * `refuses(data)` says why it cannot be given a data set, or null.
 */
export const contestants = {
  coppice: {
    name: 'Coppice',
    needs: null,
    params: {},
    start: () => new Contestant('Coppice', process.execPath, [fileHere('coppice-child.mjs')], {}),
  },
  lightgbm: { name: 'LightGBM', ...lightgbm, params: { verbose: -1 } },
  quantized: {
    name: 'LightGBM quantized', ...lightgbm, params: { verbose: -1, use_quantized_grad: true },
  },
  xgboost: {
    name: 'XGBoost',
    needs: ['xgboost', 'numpy', 'scipy'],
    params: {},
    start: () => startPython('XGBoost', 'xgboost_child.py', {}),
  },
  sklearn: {
    name: 'scikit-learn',
    needs: ['scikit-learn', 'numpy'],
    params: {},
    start: () => startPython('scikit-learn', 'sklearn_child.py', {}),
    refuses: (data) => data.train.ones === null ? null : 'it takes no sparse matrix',
  },
  catboost: {
    name: 'CatBoost',
    needs: ['catboost', 'numpy', 'pandas', 'scipy'],
    params: {},
    start: () => startPython('CatBoost', 'catboost_child.py', {}),
  },
}

/**
 * Contestants that take part, and why others do not.
 *
 * @param {{ isOursOnly: boolean, contestants: string[] | null }} options
 * @param {string[]} [byDefault] - of this case, where none are named
 * @returns {Promise<{ keys: string[], absences: string[] }>} ours is the first
 */
export async function takingPart(options, byDefault = Object.keys(contestants)) {
  const wanted = options.isOursOnly ? ['coppice'] : options.contestants ?? byDefault
  const keys = []
  const absences = []
  for (const [key, { name, needs }] of Object.entries(contestants)) {
    if (key !== 'coppice' && !wanted.includes(key)) continue
    const absence = needs === null ? null : await pythonAbsence(needs)
    if (absence === null) keys.push(key)
    else absences.push(`${name} is skipped: ${absence}`)
  }
  return { keys, absences }
}

/** @param {object | null} place - see coppice-cluster-child.mjs */
export function startCoppiceOnFiles(name, place) {
  return new ProcessTree(name, process.execPath, [fileHere('coppice-cluster-child.mjs')], { place })
}

/** @param {{ workers: number, bounds: number[] }} place - bounds of the chunks of rows */
export function startDask(name, place) {
  return new ProcessTree(name, python, pythonArguments('dask_child.py'), place)
}

/** Why LightGBM cannot train on Dask, or null when it can. */
export function daskAbsence() {
  return pythonAbsence(['lightgbm', 'dask', 'distributed', 'scikit-learn'])
}

function startPython(name, file, loadExtra) {
  return new Contestant(name, python, pythonArguments(file), loadExtra)
}

/** -B: no compiled copies beside the sources. */
export function pythonArguments(file) {
  return ['-B', fileHere(`peers/${file}`)]
}

function fileHere(name) {
  return fileURLToPath(new URL(name, import.meta.url))
}
