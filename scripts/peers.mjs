/**
 * `node scripts/peers.mjs`: a Python environment in .venv (git-ignored) with the libraries that
 * Coppice is compared with, at exact versions. Tests that need it are skipped where it is absent.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { inRoot } from './lib/paths.mjs'
import { run, seconds } from './lib/run.mjs'
import { isStamped, stamp, unstamp } from './lib/stamp.mjs'

const requirements = [
  'dask[array,dataframe]==2025.11.0',
  'distributed==2025.11.0',
  'lightgbm==4.6.0',
  'numpy==2.2.6',
  'pandas==2.3.3',
  'pyarrow==22.0.0',
  'scikit-learn==1.7.2',
  'scipy==1.15.3',
]
const venv = inRoot('.venv')
const windows = process.platform === 'win32'
const python = windows ? `${venv}/Scripts/python.exe` : `${venv}/bin/python`
const hash = createHash('sha256').update(requirements.join()).digest('hex')

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
  await must('pip install', python,
    ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', ...requirements])
  const version = await must('import lightgbm', python,
    ['-c', 'import distributed, lightgbm, pandas, pyarrow, sklearn; print(lightgbm.__version__)'])
  stamp('peers', hash)
  return `LightGBM ${version} in .venv (${seconds(start)})`
}

try {
  console.log(`peers: ${await makePeers()}`)
} catch (error) {
  console.error(`peers: ${error.message}`)
  process.exitCode = 1
}
