import assert from 'node:assert/strict'
import type { TrainingEvent } from '@coppice/engine'
import type { ClusterClient, TrainingOrder } from '../../../src/node/index.js'
import {
  dataSpec, digestOf, makeData, type MadeData, type MadeLabel, orderOf, trainHere,
} from './local-training.js'
import { TestCluster } from './test-cluster.js'

interface Case {
  readonly name: string
  readonly label: MadeLabel
  order(data: MadeData): TrainingOrder
}

const evalSets = (data: MadeData): TrainingOrder['evalSets'] =>
  [{ name: 'valid', data: dataSpec(data.path('valid')) }]

const cases: readonly Case[] = [
  {
    name: 'regression with weights, an evaluation set and early stopping',
    label: 'number',
    order: (data) => orderOf({
      objective: 'regression', numIterations: 40, numLeaves: 7, learningRate: 0.5,
      earlyStoppingRound: 3, minDataInLeaf: 5,
    }, dataSpec(data.path('train')), { evalSets: evalSets(data) }),
  },
  {
    name: 'binary with text labels, categories and bagging',
    label: 'two-texts',
    order: (data) => orderOf({
      objective: 'binary', num_iterations: 5, num_leaves: 15, bagging_fraction: 0.7,
      bagging_freq: 2, metric: 'auc,binary_logloss', min_data_per_group: 10,
      is_provide_training_metric: true,
    }, dataSpec(data.path('train')), { evalSets: evalSets(data) }),
  },
  {
    name: 'multiclass whose number of classes the labels tell, with two evaluation sets',
    label: 'three-texts',
    order: (data) => orderOf({ objective: 'multiclass', numIterations: 4, numLeaves: 5 },
      dataSpec(data.path('train')), {
        inferred: 'num-class',
        evalSets: [...evalSets(data), { name: 'other', data: dataSpec(data.path('other')) }],
      }),
  },
  {
    name: 'a classifier whose objective the labels tell',
    label: 'two-texts',
    order: (data) => orderOf({ numIterations: 3, numLeaves: 4 }, dataSpec(data.path('train')), {
      inferred: 'objective', labelKind: 'class',
    }),
  },
]

const sets = {
  train: { nRows: 700, nPartitions: 5 }, valid: { nRows: 200, nPartitions: 2 },
  other: { nRows: 150, nPartitions: 1 },
}

/** Without the number of threads, which is the only thing that may differ. */
function comparable(events: readonly TrainingEvent[]): unknown[] {
  return events.map((event) => ({ ...event, nThreads: 0 }))
}

describe('a training on a cluster', function () {
  this.timeout(30_000)
  let cluster: TestCluster
  let client: ClusterClient

  before(async () => {
    cluster = await TestCluster.start(2)
    client = await cluster.client()
  })
  after(() => cluster.stop())

  for (const [seed, { name, label, order }] of cases.entries()) {
    it(`tells and gives what one process does: ${name}`, async () => {
      const data = makeData(seed + 1, label, sets)
      try {
        const ordered = order(data)
        const local = { events: [] as TrainingEvent[], checkpoints: [] as string[] }
        const there = { events: [] as TrainingEvent[], checkpoints: [] as string[] }
        const expected = await trainHere(ordered, {
          onEvent: (event) => local.events.push(event),
          callbacks: [(_, { model }) => { local.checkpoints.push(digestOf(model())) }],
        })
        const phases = new Set<string>()
        const result = await client.train(ordered, {
          onEvent: (event) => there.events.push(event),
          onCommitted: (_, model) => {
            there.checkpoints.push(digestOf(model()))
            return 'go'
          },
          onLoading: ({ dataset, phase, done, total }) => {
            if (done === total) phases.add(`${dataset} ${phase}`)
          },
        })
        assert.equal(digestOf(result.model), digestOf(expected.model))
        assert.equal(result.stoppedBy, expected.stoppedBy)
        assert.deepEqual(comparable(there.events), comparable(local.events))
        assert.deepEqual(there.checkpoints, local.checkpoints)
        for (const dataset of ['training', ...ordered.evalSets.map((set) => set.name)]) {
          for (const phase of ['plan', 'scan', 'bin']) {
            assert.ok(phases.has(`${dataset} ${phase}`), `${dataset} ${phase} was told`)
          }
        }
      } finally {
        data.remove()
      }
    })
  }
})
