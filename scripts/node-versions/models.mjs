/**
 * Trains the models that `node-versions.mjs` compares, with whatever Node runs this file, and
 * prints a line of JSON: {node, models: {name: SHA-256}, cpuMs}. `cpuMs` is of the last model
 * alone, trained a second time, so that starting and compiling are no part of it.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const [rows] = process.argv.slice(2).map(Number)
const { Dataset, train } = await import('coppice')

const tree = { numLeaves: 31, minDataInLeaf: 20, numThreads: 2 }
/** What is trained; each touches kernels and arithmetic that the others do not. */
const cases = [
  { name: 'regression', label: 'price', params: { objective: 'regression', numIterations: 20 } },
  { name: 'regression, bagging, sampled features, depth-wise', label: 'price',
    params: { objective: 'regression', numIterations: 10, baggingFreq: 1, baggingFraction: 0.5,
      featureFraction: 0.7, growPolicy: 'depthwise', maxDepth: 5 } },
  { name: 'classes', label: 'kind', params: { objective: 'multiclass', numIterations: 8 } },
  { name: 'binary', label: 'late', params: { objective: 'binary', numIterations: 40 } },
]

/** Numbers in [0, 1), by a linear congruential generator: plain integer arithmetic. */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 0x100_0000
  }
}

/** Numbers of few and many digits, counts, gaps and texts, and labels of three sorts. */
function makeCsv() {
  const next = generator(7)
  const lines = ['a,b,c,day,count,city,price,kind,late']
  for (let row = 0; row < rows; row++) {
    const [a, b, c] = [next() * 8 - 4, next(), next() * next() * 1e6]
    const count = Math.floor(next() * 12)
    const city = Math.floor(next() * next() * 60)
    const signal = a * b + (count > 6 ? 1 : 0) - (city % 5) / 4 + next()
    lines.push([
      a.toFixed(4), next() < 0.1 ? '' : String(b), c, Math.floor((row * 365) / rows), count,
      `city ${city}`, signal * signal * 100 + next(), ['red', 'green', 'blue'][city % 3],
      signal > 0.5 ? 1 : 0,
    ].join(','))
  }
  return `${lines.join('\n')}\n`
}

const folder = mkdtempSync(path.join(tmpdir(), 'coppice-node-'))
try {
  const file = path.join(folder, 'rows.csv')
  writeFileSync(file, makeCsv())
  const labels = cases.map(({ label }) => label)
  const models = {}
  const fit = async ({ label, params }) => {
    const ignore = labels.filter((other) => other !== label)
    const data = await Dataset.open(file, { label, ignore })
    return train({ ...tree, ...params }, data)
  }
  for (const one of cases) {
    const text = JSON.stringify((await fit(one)).model)
    models[one.name] = createHash('sha256').update(text).digest('hex')
  }
  const before = process.cpuUsage()
  await fit(cases.at(-1))
  const { user, system } = process.cpuUsage(before)
  const cpuMs = Math.round((user + system) / 1000)
  console.log(JSON.stringify({ node: process.version, models, cpuMs }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
