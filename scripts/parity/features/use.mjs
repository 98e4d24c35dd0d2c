/** What is done with trainings, models and data: sections of the table. */
import { built, elsewhere, missing, refused, testsOf } from './row.mjs'

const stopping = testsOf('packages/engine/test/training/early-stopping.test.ts')
const estimator = testsOf('packages/api/test/estimator.test.ts')
const resolve = testsOf('packages/engine/test/params/resolve.test.ts')
const table = testsOf('packages/engine/test/params/table.test.ts')
const text = testsOf('packages/engine/test/params/text.test.ts')
const run = testsOf('packages/coppice/test/lightgbm/run.test.ts')
const commands = testsOf('packages/coppice/test/commands.test.ts')
const predictor = testsOf('packages/model/test/predict/predictor.test.ts')
const models = testsOf('packages/model/test/lightgbm/golden.test.ts')
const inspected = testsOf('packages/model/test/inspect/inspect.test.ts')
const written = testsOf('packages/model/test/lightgbm/parse.test.ts')
const inputs = testsOf('packages/data/test/node/inputs.test.ts')
const schema = testsOf('packages/data/test/schema.test.ts')
const memory = testsOf('packages/data/test/memory.test.ts')
const cluster = testsOf('test/cluster.test.ts')
const workers = testsOf('packages/cluster/test/node/worker/worker-process.test.ts')

const inConfiguration = '`coppice run` takes it'
const ofPrediction = 'an option of predictions: of `coppice run` in LightGBM\'s words, else of '
  + '`predict`'

export const control = {
  title: 'Control of trainings',
  rows: [
    built('early stopping: rounds, `early_stopping_min_delta`, `first_metric_only`',
      stopping('stops for any pair of data set and metric', 'wants strictly more than min_delta',
        'looks at the first metric only if told to, of all data sets'),
      { note: 'on clusters too, where LightGBM on Dask hangs or fails' }),
    built('several evaluation sets, by name', testsOf('packages/coppice/test/train.test.ts')(
      'takes text labels, several named evaluation sets, and infers num_class')),
    built('callbacks', estimator('calls back after every iteration and stops when asked to')),
    built('every name and alias of a parameter', [
      ...table('has exactly the parameters of LightGBM and our own',
        'has exactly the aliases of LightGBM', 'has the defaults of LightGBM'),
      ...resolve('takes every alias in both spellings')]),
    built('unknown or contradictory parameters are errors', resolve(
      'suggests the nearest name for an unknown one',
      'refuses contradictions and says what to do'), { note: 'LightGBM: warnings' }),
    elsewhere('going on from a model (`init_model`, `input_model`)',
      '`initModel`, `--init-model`; ' + inConfiguration, [
        ...testsOf('packages/api/test/continued/lightgbm.test.ts')('are the same after'),
        ...testsOf('test/boosting.test.ts')(
          'begins with a model as a training here does, in spite of a lost worker'),
        ...testsOf('packages/api/test/continued/studies.test.ts')('has LightGBM\'s metrics:'),
        ...run('goes on from a model of LightGBM, whose trees come first')], ['input_model']),
    built('going on with an interrupted training', testsOf(
      'packages/engine/test/training/resume.test.ts')(
      'ends with the bytes of the uninterrupted training,'),
    { note: '`resumeFrom`, `--resume`: to the bytes of one training' }),
    elsewhere('models while training (`snapshot_freq`)', '`--checkpoint`; ' + inConfiguration, [
      ...testsOf('packages/coppice/test/interrupt.test.ts')(
        'saves every so many iterations, with the same metrics file after all'),
      ...run('writes JSON where the name says so, snapshots, and the same model on processes')],
    ['snapshot_freq']),
    elsewhere('new leaf values for new rows (`refit_decay_rate`)',
      '`Booster.refit`, `coppice refit`; ' + inConfiguration, [
        ...testsOf('packages/api/test/refit/refit.test.ts')('has LightGBM\'s numbers:'),
        ...testsOf('packages/api/test/refit/more.test.ts')(
          'fits functions to the rows that have all of their values'),
        ...run('refits as LightGBM does')], ['refit_decay_rate']),
    elsewhere('parameters by iteration (`reset_parameter`)', '`parameter_schedule` and '
      + '`learning_rate_schedule`; lists, or functions of the iteration in the library',
    [...testsOf('packages/api/test/schedules/lightgbm.test.ts')('has its trees:'),
      ...testsOf('test/boosting.test.ts')('gives the bytes of a training here:'),
      ...testsOf('packages/engine/test/training/dart.test.ts')(
        'gives the oracle\'s bytes, and drops something: uniform drops without limit, goss, a '
        + 'schedule')]),
    built('cross-validation', [...testsOf('packages/api/test/cv/cv.test.ts')(
      'has the models and metrics of trainings of their own',
      'is the same on a cluster, fold by fold'),
    ...testsOf('packages/api/test/cv/folds.test.ts')(
      'are those of scikit-learn where nothing is shuffled')],
    { note: 'on clusters too; LightGBM on Dask has none' }),
    built('rolling back an iteration, setting leaf values', testsOf(
      'packages/model/test/edit.test.ts')(
      'keeps the first iterations, and what is known of them', 'changes one leaf and nothing else'),
    { note: '`Booster.rollbackOneIter`, `truncate`, `setLeafOutput`' }),
  ],
}

export const use = {
  title: 'Models and predictions',
  rows: [
    built('probabilities, values, raw scores, leaves, classes',
      commands('writes classes, raw scores and leaves, to stdout too')),
    elsewhere('`predict_raw_score`, `predict_leaf_index`', ofPrediction,
      run('predicts with models of LightGBM, to the same files:'),
      ['predict_raw_score', 'predict_leaf_index']),
    elsewhere('`start_iteration_predict`, `num_iteration_predict`', ofPrediction, [
      ...predictor('uses any range of iterations'),
      ...run('uses the iterations that are asked for, as far as there are any')],
    ['start_iteration_predict', 'num_iteration_predict']),
    elsewhere('contributions of features (`predict_contrib`)', ofPrediction, [
      ...testsOf('packages/model/test/predict/contributions.test.ts')(
        'has the numbers of LightGBM 4.6: regression', 'are Shapley values as they are defined'),
      ...run('predicts with models of LightGBM, to the same files:')], ['predict_contrib']),
    elsewhere('predictions that stop early (`pred_early_stop`)', ofPrediction, [
      ...testsOf('packages/model/test/predict/early-stop.test.ts')("has LightGBM's scores:"),
      ...run('stops predictions early where LightGBM does, and says where not'),
      ...testsOf('packages/cluster/test/node/coordinator/prediction.test.ts')(
        'leaves out trees of rows that are decided')],
    ['pred_early_stop', 'pred_early_stop_freq', 'pred_early_stop_margin']),
    refused('rows with other columns (`predict_disable_shape_check`)',
      ['predict_disable_shape_check'], 'columns are found by name; what is missing is an error, ' +
        'but for the last columns of LibSVM, which are 0 where no row stores them'),
    elsewhere('importance by splits and gains', 'from any model, when it is asked for',
      testsOf('packages/model/test/importance.test.ts')(
        'counts every node once, and sums every gain once'), ['saved_feature_importance_type']),
    built('text models, read', models('are of all kinds',
      ': raw scores are the same doubles in every predictor')),
    built('text models, written', [
      ...written('writes any model of ours so that it reads back with the same scores'),
      ...testsOf('test/lightgbm.test.ts')('predict in LightGBM what they predict here')]),
    built('models as JSON', testsOf('packages/model/test/format/format.test.ts')(
      'are inverse, and give equal bytes for equal models'),
    { note: 'read again, which LightGBM\'s `dump_model` is not' }),
    elsewhere('models as source code (`convert_model`)',
      '`coppice convert --format cpp`, or `javascript`; `task = convert_model` of `coppice run`', [
        ...testsOf('packages/model/test/code/code.test.ts')(
          "predicts the bits of a predictor: LightGBM's",
          'compiles, and predicts what a predictor does'),
        ...run('translates models into C++, and into JavaScript')],
      ['convert_model', 'convert_model_language']),
    built('trees as text', commands('inspect shows a summary, importances and trees')),
    built('single rows', predictor('follows the text of the format, row by row')),
    built('trees as tables, bounds of raw scores', inspected(
      "has LightGBM's table of trees:", "adds up to LightGBM's bounds over the classes of a model"),
    { note: '`Booster.treesToRows`, `scoreBounds`; `coppice inspect --table`' }),
    built('drawings of trees (`create_tree_digraph`)', inspected("is LightGBM's: tree"),
      { note: 'as the text that Graphviz draws: `Booster.treeGraph`, `coppice inspect --dot`' }),
    missing('plots of importance, metrics and values that split', ''),
  ],
}

export const files = {
  title: 'Data and commands',
  rows: [
    built('CSV, TSV', testsOf('packages/data/test/formats/csv.test.ts')(
      'agrees with a small reference for quoted fields, for any unit size',
      'separates at tabs and trims spaces')),
    built('LibSVM', testsOf('packages/data/test/formats/libsvm.test.ts')(
      'reads labels, groups and zero-based indices; absent entries are 0')),
    built('Parquet, Arrow IPC, `.npy`', testsOf('packages/data/test/node/load-dataset.test.ts')(
      'gives the same bytes for any cut of parquet into partitions and units'),
    { note: 'LightGBM: not from files' }),
    built('files beside the data: `.weight`, `.init`, `.query`, `.position`', [
      ...run('names files beside the data',
        'files beside the data that are not one line per row, or not beside all'),
      ...testsOf('packages/coppice/test/lightgbm/ranking.test.ts')(
        'train, predict and evaluate as LightGBM does')]),
    built('`header`, `label_column` and other columns by index or name', [
      ...schema('does not count the label in the indices of other columns, as LightGBM',
        'takes the prefix name:, lists in one string, and digits as an index'),
      ...run('trains as LightGBM does: indices')]),
    built('several files as one training set', inputs('expands patterns, sorted by UTF-8 bytes'),
      { note: 'LightGBM: one' }),
    built('arrays, typed arrays, Arrow tables, sparse matrices', [
      ...memory('gives the same bytes for all shapes of the same numbers'),
      ...testsOf('packages/api/test/sparse.test.ts')(
        'train to the bytes of the dense ones, evaluation sets included')]),
    built('`two_round`, `pre_partition`, `precise_float_parser`',
      resolve('lists what has no effect once, in the order of the table'),
      { note: 'accepted, without effect here' }),
    elsewhere('configuration files (`config`), tasks', '`coppice run` runs LightGBM\'s as they '
      + 'are; `--config` of `coppice train`', [
      ...run('trains as LightGBM does: binary'),
      ...text('reads key = value lines with comments, quotes, blanks and any line end')],
    ['config', 'task']),
    elsewhere('names of files as parameters', inConfiguration + '; else flags',
      run('trains as LightGBM does: regression'),
      ['data', 'valid', 'output_model', 'output_result']),
    refused('binned data in a file', ['save_binary'], 'binned as they arrive, in each training'),
    refused('parsers of one\'s own', ['parser_config_file']),
  ],
}

export const many = {
  title: 'Many machines',
  rows: [
    built('data-parallel training', [
      ...cluster('of local processes gives the bytes of one thread, early stopping and all'),
      ...workers('trains the bytes of one thread with 1, 2 and 3 workers of 1 or 2 threads')],
    { note: 'the model is that of one thread' }),
    elsewhere('machines (`num_machines`, `machines`)', '`coppice coordinator`, `coppice worker`, '
      + '`--cluster`', cluster('fits rows in memory to the bytes of a fit here, in spite of a '
      + 'lost worker'), ['num_machines', 'machines', 'machine_list_filename']),
    built('distributed prediction', testsOf('test/cluster-predict.test.ts')(
      'writes the bytes of one process:')),
    built('`tree_learner = feature`', resolve(
      'lists what has no effect once, in the order of the table'),
    { note: 'accepted: where it runs decides, and the model is the same' }),
    built('`tree_learner = voting`, `top_k`', [
      ...testsOf('packages/engine/test/training/integer-oracle.test.ts')(
        "gives the oracle's bytes: features elected by votes",
        "gives the oracle's bytes: votes, bagging, sampled features, classes"),
      ...testsOf('test/boosting.test.ts')(
        'gives the bytes of a training here: features elected by votes'),
      ...testsOf('packages/cluster/test/reduce/star-reducer.test.ts')(
        'sends a fraction of the bytes of wide data where features are elected')],
    { note: 'votes are cast by sums over groups of bins, not by workers: no model depends on who '
      + 'has which rows' }),
  ],
}
