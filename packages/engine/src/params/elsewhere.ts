import { bool, float, int, noEffect, oneOf, text, unbuilt } from './parameter.js'

/**
 * LightGBM parameters that are not parameters of a training here: files and tasks are options of
 * the command, workers are named by the cluster, prediction has arguments of its own.
 */

const commandOption = (option: string): string =>
  `it is not a training parameter here: use ${option} of the command, or the library's arguments`

const clusterOption =
  'machines join a cluster by themselves: start `coppice coordinator` and `coppice worker`, and ' +
  'train with --cluster URL (or the option cluster of train and fit)'

const codeOption =
  'a model is translated when there is one: task = convert_model of `coppice run`, or ' +
  '`coppice convert --format cpp`'

const predictOption = 'it belongs to prediction, not to training: give it to predict'

const fileRows = {
  config: unbuilt(
    text('core', '', 'Path of a configuration file.', { aliases: ['config_file'] }),
    commandOption('--config'),
  ),
  task: unbuilt(
    oneOf(
      'core',
      ['train', 'predict', 'convert_model', 'refit', 'save_binary'],
      'What the LightGBM command shall do.',
      {
        aliases: ['task_type'],
        valueAliases: {
          training: 'train',
          prediction: 'predict',
          test: 'predict',
          refit_tree: 'refit',
        },
      },
    ),
    '`coppice run` does what the task of a configuration says',
  ),
  data: unbuilt(
    text('core', '', 'Path of the training data.', {
      aliases: ['train', 'train_data', 'train_data_file', 'data_filename'],
    }),
    commandOption('--data'),
  ),
  valid: unbuilt(
    text('core', '', 'Paths of the evaluation data.', {
      aliases: [
        'test',
        'valid_data',
        'valid_data_file',
        'test_data',
        'test_data_file',
        'valid_filenames',
      ],
    }),
    commandOption('--valid'),
  ),
  input_model: unbuilt(
    text('core', '', 'Path of a model to begin with.', { aliases: ['model_input', 'model_in'] }),
    'it is not a training parameter here: use --init-model of `coppice train`, initModel of the ' +
      'library, or `coppice run`',
  ),
  output_model: unbuilt(
    text('core', 'LightGBM_model.txt', 'Path of the model file.', {
      aliases: ['model_output', 'model_out'],
    }),
    commandOption('--model'),
  ),
  saved_feature_importance_type: unbuilt(
    int('core', 0, 'Kind of importance in a LightGBM model file.', { min: 0, max: 1 }),
    'importance is computed from the model when it is asked for',
  ),
  snapshot_freq: unbuilt(
    int('core', -1, 'Save the model every this many iterations; 0 or less: never.', {
      offAtOrBelow: -1,
      aliases: ['save_period'],
    }),
    '`coppice run` takes it; elsewhere use --checkpoint and --checkpoint-every',
  ),
}

const networkRows = {
  num_machines: unbuilt(
    int('network', 1, 'Number of machines.', { above: 0, aliases: ['num_machine'] }),
    clusterOption,
  ),
  machines: unbuilt(
    text('network', '', 'Addresses of the machines.', { aliases: ['workers', 'nodes'] }),
    clusterOption,
  ),
  machine_list_filename: unbuilt(
    text('network', '', 'File with the addresses of the machines.', {
      aliases: ['machine_list_file', 'machine_list', 'mlist'],
    }),
    clusterOption,
  ),
  local_listen_port: noEffect(
    int('network', 12400, 'LightGBM: port of a worker. Workers open no port here.', {
      above: 0,
      aliases: ['local_port', 'port'],
    }),
  ),
  time_out: noEffect(int('network', 120, 'LightGBM: socket time-out in minutes.', { above: 0 })),
  gpu_platform_id: noEffect(int('network', -1, 'LightGBM: OpenCL platform.')),
  gpu_device_id: noEffect(int('network', -1, 'LightGBM: device of the platform.')),
  gpu_use_dp: noEffect(bool('network', false, 'LightGBM: double precision on a GPU.')),
  num_gpu: noEffect(int('network', 1, 'LightGBM: number of GPUs.', { above: 0 })),
}

const predictRows = {
  start_iteration_predict: unbuilt(int('predict', 0, 'First iteration to use.'), predictOption),
  num_iteration_predict: unbuilt(int('predict', -1, 'Number of iterations to use.'), predictOption),
  predict_raw_score: unbuilt(
    bool('predict', false, 'Give raw scores.', {
      aliases: ['is_predict_raw_score', 'predict_rawscore', 'raw_score'],
    }),
    predictOption,
  ),
  predict_leaf_index: unbuilt(
    bool('predict', false, 'Give leaf indices.', {
      aliases: ['is_predict_leaf_index', 'leaf_index'],
    }),
    predictOption,
  ),
  predict_contrib: unbuilt(
    bool('predict', false, 'Give SHAP values.', { aliases: ['is_predict_contrib', 'contrib'] }),
    predictOption,
  ),
  predict_disable_shape_check: unbuilt(
    bool('predict', false, 'Accept rows with another number of features.'),
    predictOption,
  ),
  pred_early_stop: unbuilt(bool('predict', false, 'Stop a row once it is decided.'), predictOption),
  pred_early_stop_freq: unbuilt(int('predict', 10, 'Trees between two checks.'), predictOption),
  pred_early_stop_margin: unbuilt(float('predict', 10, 'Margin that decides.'), predictOption),
  output_result: unbuilt(
    text('predict', 'LightGBM_predict_result.txt', 'Path of the predictions.', {
      aliases: [
        'predict_result',
        'prediction_result',
        'predict_name',
        'prediction_name',
        'pred_name',
        'name_pred',
      ],
    }),
    commandOption('--out'),
  ),
  convert_model_language: unbuilt(
    text('convert', '', 'Language to translate the model into.'),
    codeOption,
  ),
  convert_model: unbuilt(
    text('convert', 'gbdt_prediction.cpp', 'Path of the translated model.', {
      aliases: ['convert_model_file'],
    }),
    codeOption,
  ),
}

/** LightGBM parameters that other parts of the product take care of. */
export const elsewhereParameters = { ...fileRows, ...networkRows, ...predictRows }
