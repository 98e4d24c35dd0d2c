/**
 * The case `kernels`: what each kernel of the engine takes, beside what the machine itself needs
 * for the part of it that cannot be avoided, measured in the same turns. One thread.
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

/** Additions to cells, divisions, or vectors moved, of one measurement of a limit. */
const limitSteps = 4_000_000
const tinySteps = 40_000

/**
 * @param {object} options - of the command
 * @param {string} dir - a folder for the compiled limits
 * @param {(line: string) => void} log
 */
export async function runKernelsCase({ isTiny, rows, repeats }, dir, log) {
  const { makeKernelMemory } = await import('./kernels/memory.mjs')
  const { worksOf } = await import('./kernels/work.mjs')
  const limits = await compileAssembly('kernels/limits.ts', path.join(dir, 'limits.wasm'))
  const nRounds = isTiny ? 1 : Math.max(nRoundsMin, repeats)
  const results = []
  for (const { nRows, nFeatures } of isTiny ? tinyShapes : shapes) {
    const shape = { nRows: (rows ?? nRows) & ~1, nFeatures }
    log(`kernels: ${shape.nRows} x ${nFeatures}`)
    const memory = makeKernelMemory(shape)
    const { exports } = await WebAssembly.instantiate(limits, {
      env: { memory: memory.arena.memory },
    })
    const limit = (of) => limitOf(of, memory, exports, isTiny ? tinySteps : limitSteps)
    const measured = measure(worksOf(memory), limit, isTiny ? 0 : nWarm, nRounds)
    results.push({ ...shape, measured })
  }
  return {
    title: 'kernels: ns of each beside the limit of the machine, 1 thread',
    markdown: results.map(tableOf).join('\n\n'),
    results,
    failure: null,
  }
}

/** All works in turns, each followed by its limit. */
function measure(works, limitNsOf, warmUp, nRounds) {
  const measured = works.map(({ name, unit, limit }) =>
    ({ name, unit, limit: limit.what, ns: [], limitNs: [], sha256: '' }))
  for (let round = 0; round < warmUp + nRounds; round++) {
    for (const [i, work] of works.entries()) {
      work.before?.()
      const ns = timed(() => work.run()) / work.nUnits
      // of the first round: later ones add to what the earlier left
      if (round === 0) measured[i].sha256 = hashOf(work.result())
      const limitNs = limitNsOf(work.limit) * work.limit.perUnit
      if (round < warmUp) continue
      measured[i].ns.push(ns)
      measured[i].limitNs.push(limitNs)
    }
  }
  return measured
}

/** ns of an addition to a cell, a division, or a byte read or copied. */
function limitOf({ kind, bytes }, { at, rows, moved, layout, nRows }, limits, steps) {
  const from = rows.bins(0, 0)
  const to = moved.bins(0, 0)
  const most = nRows * layout.rowBytes
  switch (kind) {
    case 'cells': return timed(() => limits.addToCells(at.limit, steps)) / steps
    case 'divisions': return timed(() => limits.divide(steps, 1.0000001)) / steps
    case 'read': return perByte(bytes, most, steps, (n) => limits.read(from, n))
    case 'copy': return perByte(bytes, most, steps, (n) => limits.copy(to, from, n))
    default: throw new Error(`no limit of the kind ${kind}`)
  }
}

/** Work on so many bytes at a time, as often as makes some milliseconds. */
function perByte(bytes, bytesMax, steps, work) {
  const nVectors = Math.max(1, Math.floor(Math.min(bytes, bytesMax) / 64)) * 4
  const times = Math.max(1, Math.ceil(steps / nVectors))
  return timed(() => {
    for (let i = 0; i < times; i++) work(nVectors)
  }) / (nVectors * 16 * times)
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

function tableOf({ nRows, nFeatures, measured }) {
  const header = ['kernel', 'per', 'ns (min-max)', 'limit', 'limit ns', 'kernel / limit',
    'SHA-256 of what it wrote']
  const rows = measured.map(({ name, unit, limit, ns, limitNs, sha256 }) => [
    name, unit,
    `${median(ns).toFixed(2)} (${Math.min(...ns).toFixed(2)}-${Math.max(...ns).toFixed(2)})`,
    limit, median(limitNs).toFixed(2),
    (median(ns.map((value, i) => value / limitNs[i]))).toFixed(1),
    sha256.slice(0, 16),
  ])
  return `${nRows} x ${nFeatures}:\n\n${markdownTable(header, rows)}`
}
