/** The Python environment of scripts/peers.mjs, and what is in it. */
import { existsSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'

/** The interpreter of .venv; it need not exist. */
export const python = process.platform === 'win32'
  ? inRoot('.venv/Scripts/python.exe') : inRoot('.venv/bin/python')

const remedy = 'make it with: node scripts/peers.mjs'

/** Distributions that are asked for: what XGBoost is called depends on the system. */
const distributions = ['lightgbm', 'xgboost', 'xgboost-cpu', 'scikit-learn', 'catboost', 'dask',
  'distributed', 'duckdb', 'numpy', 'pandas', 'pyarrow', 'scipy']

let installed = null

/** Versions of what is installed in .venv, by distribution, and of Python; {} without .venv. */
export async function pythonVersions() {
  installed ??= await findVersions()
  return installed
}

async function findVersions() {
  if (!existsSync(python)) return {}
  const program = `
import json, platform
from importlib.metadata import PackageNotFoundError, version
found = {"python": platform.python_version()}
for name in ${JSON.stringify(distributions)}:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))`
  const { code, output } = await run(python, ['-c', program], { capture: true })
  if (code !== 0) throw new Error(`the Python of .venv does not work\n${output}`)
  const { 'xgboost-cpu': cpuOnly, ...versions } = JSON.parse(output)
  return cpuOnly === undefined ? versions : { ...versions, xgboost: cpuOnly }
}

/**
 * Why a program that needs these distributions cannot run, or null when it can.
 *
 * @param {string[]} needed
 */
export async function pythonAbsence(needed) {
  if (!existsSync(python)) return `no .venv; ${remedy}`
  const versions = await pythonVersions()
  const missing = needed.filter((name) => versions[name] === undefined)
  return missing.length === 0 ? null : `no ${missing.join(', ')} in .venv; ${remedy}`
}
