import { float, int, noEffect, bool, oneOf, optionalInt } from './parameter.js'

/** Threads of one process, at most: far more than machines have, far fewer than end one. */
export const THREADS_MAX = 1024

/** What to train and how the work is run. */
export const coreParameters = {
  objective: oneOf(
    'core',
    [
      'regression',
      'binary',
      'multiclass',
      'regression_l1',
      'quantile',
      'mape',
      'huber',
      'fair',
      'poisson',
      'gamma',
      'tweedie',
      'cross_entropy',
      'cross_entropy_lambda',
      'multiclassova',
      'lambdarank',
      'rank_xendcg',
      'expectile',
      'pseudo_huber',
      'log_cosh',
      'focal',
      'hinge',
      'custom',
      'multi_quantile',
      'multi_regression',
      'multi_label',
      'squared_log_error',
      'aft',
      'cox',
    ],
    'The loss to minimise: squared error, log loss of two classes or of `num_class` classes; ' +
      'absolute error (`regression_l1`), the quantile `alpha` (`quantile`), percentage error ' +
      '(`mape`); losses that are robust to outliers (`huber`, `fair`), of counts and amounts ' +
      'with predictions e^score (`poisson`, `gamma`, `tweedie`), of labels that are ' +
      'probabilities (`cross_entropy`, `cross_entropy_lambda`), of each class against the rest ' +
      '(`multiclassova`), of the order of the rows of a query (`lambdarank`, `rank_xendcg`); ' +
      'beyond LightGBM `expectile`, `pseudo_huber`, `log_cosh`, and of two classes `focal` and ' +
      '`hinge`, several quantiles (`multi_quantile`, see `quantiles`), several label columns of ' +
      'numbers (`multi_regression`) or of 0 and 1 (`multi_label`, see `num_target`), errors of ' +
      'logarithms (`squared_log_error`), times of which bounds are known (`aft`: the label ' +
      'columns `lower,upper`), hazards (`cox`: the label is the time of an event, or less 0 the ' +
      'time when the row was last seen without one; weights act on gradients, not on who was at ' +
      'risk, as in XGBoost); a loss of your own (`custom`, see `custom_objective`).',
    {
      aliases: ['objective_type', 'app', 'application', 'loss'],
      valueAliases: {
        regression_l2: 'regression',
        l2: 'regression',
        mean_squared_error: 'regression',
        mse: 'regression',
        l2_root: 'regression',
        root_mean_squared_error: 'regression',
        rmse: 'regression',
        softmax: 'multiclass',
        l1: 'regression_l1',
        mean_absolute_error: 'regression_l1',
        mae: 'regression_l1',
        mean_absolute_percentage_error: 'mape',
        multiclass_ova: 'multiclassova',
        ova: 'multiclassova',
        ovr: 'multiclassova',
        xentropy: 'cross_entropy',
        xentlambda: 'cross_entropy_lambda',
        xendcg: 'rank_xendcg',
        xe_ndcg: 'rank_xendcg',
        xe_ndcg_mart: 'rank_xendcg',
        xendcg_mart: 'rank_xendcg',
        expectileerror: 'expectile',
        'reg:expectileerror': 'expectile',
        pseudohubererror: 'pseudo_huber',
        'reg:pseudohubererror': 'pseudo_huber',
        logcosh: 'log_cosh',
        'binary:hinge': 'hinge',
        squaredlogerror: 'squared_log_error',
        'reg:squaredlogerror': 'squared_log_error',
        'survival:aft': 'aft',
        'survival:cox': 'cox',
        multi_rmse: 'multi_regression',
        multirmse: 'multi_regression',
        multilogloss: 'multi_label',
        none: 'custom',
        null: 'custom',
        na: 'custom',
      },
      unbuiltValues: [
      ],
    },
  ),
  boosting: oneOf(
    'core',
    ['gbdt', 'dart', 'rf', 'goss'],
    'The boosting mode: gradient-boosted decision trees (`gbdt`), with dropout of trees ' +
      '(`dart`: see `drop_rate`), or a random forest (`rf`), whose trees are averaged and have ' +
      'no learning rate. `goss` means `data_sample_strategy = goss`.',
    {
      aliases: ['boosting_type', 'boost'],
      valueAliases: { gbrt: 'gbdt', random_forest: 'rf' },
    },
  ),
  data_sample_strategy: oneOf(
    'core',
    ['bagging', 'goss'],
    'How rows are drawn for an iteration: at random (`bagging_fraction` and `bagging_freq`), or ' +
      'those of large gradients and a share of the others (`goss`: `top_rate` and `other_rate`; ' +
      'all rows in the first 1 / `learning_rate` iterations).',
  ),
  num_iterations: int(
    'core',
    100,
    'Number of boosting iterations. Multi-class training grows `num_class` trees in each.',
    {
      min: 0,
      aliases: [
        'num_iteration',
        'n_iter',
        'num_tree',
        'num_trees',
        'num_round',
        'num_rounds',
        'nrounds',
        'num_boost_round',
        'n_estimators',
        'max_iter',
      ],
    },
  ),
  learning_rate: float('core', 0.1, 'Factor on the values of every new tree. A value ends at ' +
    'about 1024 times the largest label, or 8192 where scores are log-odds or logarithms, and at ' +
    'less once values have added up to four times that: only trainings that diverge come near.', {
    above: 0,
    aliases: ['shrinkage_rate', 'eta'],
  }),
  num_leaves: int(
    'core',
    31,
    'Most leaves of one tree. When `max_depth` is positive and this is not given, it is ' +
      '`min(31, 2^max_depth)`; given explicitly, whichever limit comes first ends the tree.',
    { min: 2, max: 131072, aliases: ['num_leaf', 'max_leaves', 'max_leaf', 'max_leaf_nodes'] },
  ),
  grow_policy: oneOf(
    'core',
    ['leafwise', 'depthwise'],
    'Order of growth: `leafwise` splits the leaf with the largest gain first (LightGBM), ' +
      '`depthwise` finishes a level before the next. Not a LightGBM parameter.',
    {
      valueAliases: {
        lossguide: 'leafwise',
        leaf_wise: 'leafwise',
        depth_wise: 'depthwise',
      },
    },
  ),
  num_threads: int(
    'core',
    0,
    'Threads to train with; 0 or less means as many as the machine or container has cores, and ' +
      'no more than one per million values or part of a million; with several classes, whose ' +
      'trees threads grow apart, as many for each class, but then no more than classes. Below 6 ' +
      'million values one core is left to the compiler of Node 20 and 22, unless the process is ' +
      'there to train (the command, `dedicateProcess`). The model is the same for any number.',
    {
      max: THREADS_MAX,
      affectsModel: false,
      offAtOrBelow: 0,
      aliases: ['num_thread', 'nthread', 'nthreads', 'n_jobs'],
    },
  ),
  speculation: int(
    'core',
    0,
    'Leaf expansions kept outstanding at once; 0 chooses by the number of threads and workers. ' +
      'Changes the time, never the model. Not a LightGBM parameter.',
    { min: 0, max: 1024, affectsModel: false },
  ),
  max_memory_mb: int(
    'core',
    0,
    'Most memory the training may use, in MiB; 0 means the limit of the container or machine. ' +
      'Refused on clusters, whose workers have limits of their own. Not a LightGBM parameter.',
    { min: 0, affectsModel: false },
  ),
  seed: optionalInt(
    'core',
    'Derives `data_random_seed`, `bagging_seed` and `feature_fraction_seed` where they are ' +
      'not given, to the same numbers as LightGBM. The model file holds the derived seeds.',
    { affectsModel: false, aliases: ['random_seed', 'random_state'] },
  ),
  tree_learner: oneOf(
    'core',
    ['serial', 'feature', 'data', 'voting'],
    'Whether training is distributed is decided by where it runs; `serial`, `feature` and ' +
      '`data` are the same here. `voting` is an approximation for wide data on clusters: of ' +
      'each leaf sums over groups of bins say which `2 * top_k` features are looked at, and ' +
      'only of those the sums of all bins are sent.',
    {
      omittedAtDefault: true,
      aliases: ['tree', 'tree_type', 'tree_learner_type'],
      valueAliases: {
        feature_parallel: 'feature',
        data_parallel: 'data',
        voting_parallel: 'voting',
      },
    },
  ),
  device_type: noEffect(
    oneOf('core', ['cpu'], 'Where histograms are built.', {
      aliases: ['device'],
      unbuiltValues: ['gpu', 'cuda'],
    }),
  ),
  deterministic: noEffect(
    bool('core', false, 'Training is always deterministic, for any number of threads or workers.'),
  ),
}
