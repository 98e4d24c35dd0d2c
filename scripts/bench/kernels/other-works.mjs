/** All kernels that the works of work.mjs leave out, in one size. */
import { BenchMemory, kernelsOf } from './bench-memory.mjs'
import { clusterWorks } from './cluster-works.mjs'
import { dataWorks } from './data-works.mjs'
import { drawWorks } from './draw-works.mjs'
import { gradientWorks } from './gradient-works.mjs'
import { modelWorks } from './model-works.mjs'
import { rowWorks } from './row-works.mjs'
import { sumWorks } from './sum-works.mjs'
import { valueWorks } from './value-works.mjs'

const nFeatures = 28

const groups = [
  ['engine', 'rows', rowWorks], ['engine', 'drawing rows', drawWorks],
  ['engine', 'sums of histograms', sumWorks], ['engine', 'gradients', gradientWorks],
  ['engine', 'values and their bins', valueWorks], ['model', 'predictions', modelWorks],
  ['data', 'files', dataWorks], ['cluster', 'sums that travel', clusterWorks],
]

/**
 * A group at a time, each with a memory of its own, which is let go with it.
 *
 * @param {number} nRows
 */
export async function* otherWorks(nRows) {
  for (const [name, topic, makeWorks] of groups) {
    const memory = new BenchMemory(await kernelsOf(name))
    yield { package: name, topic, works: makeWorks(memory, { nRows, nFeatures }) }
  }
}
