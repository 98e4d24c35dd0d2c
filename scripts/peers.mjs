/**
 * `node scripts/peers.mjs`: a Python environment in .venv (git-ignored) with the libraries that
 * Coppice is compared with, at exact versions. Tests that need it are skipped where it is absent.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { inRoot } from './lib/paths.mjs'
import { run, seconds } from './lib/run.mjs'
import { isStamped, stamp, unstamp } from './lib/stamp.mjs'

/** What comparisons in the tests need. */
const required = [
  'dask[array,dataframe]==2025.11.0',
  'distributed==2025.11.0',
  'lightgbm==4.6.0',
  'numpy==2.2.6',
  'pandas==2.3.3',
  'pyarrow==22.0.0',
  'scikit-learn==1.7.2',
  'scipy==1.15.3',
]
/**
 * For `npm run bench` only, which does without one that cannot be installed. The XGBoost for Linux
 * brings the libraries of graphics cards along, unless it is the one without.
 */
const extras = [
  'catboost==1.2.10',
  'duckdb==2.0.0',
  `${process.platform === 'linux' ? 'xgboost-cpu' : 'xgboost'}==3.2.0`,
]
const venv = inRoot('.venv')
const windows = process.platform === 'win32'
const python = windows ? `${venv}/Scripts/python.exe` : `${venv}/bin/python`
const hash = createHash('sha256').update([...required, ...extras].join()).digest('hex')

async function must(what, command, args) {
  const { code, output } = await run(command, args, { capture: true })
  if (code === 0) return output.trim()
  throw new Error(`${what} failed\n${output}`)
}

async function makePeers() {
  if (isStamped('peers', hash, [python])) return 'up to date'
  const start = performance.now()
  const base = windows ? 'python' : 'python3'
  if ((await run(base, ['--version'], { capture: true })).code !== 0) {
    throw new Error(`${base} is missing; install Python 3.10 or later, or do without the peers: `
      + 'the comparisons are then skipped')
  }
  unstamp('peers')
  if (!existsSync(python)) {
    await must('python -m venv (on Debian it needs python3-venv)', base, ['-m', 'venv', venv])
  }
  const missing = await missingOf([...required, ...extras])
  const missingRequired = missing.filter((name) => required.includes(name))
  if (missingRequired.length > 0) await install(missingRequired)
  const failures = []
  for (const extra of missing.filter((name) => extras.includes(name))) {
    await install([extra]).catch((error) => failures.push(`${extra}: ${error.message}`))
  }
  const version = await must('import lightgbm', python,
    ['-c', 'import distributed, lightgbm, pandas, pyarrow, sklearn; print(lightgbm.__version__)'])
  if (failures.length === 0) stamp('peers', hash)
  const without = failures.map((text) => `\nnot installed: ${text}`).join('')
  return `LightGBM ${version} in .venv (${seconds(start)})${without}`
}

/** Those requirements that are not there, or at another version. */
async function missingOf(requirements) {
  const program = `
import json, sys
from importlib.metadata import PackageNotFoundError, version
missing = []
for requirement in json.loads(sys.argv[1]):
    name, wanted = requirement.split("==")
    try:
        found = version(name.split("[")[0])
    except PackageNotFoundError:
        found = None
    if found != wanted:
        missing.append(requirement)
print(json.dumps(missing))`
  const args = ['-c', program, JSON.stringify(requirements)]
  return JSON.parse(await must('looking into .venv', python, args))
}

function install(requirements) {
  return must(`pip install ${requirements.join(' ')}`, python,
    ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', ...requirements])
}

try {
  console.log(`peers: ${await makePeers()}`)
} catch (error) {
  console.error(`peers: ${error.message}`)
  process.exitCode = 1
}
