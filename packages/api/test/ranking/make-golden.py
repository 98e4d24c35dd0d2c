"""Makes lightgbm-ranking.json: short trainings of LightGBM 4.6.0 with objectives of rankings.

Run from the repository's root: .venv/bin/python packages/api/test/ranking/make-golden.py
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(12)
# queries of 1 to 40 rows, some without any relevant row
sizes = np.concatenate([rng.integers(1, 41, size=34), [1, 1, 2, 3]])
ROWS = int(sizes.sum())
X = rng.integers(0, 12, size=(ROWS, 4)).astype(float)
signal = (X[:, 0] - 6) / 3 + np.where(X[:, 1] > 7, 1.0, -0.3) + rng.standard_normal(ROWS)
labels = np.digitize(signal, [-0.5, 0.8, 1.8, 3.0]).astype(float)
starts = np.concatenate([[0], np.cumsum(sizes)])
for q in (3, 9, len(sizes) - 1):
    labels[starts[q]:starts[q + 1]] = 0
weight = np.round(rng.uniform(0.2, 2, ROWS), 2)

CASES = [
    {'objective': 'lambdarank'},
    {'objective': 'lambdarank', 'lambdarank_norm': False},
    {'objective': 'lambdarank', 'lambdarank_truncation_level': 3, 'sigmoid': 2.0},
    {'objective': 'lambdarank', 'label_gain': [0, 1, 2, 4, 4.5]},
]


def trained(params, weights):
    common = dict(params, num_leaves=6, min_data_in_leaf=1, min_sum_hessian_in_leaf=1e-3,
                  min_data_in_bin=1, verbosity=-1, num_threads=1, deterministic=True,
                  metric=['ndcg', 'map'], eval_at=[1, 3, 10])
    data = lgb.Dataset(X, labels, weight=weights, group=sizes, params={'min_data_in_bin': 1})
    seen = {}
    booster = lgb.train(common, data, 8, valid_sets=[data], valid_names=['train'],
                        callbacks=[lgb.record_evaluation(seen)])
    first = booster.dump_model()['tree_info'][0]['tree_structure']
    return {
        'params': params, 'weighted': weights is not None,
        'rootFeature': first['split_feature'], 'rootThreshold': first['threshold'],
        'predictions': [float(f'{value:.9g}') for value in booster.predict(X[:60])],
        'metrics': {name: [float(f'{value:.12g}') for value in values]
                    for name, values in seen['train'].items()},
    }


golden = {
    'lightgbm': lgb.__version__,
    'X': X.astype(int).tolist(), 'weight': weight.tolist(), 'labels': labels.astype(int).tolist(),
    'group': sizes.tolist(),
    'cases': [trained(params, weights) for params in CASES for weights in (None, weight)],
}
path = pathlib.Path(__file__).with_name('lightgbm-ranking.json')
path.write_text('{\n' + ',\n'.join(
    f'"{key}": ' + (('[\n' + ',\n'.join(json.dumps(case) for case in value) + '\n]')
                    if key == 'cases' else json.dumps(value))
    for key, value in golden.items()) + '\n}\n')
