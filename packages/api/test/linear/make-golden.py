"""Makes lightgbm-linear.json: short trainings of LightGBM 4.6.0 with linear leaves.

Values are multiples of 1/64, which LightGBM's float32 holds exactly. Left out is where LightGBM
differs by mistake: with missing values it counts the rows of a leaf that have all values once per
leaf of the tree, and so fits leaves with fewer of them than unknowns.

Run from the repository's root: .venv/bin/python packages/api/test/linear/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(7)
ROWS = 400
X = np.round(rng.standard_normal((ROWS, 4)) * 64) / 64
X[:, 2] = np.round(X[:, 2] * 32) + 100
X[:, 3] = rng.integers(0, 5, ROWS)
MISSING = X.copy()
MISSING[rng.random(ROWS) < 0.15, 1] = np.nan
signal = (2 * X[:, 0] + np.sin(2 * X[:, 1]) + 0.02 * (X[:, 2] - 100) * (X[:, 3] % 3)
          + 0.2 * rng.standard_normal(ROWS))
LABELS = {
    'regression': np.round(signal * 64) / 64,
    'binary': (signal > 0.2).astype(float),
    'multiclass': np.digitize(signal, [-1, 1]).astype(float),
    'poisson': np.floor(np.exp(signal / 3)),
}
WEIGHTS = 1.0 + rng.integers(0, 3, ROWS)
CASES = [
    ('plain', 'regression', {}),
    ('plain', 'regression', {'linear_lambda': 2.5, 'learning_rate': 0.3, 'lambda_l2': 1}),
    ('plain', 'regression', {'num_leaves': 3}),
    ('missing', 'regression', {'num_leaves': 5}),
    ('missing', 'regression', {'num_leaves': 5, 'use_missing': False}),
    ('plain', 'regression', {'categorical_feature': [3], 'min_data_per_group': 20}),
    ('plain', 'regression', {'weights': True, 'min_data_in_leaf': 1,
                             'min_sum_hessian_in_leaf': 20}),
    ('plain', 'binary', {'min_data_in_leaf': 1, 'min_sum_hessian_in_leaf': 3}),
    ('plain', 'multiclass', {'num_class': 3, 'min_data_in_leaf': 1,
                             'min_sum_hessian_in_leaf': 3}),
    ('plain', 'poisson', {'min_data_in_leaf': 1, 'min_sum_hessian_in_leaf': 10}),
    ('plain', 'regression', {'boosting': 'rf', 'feature_fraction': 0.99, 'num_leaves': 6}),
    ('plain', 'regression', {'boosting': 'dart', 'drop_rate': 0}),
]


def trained(data, label, params):
    values = {'plain': X, 'missing': MISSING}[data]
    common = dict({'num_leaves': 8, 'min_data_in_leaf': 20, 'min_data_in_bin': 1}, **params,
                  objective=label, linear_tree=True, verbosity=-1, num_threads=1,
                  deterministic=True, seed=1)
    weights = WEIGHTS if common.pop('weights', False) else None
    categorical = common.pop('categorical_feature', [])
    booster = lgb.train(common, lgb.Dataset(
        values, LABELS[label], weight=weights, categorical_feature=categorical, params=common), 6)
    predicted = booster.predict(values, raw_score=True).reshape(ROWS, -1)
    return {
        'data': data, 'label': label, 'params': params,
        'nLeaves': [tree['num_leaves'] for tree in booster.dump_model()['tree_info']],
        'raw': [[round(value, 9) for value in row] for row in predicted[:40].tolist()],
        'mean': predicted.mean(axis=0).tolist(),
        'square': (predicted ** 2).mean(axis=0).tolist(),
    }


golden = {
    'lightgbm': lgb.__version__,
    'X': X.tolist(),
    'missing': [None if np.isnan(value) else value for value in MISSING[:, 1]],
    'labels': {name: values.tolist() for name, values in LABELS.items()},
    'weights': WEIGHTS.tolist(),
    'cases': [trained(*case) for case in CASES],
}
path = pathlib.Path(__file__).with_name('lightgbm-linear.json')
path.write_text('{\n' + ',\n'.join(
    f'"{key}": ' + (('[\n' + ',\n'.join(json.dumps(case) for case in value) + '\n]')
                    if key == 'cases' else json.dumps(value))
    for key, value in golden.items()) + '\n}\n')
