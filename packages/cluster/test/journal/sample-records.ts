import type { Tree } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import type { IterationRecord, JournalRecord } from '../../src/journal/record.js'

export const jobRecord: JournalRecord = {
  kind: 'job', job: 'flights', spec: { params: { num_leaves: 31 }, inputs: ['a.csv'] },
}
export const planRecord: JournalRecord = {
  kind: 'plan', plan: { hashes: ['ab', 'cd'], bounds: Float64Array.of(1, -0, Infinity) },
}
export const endRecord: JournalRecord = { kind: 'end', reason: 'completed' }

/** An iteration with one small tree, whose numbers depend on the iteration and the seed. */
export function iterationRecord(iteration: number, seed = 1): IterationRecord {
  const random = new TestRandom(1000 * seed + iteration)
  const tree: Tree = {
    splitFeature: [random.below(9)],
    splitGain: [random.uniform()],
    threshold: [null],
    leftCategories: [[0, 2]],
    defaultLeft: [false],
    leftChild: [-1],
    rightChild: [-2],
    nodeValue: [0],
    nodeWeight: [2],
    nodeCount: [8],
    leafValue: [random.uniform(), -random.uniform()],
    leafWeight: [1, 1],
    leafCount: [3, 5],
  }
  return {
    kind: 'iteration',
    iteration,
    trees: [tree],
    rescale: iteration % 2 === 0 ? null
      : { iterations: [0, iteration - 1], factor: 2 / 3, quantum: 2 ** -40,
        ...(iteration % 4 === 1 ? { quanta: [2 ** -40, 8] } : {}) },
    metrics: [
      { dataset: 'valid', metric: 'auc', value: random.uniform(), higherIsBetter: true },
    ],
    chainHash: random.word().toString(16).padStart(8, '0').repeat(8),
  }
}

/** A whole journal: job, plan, n iterations, and the end. */
export function sampleRecords(nIterations: number): JournalRecord[] {
  const iterations = Array.from({ length: nIterations }, (_, i) => iterationRecord(i))
  return [jobRecord, planRecord, ...iterations, endRecord]
}
