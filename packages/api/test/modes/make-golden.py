"""Makes lightgbm-modes.json: short trainings of LightGBM 4.6.0 with dart, rf and goss.

Which trees are dropped and which rows are kept is drawn, and not by the same numbers as here. So
every case leaves nothing to the draw: all trees are dropped, or none; all features are taken
(0.99 of 5 rounds to 5), so that a forest needs no bag; the rows that GOSS would draw from are all
kept, or have no weight. Where hessians differ between rows, leaves are kept large by
min_sum_hessian_in_leaf: LightGBM estimates counts of rows from hessians. Dart starts from 0: there
the base score is part of the first tree, and dropped and scaled with it.

Run from the repository's root: .venv/bin/python packages/api/test/modes/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(5)
ROWS = 300
X = rng.integers(0, 10, size=(ROWS, 5)).astype(float)
X[:, 4] = np.round(rng.standard_normal(ROWS), 1)
X[rng.random(ROWS) < 0.1, 1] = np.nan
signal = (np.sin(X[:, 0] / 2) + X[:, 0] / 6 + np.where(X[:, 2] > 5, 0.8, -0.4)
          - 0.1 * np.nan_to_num(X[:, 1], nan=12) + 0.3 * X[:, 4] * (X[:, 3] > 5))
noisy = signal + 0.5 * rng.standard_normal(ROWS)
LABELS = {
    'number': np.round(noisy, 2),
    'class': (noisy > np.median(noisy)).astype(float),
    'grade': np.digitize(noisy, np.quantile(noisy, [0.3, 0.7])).astype(float),
    'count': np.floor(np.exp(noisy / 2)),
}
WEIGHTS = {'some': np.round(rng.uniform(0.5, 2, ROWS), 2),
           # GOSS keeps the first half whatever their gradients are
           'half': np.where(np.arange(ROWS) % 2 == 0, 1.0, 0.0)}

DART = {'boosting': 'dart', 'skip_drop': 0, 'drop_rate': 1, 'boost_from_average': False}
FOREST = {'boosting': 'rf', 'feature_fraction': 0.99}
GOSS = {'data_sample_strategy': 'goss', 'learning_rate': 0.5}
LARGE = {'min_data_in_leaf': 0, 'min_sum_hessian_in_leaf': 2}
NUMBER = ('number', None, {'objective': 'regression', 'min_data_in_leaf': 5})
CLASS = ('class', None, {'objective': 'binary', **LARGE})
GRADE = ('grade', None, {'objective': 'multiclass', 'num_class': 3, **LARGE})
COUNT = ('count', None, {'objective': 'poisson', **LARGE})
ABSOLUTE = ('number', None, {'objective': 'regression_l1', 'min_data_in_leaf': 5})

QUANTILE = ('number', None, {'objective': 'quantile', 'alpha': 0.3, 'min_data_in_leaf': 5})
RELATIVE = ('count', None, {'objective': 'mape', 'min_data_in_leaf': 5})


def case(of, mode, weights=None, **params):
    label, _, objective = of
    return label, weights, {**objective, **mode, **params}


CASES = [
    case(NUMBER, DART),
    case(NUMBER, DART, uniform_drop=True),
    # more iterations, and what LightGBM takes for the sum of the trees' weights is below 0
    case(NUMBER, DART, xgboost_dart_mode=True, num_iterations=3),
    case(NUMBER, DART, 'some', uniform_drop=True, xgboost_dart_mode=True, learning_rate=0.3),
    case(NUMBER, {'boosting': 'dart', 'skip_drop': 1, 'drop_rate': 1}),
    case(CLASS, DART, lambda_l1=0.2),
    case(CLASS, {'boosting': 'dart', 'skip_drop': 0, 'drop_rate': 0}, 'some'),
    case(GRADE, DART, learning_rate=0.4),
    case(COUNT, DART),
    case(ABSOLUTE, DART),
    case(NUMBER, FOREST),
    case(NUMBER, FOREST, 'some', lambda_l2=3),
    case(NUMBER, FOREST, boost_from_average=False),
    case(CLASS, FOREST),
    case(CLASS, FOREST, 'some', max_delta_step=1.5),
    case(GRADE, FOREST),
    case(COUNT, FOREST),
    case(ABSOLUTE, FOREST),
    case(ABSOLUTE, FOREST, 'some', lambda_l2=2, **LARGE),
    case(ABSOLUTE, FOREST, boost_from_average=False),
    case(QUANTILE, FOREST),
    case(QUANTILE, FOREST, 'some', alpha=0.8, **LARGE),
    case(RELATIVE, FOREST),
    case(RELATIVE, FOREST, num_leaves=2),
    case(NUMBER, {'boosting': 'rf', 'data_sample_strategy': 'goss', 'top_rate': 0.5,
                  'other_rate': 0.5}, num_iterations=12),
    case(NUMBER, GOSS, top_rate=0.5, other_rate=0.5),
    case(NUMBER, GOSS, 'half', top_rate=0.5, other_rate=0.1, min_data_in_leaf=0),
    case(CLASS, GOSS, 'half', top_rate=0.5, other_rate=0.1),
    case(CLASS, GOSS, 'some', top_rate=0.3, other_rate=0.7),
    case(GRADE, GOSS, 'half', top_rate=0.5, other_rate=0.1),
    case(COUNT, GOSS, top_rate=0.2, other_rate=0.8),
    # rows are not drawn in the first 1 / learning_rate iterations
    case(CLASS, {'data_sample_strategy': 'goss', 'learning_rate': 0.16}),
]


def trained(label, weights, params):
    common = dict({'num_leaves': 8}, **params, verbosity=-1, num_threads=1, deterministic=True,
                  seed=1, min_data_in_bin=1)
    rows = lgb.Dataset(X, LABELS[label], weight=None if weights is None else WEIGHTS[weights],
                       params=common)
    booster = lgb.train(common, rows, params.get('num_iterations', 6))
    scores = booster.predict(X, raw_score=True).reshape(ROWS, -1)
    return {
        'label': label, 'weights': weights, 'params': params,
        'nLeaves': [tree['num_leaves'] for tree in booster.dump_model()['tree_info']],
        'sums': [round(value, 7) for value in scores.sum(axis=0).tolist()],
        'scores': [round(value, 8) for value in scores[:24].ravel().tolist()],
    }


golden = {
    'lightgbm': lgb.__version__,
    'X': [[None if np.isnan(value) else value for value in row] for row in X.tolist()],
    'labels': {name: values.tolist() for name, values in LABELS.items()},
    'weights': {name: values.tolist() for name, values in WEIGHTS.items()},
    'cases': [trained(*each) for each in CASES],
}
path = pathlib.Path(__file__).with_name('lightgbm-modes.json')
path.write_text('{\n' + ',\n'.join(
    f'"{key}": ' + (('[\n' + ',\n'.join(json.dumps(each) for each in value) + '\n]')
                    if key == 'cases' else json.dumps(value))
    for key, value in golden.items()) + '\n}\n')
