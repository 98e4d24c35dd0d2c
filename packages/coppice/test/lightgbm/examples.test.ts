import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { Workspace } from '../support.js'

const golden = path.resolve(import.meta.dirname, '../../../test/lightgbm/golden')

/** What all configurations of LightGBM's examples have, in their shape. */
const shared = `
# number of bins of a feature
max_bin = 255

# how fast it learns , alias: shrinkage_rate
learning_rate = 0.05

# the learner, one of:
# serial , on one machine
# data , cut by rows
# alias: tree
tree_learner = serial

# num_threads = 8

# share of the features for each tree
# alias: sub_feature
feature_fraction = 0.8

# new rows every 5 iterations
bagging_freq = 5

# share of the rows, alias: sub_row
bagging_fraction = 0.8

min_data_in_leaf = 10
min_sum_hessian_in_leaf = 1.0

# alias: is_sparse
is_enable_sparse = true

# alias: two_round_loading, two_round
use_two_round_loading = false

# alias: is_save_binary, save_binary
is_save_binary_file = false

# input_model= trained_model.txt
# output_result= prediction.txt


# machines, alias: num_machine
num_machines = 1

local_listen_port = 12400

# their list, alias: mlist
machine_list_file = mlist.txt

# forced_splits = forced_splits.json
`

function conf(name: string, own: string): string {
  return `# what to do, train or predict
task = train

# alias: boosting, boost
boosting_type = gbdt
${own}
metric_freq = 1

# metrics of the training rows too, alias: training_metric, train_metric
is_training_metric = true

# rows; weights would be in "${name}.train.weight"
# alias: train_data, train
data = ${name}.train

# alias: valid, test, test_data,
valid_data = ${name}.test

num_trees = 12
num_leaves = 15
output_model = LightGBM_model.txt
${shared}`
}

const examples: Readonly<Record<string, string>> = {
  binary: 'objective = binary\nmetric = binary_logloss,auc\nlabel_column = 0\nverbosity = 2',
  regression: 'objective = regression\nmetric = l2\nheader=true\nlabel_column = name:target\n' +
    'weight_column = name:heft',
  multiclass: 'objective = multiclass\nmetric = multi_logloss\nnum_class = 3\n' +
    '# rounds without progress\nearly_stopping = 10',
}

describe("configurations in the shape of LightGBM's examples", function () {
  this.timeout(60_000)
  const work = new Workspace()
  before(() => cpSync(golden, work.folder, { recursive: true }))
  after(() => work.remove())

  for (const [name, own] of Object.entries(examples)) {
    it(`run unchanged: ${name}`, async () => {
      const text = conf(name, own)
      work.write('train.conf', text)
      const said = await work.okHere('run', 'config=train.conf')
      assert.match(said, /^no effect here: .*tree_learner.*local_listen_port.*machine_list_file$/m)
      assert.match(said, /^\[12\/12\] training .*; valid_0 /m)
      const model = work.read('LightGBM_model.txt')
      assert.match(model, /^\[bagging_freq: 5\]$/m)
      assert.match(model, /^\[learning_rate: 0\.05\]$/m)
      // Windows writes other line ends, and some editors a byte order mark
      work.write('windows.conf', `\uFEFF${text.replaceAll('\n', '\r\n')}`)
      await work.okHere('run', '--config', 'windows.conf', 'output_model=windows.txt', '-q')
      assert.equal(work.read('windows.txt'), model)
      work.write('predict.conf', '# task type\n# - train\n# - predict\ntask = predict\n\n' +
        `data = ${name}.test\n\ninput_model = LightGBM_model.txt\n`)
      await work.okHere('run', 'config=predict.conf')
      const rows = work.read('LightGBM_predict_result.txt').trimEnd().split('\n')
      assert.equal(rows.length, 60)
      assert.ok(rows.every((row) => row.split('\t').length === (name === 'multiclass' ? 3 : 1)))
    })
  }

  it('train to the same file in this process and in another', async () => {
    work.write('train.conf', conf('multiclass', examples['multiclass']!))
    await work.okHere('run', 'config=train.conf', '-q')
    await work.ok('run', 'config=train.conf', 'output_model=workers.txt', '--local-workers', '1')
    assert.equal(work.read('workers.txt'), work.read('LightGBM_model.txt'))
  })
})
