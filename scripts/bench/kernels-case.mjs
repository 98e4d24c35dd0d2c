/**
 * The case `kernels`: what each kernel takes, beside what the machine itself needs for the part of
 * it that cannot be avoided, measured in the same turns. One thread.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { median } from './compare.mjs'
import { compileAssembly } from './compile-assembly.mjs'
import { markdownTable } from './report.mjs'

const shapes = [{ nRows: 1_000_000, nFeatures: 28 }, { nRows: 100_000, nFeatures: 500 }]
const tinyShapes = [{ nRows: 2_000, nFeatures: 28 }]
/** Rounds that warm up: the engine compiles kernels better after some calls. */
const nWarm = 2
const nRoundsMin = 5

/** Rows of the works that are done in one size. */
const otherRows = 1_000_000
const tinyRows = 2_000
const rowsMin = 64

/** Additions to cells, divisions, or vectors moved, of one measurement of a limit. */
const limitSteps = 4_000_000
const tinySteps = 40_000
/** Bytes that reading and copying go through at most: no cache of a core has them. */
const limitBytes = 67_108_864

/**
 * @param {object} options - of the command
 * @param {string} dir - a folder for the compiled limits
 * @param {(line: string) => void} log
 */
export async function runKernelsCase({ isTiny, rows, repeats }, dir, log) {
  if ((rows ?? rowsMin) < rowsMin) {
    throw new Error(`kernels needs --rows of ${rowsMin} or more, not ${rows}: fewer are no work`)
  }
  const { makeKernelMemory } = await import('./kernels/memory.mjs')
  const { worksOf } = await import('./kernels/work.mjs')
  const { otherWorks } = await import('./kernels/other-works.mjs')
  const { BenchMemory } = await import('./kernels/bench-memory.mjs')
  const limits = new Limits(
    new BenchMemory(await compileAssembly('kernels/limits.ts', path.join(dir, 'limits.wasm'))),
    isTiny)
  const nRounds = isTiny ? 1 : Math.max(nRoundsMin, repeats)
  const nWarmUp = isTiny ? 0 : nWarm
  const results = []
  for (const { nRows, nFeatures } of isTiny ? tinyShapes : shapes) {
    const shape = { nRows: (rows ?? nRows) & ~1, nFeatures }
    log(`kernels: ${shape.nRows} x ${nFeatures}`)
    const measured = measure(worksOf(makeKernelMemory(shape)), limits, nWarmUp, nRounds)
    results.push({ ...shape, title: `engine, ${shape.nRows} x ${nFeatures}`, measured })
  }
  const nOther = (rows ?? (isTiny ? tinyRows : otherRows)) & ~1
  for await (const { package: name, topic, works } of otherWorks(nOther)) {
    log(`kernels: ${name}, ${topic}`)
    const measured = measure(works, limits, nWarmUp, nRounds)
    results.push({
      nRows: nOther, title: `${name}: ${topic}, ${nOther} rows`, package: name, measured,
    })
  }
  return {
    title: 'kernels: ns of each beside the limit of the machine, 1 thread',
    markdown: results.map(tableOf).join('\n\n'),
    results,
    failure: null,
  }
}

/** All works in turns, each followed by its limit. */
function measure(works, limits, warmUp, nRounds) {
  const measured = works.map(({ name, kernels = [name.split(', ')[0]], unit, limit }) =>
    ({ name, kernels, unit, limit: limit.what, ns: [], limitNs: [], sha256: '' }))
  for (let round = 0; round < warmUp + nRounds; round++) {
    for (const [i, work] of works.entries()) {
      work.before?.()
      const ns = timed(() => work.run()) / work.nUnits
      // of the first round: later ones add to what the earlier left
      if (round === 0) measured[i].sha256 = hashOf(work.result())
      const limitNs = limits.nsOf(work.limit) * work.limit.perUnit
      if (round < warmUp) continue
      measured[i].ns.push(ns)
      measured[i].limitNs.push(limitNs)
    }
  }
  return measured
}

/** What the machine can do at most. */
class Limits {
  #kernels
  #steps
  #cells
  #from
  #to
  #bytesMax

  /** @param {BenchMemory} memory - of limits.ts */
  constructor(memory, isTiny) {
    this.#kernels = memory.kernels
    this.#steps = isTiny ? tinySteps : limitSteps
    this.#bytesMax = isTiny ? limitBytes / 64 : limitBytes
    this.#cells = memory.reserve(8 * 4096)
    this.#from = memory.reserve(this.#bytesMax)
    this.#to = memory.reserve(this.#bytesMax)
  }

  /** ns of an addition to a cell, a division, or a byte read or copied. */
  nsOf({ kind, bytes }) {
    const [limits, steps] = [this.#kernels, this.#steps]
    switch (kind) {
      case 'cells': return timed(() => limits.addToCells(this.#cells, steps)) / steps
      case 'divisions': return timed(() => limits.divide(steps, 1.0000001)) / steps
      case 'read': return this.#perByte(bytes, (n) => limits.read(this.#from, n))
      case 'copy': return this.#perByte(bytes, (n) => limits.copy(this.#to, this.#from, n))
      default: throw new Error(`no limit of the kind ${kind}`)
    }
  }

  /** Work on so many bytes at a time, as often as makes some milliseconds. */
  #perByte(bytes, work) {
    const nVectors = Math.max(1, Math.floor(Math.min(bytes, this.#bytesMax) / 64)) * 4
    const times = Math.max(1, Math.ceil(this.#steps / nVectors))
    return timed(() => {
      for (let i = 0; i < times; i++) work(nVectors)
    }) / (nVectors * 16 * times)
  }
}

/** ns */
function timed(work) {
  const start = performance.now()
  work()
  return (performance.now() - start) * 1e6
}

function hashOf(arrays) {
  const hash = createHash('sha256')
  for (const bytes of arrays) hash.update(bytes)
  return hash.digest('hex')
}

function tableOf({ title, measured }) {
  const header = ['kernel', 'per', 'ns (min-max)', 'limit', 'limit ns', 'kernel / limit',
    'SHA-256 of what it wrote']
  const rows = measured.map(({ name, unit, limit, ns, limitNs, sha256 }) => [
    name, unit,
    `${median(ns).toFixed(2)} (${Math.min(...ns).toFixed(2)}-${Math.max(...ns).toFixed(2)})`,
    limit, median(limitNs).toFixed(2),
    (median(ns.map((value, i) => value / limitNs[i]))).toFixed(1),
    sha256.slice(0, 16),
  ])
  return `${title}:\n\n${markdownTable(header, rows)}`
}
