"""Makes lightgbm-objectives.json: short trainings of LightGBM 4.6.0 with its objectives and metrics.

Run from the repository's root: .venv/bin/python packages/api/test/objectives/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(6)
ROWS = 160
X = rng.integers(0, 9, size=(ROWS, 3)).astype(float)
signal = (X[:, 0] - 4) / 4 + np.where(X[:, 1] > 5, 0.7, -0.4)
labels = {
    'number': np.round(signal * 3 + rng.standard_normal(ROWS) * 2, 2),
    'count': rng.poisson(np.exp(signal)).astype(float),
    'amount': np.round(np.exp(signal) * rng.gamma(2, 0.5, ROWS) + 0.01, 2),
    'share': np.round(1 / (1 + np.exp(-signal - rng.standard_normal(ROWS))), 2),
    'class': np.digitize(signal + rng.standard_normal(ROWS), [-0.6, 0.6]).astype(float),
    'binary': (signal + rng.standard_normal(ROWS) > 0).astype(float),
}
weight = np.round(rng.uniform(0.2, 2, ROWS), 2)

NUMBER = ['l2', 'rmse', 'l1', 'quantile', 'mape', 'huber', 'fair']
CASES = [
    ('number', {'objective': 'regression', 'reg_sqrt': True}, NUMBER),
    ('number', {'objective': 'huber', 'alpha': 0.8}, NUMBER),
    ('number', {'objective': 'fair', 'fair_c': 0.8}, NUMBER),
    ('count', {'objective': 'poisson'}, ['poisson', 'tweedie'] + NUMBER),
    ('count', {'objective': 'poisson', 'poisson_max_delta_step': 0.2}, ['poisson']),
    ('amount', {'objective': 'gamma'}, ['gamma', 'gamma_deviance', 'poisson', 'tweedie', 'l2']),
    ('count', {'objective': 'tweedie'}, ['tweedie', 'poisson', 'l2']),
    ('count', {'objective': 'tweedie', 'tweedie_variance_power': 1.2}, ['tweedie', 'rmse']),
    ('share', {'objective': 'cross_entropy'}, ['cross_entropy', 'kullback_leibler']),
    ('share', {'objective': 'cross_entropy_lambda'}, ['cross_entropy_lambda']),
    ('class', {'objective': 'multiclassova', 'num_class': 3}, ['multi_logloss', 'multi_error']),
    ('class', {'objective': 'multiclassova', 'num_class': 3, 'sigmoid': 1.5, 'is_unbalance': True},
     ['multi_logloss']),
    ('binary', {'objective': 'binary'},
     ['average_precision', 'auc', 'cross_entropy', 'kullback_leibler', 'binary_logloss']),
]


def trained(label, params, metrics, weights):
    common = dict(params, num_leaves=5, min_data_in_leaf=0, min_sum_hessian_in_leaf=1e-3,
                  min_data_in_bin=1, verbosity=-1, num_threads=1, deterministic=True)
    data = lgb.Dataset(X, labels[label], weight=weights, params={'min_data_in_bin': 1})
    seen = {}
    booster = lgb.train(dict(common, metric=metrics), data, 4, valid_sets=[data],
                        valid_names=['train'], callbacks=[lgb.record_evaluation(seen)])
    first = booster.dump_model()['tree_info'][0]['tree_structure']
    return {
        'label': label, 'params': params, 'weighted': weights is not None,
        'rootFeature': first['split_feature'], 'rootThreshold': first['threshold'],
        # the scores of a model of no use: what LightGBM starts from
        'baseScores': np.atleast_2d(lgb.train(
            dict(common, learning_rate=1e-12),
            lgb.Dataset(X, labels[label], weight=weights, params={'min_data_in_bin': 1}), 1)
            .predict(X[:1], raw_score=True))[0].tolist(),
        'predictions': booster.predict(X[:12]).tolist(),
        'metrics': {name: values[-1] for name, values in seen['train'].items()},
    }


golden = {
    'lightgbm': lgb.__version__,
    'X': X.astype(int).tolist(), 'weight': weight.tolist(),
    'labels': {name: values.tolist() for name, values in labels.items()},
    'cases': [trained(*case, weights) for case in CASES for weights in (None, weight)],
}
path = pathlib.Path(__file__).with_name('lightgbm-objectives.json')
path.write_text('{\n' + ',\n'.join(
    f'"{key}": ' + (('[\n' + ',\n'.join(json.dumps(case) for case in value) + '\n]')
                    if key == 'cases' else json.dumps(value))
    for key, value in golden.items()) + '\n}\n')
