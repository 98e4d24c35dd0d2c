/** What the compiler has to refuse: a line marked so that compiles is an error of the build. */
import assert from 'node:assert/strict'
import {
  connect, Dataset, GBDTClassifier, GBDTRegressor, LocalCluster, paramsFrom, train,
  type TrainingParams,
} from '../src/index.js'
import { rejects } from './support.js'

/** Compiled, never run. */
export async function wrongTypes(dataset: Dataset): Promise<void> {
  // @ts-expect-error a misspelt name
  await train({ numLeafs: 31 }, dataset)
  // @ts-expect-error snake_case goes through paramsFrom
  await train({ num_leaves: 31 }, dataset)
  // @ts-expect-error an alias goes through paramsFrom
  await train({ eta: 0.1 }, dataset)
  // @ts-expect-error a number as text
  await train({ numLeaves: '31' }, dataset)
  // @ts-expect-error an objective that there is not
  await train({ objective: 'binry' }, dataset)
  // @ts-expect-error a metric that there is not
  await train({ metric: 'aucc' }, dataset)
  // @ts-expect-error a metric that there is not, in a list
  await train({ metric: ['auc', 'aucc'] }, dataset)
  // @ts-expect-error a column's role belongs to the Dataset
  await train({ labelColumn: 'y' }, dataset)
  // @ts-expect-error a misspelt option
  await train({}, dataset, { evalSet: [] })
  // @ts-expect-error a misspelt name
  new GBDTClassifier({ numLeafs: 31 })
  // @ts-expect-error a metric that there is not
  new GBDTRegressor({ metric: 'l3' })
  // @ts-expect-error an alias goes through paramsFrom
  new GBDTRegressor().setParams({ eta: 0.1 })
  // @ts-expect-error a type that there is not
  await (await train({}, dataset)).predict(dataset, { type: 'rawx' })
  // @ts-expect-error an address is no cluster
  await train({}, dataset, { cluster: 'ws://host:7077' })
  // @ts-expect-error a cluster has to be awaited
  await new GBDTClassifier().fit(dataset, { cluster: connect('ws://host:7077') })
  // @ts-expect-error a data set elsewhere takes no reference
  Dataset.remote('/data/x.csv', { reference: dataset })
  // @ts-expect-error an answer that there is not
  await train({}, dataset, { callbacks: [() => 'halt'] })
}

/** Compiled, never run: what has to be accepted. */
export async function rightTypes(dataset: Dataset): Promise<void> {
  const metrics: TrainingParams = { metric: ['auc', 'binary_logloss'] }
  await train({ numLeaves: 31, objective: 'binary', metric: 'auc', seed: 1 }, dataset)
  await train({ ...metrics, metric: 'None' }, dataset)
  await train(paramsFrom({ num_leaves: '31', metrics: 'auc,binary_logloss' }), dataset)
  const cluster = await connect('ws://host:7077', { tokenFile: 'token' })
  await train({}, Dataset.remote('/data/x.csv', { label: 'y' }), { cluster })
  const local = await LocalCluster.start({ workers: 2 })
  await new GBDTRegressor().fit([[1]], [1], { cluster: local, onNotice: (text) => text.length })
  new GBDTClassifier(paramsFrom({ eta: 0.1 })).setParams(paramsFrom({ n_estimators: 3 }))
}

describe('paramsFrom', () => {
  it('gives canonical names to parameters in any spelling', () => {
    assert.deepEqual(paramsFrom({ eta: '0.1', max_leaves: 7, metric: ['auc'], seed: undefined }),
      { learningRate: '0.1', numLeaves: 7, metric: ['auc'] })
  })

  it('refuses names that there are not, and one parameter twice', async () => {
    await rejects(() => paramsFrom({ num_leavs: 3 }), 'PARAMETER', 'num_leavs', 'num_leaves')
    await rejects(() => paramsFrom({ eta: 1, learning_rate: 2 }), 'PARAMETER', 'eta',
      'learning_rate')
    assert.deepEqual(paramsFrom({ eta: 1, learning_rate: 1 }), { learningRate: 1 })
    await rejects(() => paramsFrom({ label: 'y' }), 'PARAMETER', 'label')
  })
})
